// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.hybridvm.JsonObject;

/**
 * The picture of a noise measurement. A column for each core, a row for each measure; in each of the fields time runs
 * to the right, and the histogram beside it has the same vertical axis. All columns have the same axes.
 */
final class NoisePlot {
    private static final int WIDTH = 1280;
    private static final int HEIGHT = 784;
    private static final int LEFT = 84;
    private static final int COLUMN = 600;
    private static final int SERIES = 370;
    private static final int HISTOGRAM = 120;
    private static final int GAP = 24;
    private static final int FIRST_ROW = 112;
    private static final int ROW = 338;
    private static final int FIELD = 234;

    private static final int BINS_PER_DECADE = 8;
    private static final double FLOOR_NS = 100; // of the quanta: a logarithmic axis has no zero

    private static final String INK = "#1f2933";
    private static final String PALE = "#5f6b7a";
    private static final String GRID = "#e4e8ee";
    private static final String FRAME = "#9aa5b1";
    private static final String HRT = "#0b6bcb";
    private static final String LINUX = "#c2410c";

    private final JsonObject answer;
    private final List<Core> cores;
    private final Svg svg;

    private NoisePlot(JsonObject answer) {
        this.answer = answer;
        this.cores = answer.objects("cores").stream().map(Core::new).toList();
        this.svg = new Svg(Math.max(WIDTH, LEFT + COLUMN * cores.size() - 4), HEIGHT, heading());
    }

    /** The picture as SVG text. @param answer what {@code POST /v1/bench/noise} answers */
    static String of(JsonObject answer) {
        return new NoisePlot(answer).draw();
    }

    /** What one core measured. */
    private record Core(JsonObject facts) {
        double[] quanta() {
            return facts.object("fwq").decimals("samples_ns");
        }

        double[] detours() {
            return facts.object("detours").decimals("length_ns");
        }

        double[] detoursAt() {
            return Arrays.stream(facts.object("detours").decimals("at_us"))
                    .map(microseconds -> microseconds / 1e6)
                    .toArray();
        }

        double[] histogram() {
            return facts.object("detours").decimals("histogram");
        }

        String colour() {
            return facts.text("kind").equals("hrt") ? HRT : LINUX;
        }
    }

    /** Values from {@code low} to {@code high} on pixels from {@code from} to {@code to}. */
    private record Axis(boolean logarithmic, double low, double high, double from, double to) {
        double at(double value) {
            double inside = Math.clamp(value, low, high);
            double share = logarithmic ? Math.log(inside / low) / Math.log(high / low) : (inside - low) / (high - low);
            return from + share * (to - from);
        }

        double[] at(double[] values) {
            return Arrays.stream(values).map(this::at).toArray();
        }

        /** The same values elsewhere. */
        Axis between(double newFrom, double newTo) {
            return new Axis(logarithmic, low, high, newFrom, newTo);
        }
    }

    private String heading() {
        return "Noise on VM %s, acceleration %s".formatted(answer.text("vm"), answer.text("acceleration", "unknown"));
    }

    private String draw() {
        svg.title(LEFT, 34, 20, INK, heading());
        svg.label(
                LEFT,
                56,
                Svg.Anchor.START,
                13,
                PALE,
                "HRT core and Linux core of one virtual machine, measured at the same time, %d s for each measure; the same axes left and right"
                        .formatted(answer.number("seconds")));
        Axis extra = decades(FLOOR_NS, cores.stream().flatMap(core -> Stream.of(extra(core))));
        Axis length =
                decades(answer.decimal("threshold_ns"), cores.stream().flatMap(core -> Stream.of(core.detours())));
        Axis time = time(answer.number("seconds"));
        Axis quantaCount = counts(cores.stream().map(core -> bins(extra(core), extra)));
        Axis detourCount = counts(cores.stream().map(Core::histogram));
        for (int i = 0; i < cores.size(); i++) {
            Core core = cores.get(i);
            int left = LEFT + i * COLUMN;
            svg.title(left, 92, 16, core.colour(), coreName(core));
            quanta(core, left, extra, time, quantaCount);
            detours(core, left, length, time, detourCount);
        }
        return svg.toString();
    }

    private static String coreName(Core core) {
        return "%s core (partition %s, CPU %d): %d interrupts taken"
                .formatted(
                        core.facts().text("kind").equals("hrt") ? "HRT" : "Linux",
                        core.facts().text("partition"),
                        core.facts().number("cpu"),
                        core.facts().number("interrupts"));
    }

    private void quanta(Core core, int left, Axis extra, Axis time, Axis count) {
        JsonObject facts = core.facts().object("fwq");
        double[] at = core.quanta();
        double passed = 0;
        for (int i = 0; i < at.length; i++) {
            passed += at[i] / 1e9;
            at[i] = passed;
        }
        var field = new Field(left, FIRST_ROW, extra, time, count, core.colour());
        field.caption(
                "Fixed work of %s: time beyond the fastest quantum".formatted(unit(answer.decimal("quantum_ns"))),
                "median %s, p99 %s, longest %s, spread %s"
                        .formatted(
                                unit(facts.decimal("median_ns")),
                                unit(facts.decimal("p99_ns")),
                                unit(facts.decimal("max_ns")),
                                Figure.percent(facts.decimal("spread"))));
        field.axes("quanta");
        field.bars(bins(extra(core), extra), extra.low(), Math.pow(10, 1.0 / BINS_PER_DECADE));
        field.dots(at, extra(core));
    }

    private void detours(Core core, int left, Axis length, Axis time, Axis count) {
        JsonObject facts = core.facts().object("detours");
        double threshold = answer.decimal("threshold_ns");
        double shown = facts.decimal("shown_from_ns");
        var field = new Field(left, FIRST_ROW + ROW, length, time, count, core.colour());
        field.caption(
                "Detours: gaps above %s in a loop that only reads the clock".formatted(unit(threshold))
                        + (shown > threshold * 1.5 ? " (dots: from %s)".formatted(unit(shown)) : ""),
                "%d detours, longest %s, %s of the time lost"
                        .formatted(
                                facts.number("count"),
                                unit(facts.decimal("max_ns")),
                                Figure.percent(facts.decimal("lost"))));
        field.axes("detours");
        field.bars(core.histogram(), threshold, 2);
        field.dots(core.detoursAt(), core.detours());
    }

    /** One measure of one core: series and histogram. */
    private final class Field {
        private final int left;
        private final int top;
        private final Axis y;
        private final Axis x;
        private final Axis count;
        private final String colour;

        private Field(int left, int top, Axis y, Axis x, Axis count, String colour) {
            this.left = left;
            this.top = top + 44;
            this.y = y.between(this.top + FIELD, this.top);
            this.x = x.between(left, left + SERIES);
            this.count = count.between(left + SERIES + GAP, left + SERIES + GAP + HISTOGRAM);
            this.colour = colour;
        }

        private void caption(String what, String figures) {
            svg.label(left, top - 28, Svg.Anchor.START, 13, INK, what);
            svg.label(left, top - 10, Svg.Anchor.START, 13, colour, figures);
        }

        private void axes(String counted) {
            int bottom = top + FIELD;
            for (double value = y.low(); value <= y.high() * 1.01; value *= 10) {
                svg.line(x.from(), y.at(value), x.to(), y.at(value), GRID);
                svg.line(count.from(), y.at(value), count.to(), y.at(value), GRID);
                svg.label(left - 8, y.at(value) + 4, Svg.Anchor.END, 12, PALE, unit(value));
            }
            double step = step(x.high());
            for (double value = 0; value <= x.high() * 1.001; value += step) {
                svg.line(x.at(value), top, x.at(value), bottom, GRID);
                svg.label(x.at(value), bottom + 17, Svg.Anchor.MIDDLE, 12, PALE, seconds(value));
            }
            double power = Math.log10(count.high()) > 3.5 ? 100 : 10;
            for (double value = 1; value <= count.high() * 1.01; value *= power) {
                svg.line(count.at(value), top, count.at(value), bottom, GRID);
                svg.label(count.at(value), bottom + 17, Svg.Anchor.MIDDLE, 12, PALE, thousands(value));
            }
            svg.label((x.from() + x.to()) / 2, bottom + 36, Svg.Anchor.MIDDLE, 12, PALE, "time in the measurement");
            svg.label(
                    (count.from() + count.to()) / 2, bottom + 36, Svg.Anchor.MIDDLE, 12, PALE, "number of " + counted);
            svg.line(x.from(), bottom, x.to(), bottom, FRAME);
            svg.line(x.from(), top, x.from(), bottom, FRAME);
            svg.line(count.from(), bottom, count.to(), bottom, FRAME);
            svg.line(count.from(), top, count.from(), bottom, FRAME);
        }

        private void dots(double[] time, double[] values) {
            svg.dots(x.at(time), y.at(values), colour);
        }

        /** Bar i is of the values from {@code low * factor^i} on; the first has all below it too. */
        private void bars(double[] counts, double low, double factor) {
            for (int i = 0; i < counts.length; i++) {
                double lower = y.at(low * Math.pow(factor, i));
                double upper = y.at(low * Math.pow(factor, i + 1.0));
                if (counts[i] > 0 && lower > upper) {
                    // A single one is seen too.
                    double width = Math.max(2, count.at(counts[i]) - count.from());
                    svg.rectangle(count.from(), upper + 0.5, width, Math.max(1, lower - upper - 1), colour);
                }
            }
        }
    }

    private double[] extra(Core core) {
        double fastest = cores.stream()
                .flatMapToDouble(one -> Arrays.stream(one.quanta()))
                .min()
                .orElse(0);
        return Arrays.stream(core.quanta()).map(quantum -> quantum - fastest).toArray();
    }

    /** How many values are in each bin of the axis; those below it are in the first. */
    private static double[] bins(double[] values, Axis axis) {
        var counts = new double[(int) Math.round(Math.log10(axis.high() / axis.low()) * BINS_PER_DECADE)];
        for (double value : values) {
            int bin = (int) (Math.log10(Math.max(value, axis.low()) / axis.low()) * BINS_PER_DECADE);
            counts[Math.min(bin, counts.length - 1)]++;
        }
        return counts;
    }

    /** From {@code low} to the power of ten that is above all values, and not below 100 times low. */
    private static Axis decades(double low, Stream<double[]> series) {
        double most = series.flatMapToDouble(Arrays::stream).max().orElse(0);
        double high = low * 100;
        while (high < most) {
            high *= 10;
        }
        return new Axis(true, low, high, 0, 1);
    }

    private static Axis counts(Stream<double[]> histograms) {
        double most = histograms.flatMapToDouble(Arrays::stream).max().orElse(0);
        double high = 10;
        while (high < most) {
            high *= 10;
        }
        return new Axis(true, 0.8, high, 0, 1);
    }

    private static Axis time(double seconds) {
        return new Axis(false, 0, Math.max(seconds, 0.001), 0, 1);
    }

    /** Between marks, so that there are at most six. */
    private static double step(double high) {
        double step = Math.pow(10, Math.floor(Math.log10(high)) - 1);
        for (double factor : new double[] {1, 2, 5, 10, 20}) {
            if (high / (step * factor) <= 6) {
                return step * factor;
            }
        }
        return high;
    }

    private static String unit(double nanoseconds) {
        return Figure.time(nanoseconds).replace(" us", " µs").replaceAll("\\.0+ ", " ");
    }

    private static String seconds(double value) {
        return String.format(Locale.ROOT, "%.3f", value).replaceAll("\\.?0+$", "") + " s";
    }

    private static String thousands(double count) {
        return count < 1000
                ? "%.0f".formatted(count)
                : count < 1e6 ? "%.0fk".formatted(count / 1e3) : "%.0fM".formatted(count / 1e6);
    }
}
