// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.ToDoubleFunction;
import org.hybridvm.Json;

/** How many durable submissions an hvmd takes, and how fast it answers questions when it knows many jobs. */
final class LoadRun {
    private static final int CLIENTS = 8;
    private static final int JOBS = 10_000; // as many as are remembered
    private static final int SUBMITS = 4_000;
    private static final int WARM_UP = 1_000;
    private static final int ASKS = 1_000;
    private static final int ROUNDS = 5;
    private static final int TOO_MANY = 429;

    private final Path socket;
    private final Path folder;

    private LoadRun(Path socket, Path folder) {
        this.socket = socket;
        this.folder = folder;
    }

    /** @param arguments hvmd's socket, with a VM up; a folder that the VM sees; the file for the figures, JSON */
    public static void main(String[] arguments) throws Exception {
        Map<String, Object> figures = new LoadRun(Path.of(arguments[0]), Path.of(arguments[1])).measure();
        Files.writeString(Path.of(arguments[2]), Json.write(figures) + "\n");
        figures.forEach((name, value) -> System.out.printf("%-32s %s%n", name, value));
    }

    private Map<String, Object> measure() throws Exception {
        var figures = new LinkedHashMap<String, Object>();
        all(WARM_UP, Kind.SUBMIT);
        var rounds = new ArrayList<Times>();
        for (int round = 0; round < ROUNDS; round++) {
            rounds.add(all(SUBMITS / ROUNDS, Kind.SUBMIT));
        }
        figures.put("submit_clients", CLIENTS);
        figures.put("submits_per_second", Math.round(median(rounds, Times::perSecond)));
        figures.put("submit_p50_ms", median(rounds, round -> round.quantile(0.5)));
        figures.put("submit_p99_ms", median(rounds, round -> round.quantile(0.99)));
        all(JOBS - WARM_UP - SUBMITS, Kind.SUBMIT);
        for (Kind kind : List.of(Kind.JOB, Kind.PAGE, Kind.LIST)) {
            one(ASKS / 2, kind);
            rounds.clear();
            for (int round = 0; round < ROUNDS; round++) {
                rounds.add(one(ASKS, kind));
            }
            String name = kind.name().toLowerCase(java.util.Locale.ROOT);
            figures.put("get_" + name + "_p50_ms", median(rounds, round -> round.quantile(0.5)));
            figures.put("get_" + name + "_p99_ms", median(rounds, round -> round.quantile(0.99)));
        }
        return figures;
    }

    private enum Kind {
        SUBMIT,
        /** One job. */
        JOB,
        /** A hundred jobs, from somewhere. */
        PAGE,
        /** The last hundred that live, as hvm queue asks for them. */
        LIST
    }

    /** Of all rounds: one that somebody else's work fell into does not count. */
    private static double median(List<Times> rounds, ToDoubleFunction<Times> figure) {
        return rounds.stream().mapToDouble(figure).sorted().toArray()[rounds.size() / 2];
    }

    /** By all clients together. */
    private Times all(int count, Kind kind) throws Exception {
        try (var threads = Executors.newFixedThreadPool(CLIENTS)) {
            long start = System.nanoTime();
            var parts = new ArrayList<Future<long[]>>();
            for (int client = 0; client < CLIENTS; client++) {
                Callable<long[]> part = () -> ask(count / CLIENTS, kind);
                parts.add(threads.submit(part));
            }
            var all = new ArrayList<Long>();
            for (Future<long[]> part : parts) {
                Arrays.stream(part.get()).forEach(all::add);
            }
            return new Times(all, System.nanoTime() - start);
        }
    }

    private Times one(int count, Kind kind) throws IOException, InterruptedException {
        long start = System.nanoTime();
        List<Long> all = Arrays.stream(ask(count, kind)).boxed().toList();
        return new Times(all, System.nanoTime() - start);
    }

    private long[] ask(int count, Kind kind) throws IOException, InterruptedException {
        String body = Json.write(Map.of(
                "program", "/bin/busybox",
                "arguments", List.of("true"),
                "directory", folder.toString(),
                "environment", List.of("PATH=/usr/bin:/bin"),
                "options", Map.of("--output", "/dev/null", "--hold", "")));
        long[] times = new long[count];
        try (var connection = new Exchange(socket)) {
            for (int i = 0; i < count; i++) {
                int place = 1 + (int) ((i * 7919L) % (JOBS - 200));
                long start = System.nanoTime();
                Exchange.Answer answer = switch (kind) {
                    case SUBMIT -> connection.ask("POST", "/v1/jobs", Map.of(), body);
                    case JOB -> connection.get("/v1/jobs/" + place);
                    case PAGE -> connection.get("/v1/jobs?limit=100&cursor=" + place);
                    case LIST -> connection.get("/v1/jobs?live=true&last=100");
                };
                times[i] = System.nanoTime() - start;
                if (answer.status() == TOO_MANY) { // one caller may ask 2000 times a second
                    Thread.sleep(1000);
                    i--;
                } else if (answer.status() != 200) {
                    throw new IOException(answer.toString());
                }
            }
        }
        return times;
    }

    /** Nanoseconds of each request, and of all. */
    private record Times(List<Long> each, long all) {
        double perSecond() {
            return each.size() * 1e9 / all;
        }

        /** Milliseconds, to a hundredth. */
        double quantile(double part) {
            List<Long> sorted = each.stream().sorted().toList();
            return Math.round(sorted.get((int) Math.ceil(part * sorted.size()) - 1) / 1e4) / 100.0;
        }
    }
}
