// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.rings;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs {@link RingBenchmark} in rounds, ring and Agrona by turns, each in a JVM of its own, and prints the median of the
 * rounds' ratios: what the machine does meanwhile hits both.
 */
public final class RingComparison {
    private static final TimeValue ITERATION = TimeValue.milliseconds(400);

    private RingComparison() {}

    /** @param arguments how many rounds */
    public static void main(String[] arguments) throws RunnerException {
        int rounds = Integer.parseInt(arguments[0]);
        compare("throughput", "message", RingBenchmark.MESSAGES, rounds);
        compare("roundTrip", "round trip", RingBenchmark.ROUND_TRIPS, rounds);
    }

    private static void compare(String benchmark, String operation, int operations, int rounds) throws RunnerException {
        List<Double> ring = new ArrayList<>();
        List<Double> agrona = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            ring.add(measure(benchmark, "ring") / operations);
            agrona.add(measure(benchmark, "agrona") / operations);
            ratios.add(agrona.getLast() / ring.getLast());
        }
        print(
                "%-10s  ring %6.1f ns a %s, Agrona %6.1f ns; speed of the ring / speed of Agrona: median %.2f, %.2f to %.2f",
                benchmark,
                median(ring),
                operation,
                median(agrona),
                median(ratios),
                Collections.min(ratios),
                Collections.max(ratios));
    }

    /**
     * Nanoseconds an invocation, the fastest tenth's slowest: on a quiet machine near the median, and on others one in
     * which both threads had a core.
     */
    private static double measure(String benchmark, String transport) throws RunnerException {
        Collection<RunResult> results = new Runner(new OptionsBuilder()
                        .include("\\." + RingBenchmark.class.getSimpleName() + "\\." + benchmark + "$")
                        .param("transport", transport)
                        .forks(1)
                        .warmupIterations(3)
                        .warmupTime(ITERATION)
                        .measurementIterations(7)
                        .measurementTime(ITERATION)
                        .verbosity(VerboseMode.SILENT)
                        .shouldFailOnError(true)
                        .build())
                .run();
        return results.iterator().next().getPrimaryResult().getStatistics().getPercentile(10);
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int half = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(half) : (sorted.get(half - 1) + sorted.get(half)) / 2;
    }

    private static void print(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }
}
