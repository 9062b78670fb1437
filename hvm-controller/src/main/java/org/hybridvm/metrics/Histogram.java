// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Durations by how long they were, for each set of label values one series. So many sets are kept, what comes with others
 * is counted under {@value #OTHER}: whoever makes up paths or names cannot fill our memory. Thread-safe; to observe takes a
 * short lock and no memory.
 */
public final class Histogram {
    /** Label value of what came after {@link #MAX_SERIES} sets. */
    public static final String OTHER = "other";

    static final int MAX_SERIES = 200;
    private static final double NANOS = 1e9;

    /** Bounds in seconds for what ought to take milliseconds. */
    static final double[] SHORT = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30};

    private static final class Series {
        private final long[] counts;
        private double sum;

        private Series(int buckets) {
            counts = new long[buckets];
        }
    }

    private final String name;
    private final String help;
    private final double[] bounds;
    private final List<String> labels;
    private final Map<String, List<String>> values = new TreeMap<>(); // guarded by this
    private final Map<String, Series> series = new TreeMap<>(); // guarded by this

    Histogram(String name, String help, double[] bounds, List<String> labels) {
        this.name = name;
        this.help = help;
        this.bounds = bounds.clone();
        this.labels = List.copyOf(labels);
        if (labels.isEmpty()) {
            seriesOf(); // so that it is there before the first observation
        }
    }

    /** @param labelValues one for each label */
    public synchronized void observe(long nanoseconds, String... labelValues) {
        Series one = seriesOf(labelValues);
        double seconds = nanoseconds / NANOS;
        int bucket = 0;
        while (bucket < bounds.length && seconds > bounds[bucket]) {
            bucket++;
        }
        one.counts[bucket]++;
        one.sum += seconds;
    }

    synchronized Family collect() {
        var family = new Family(name, Family.Type.HISTOGRAM, help);
        series.forEach((key, one) -> addTo(family, values.get(key), one));
        return family;
    }

    private Series seriesOf(String... labelValues) {
        if (labelValues.length != labels.size()) {
            throw new IllegalArgumentException(name + " has the labels " + labels);
        }
        String key = String.join("\0", labelValues);
        Series known = series.get(key);
        if (known != null) {
            return known;
        }
        if (series.size() >= MAX_SERIES && !Arrays.stream(labelValues).allMatch(OTHER::equals)) {
            return seriesOf(labels.stream().map(label -> OTHER).toArray(String[]::new));
        }
        values.put(key, List.of(labelValues));
        return series.computeIfAbsent(key, absent -> new Series(bounds.length + 1));
    }

    private void addTo(Family family, List<String> labelValues, Series one) {
        var pairs = new ArrayList<String>();
        for (int i = 0; i < labels.size(); i++) {
            pairs.add(labels.get(i));
            pairs.add(labelValues.get(i));
        }
        long count = 0;
        for (int i = 0; i <= bounds.length; i++) {
            count += one.counts[i];
            var withBound = new ArrayList<>(pairs);
            withBound.add("le");
            withBound.add(i < bounds.length ? Exposition.number(bounds[i]) : "+Inf");
            family.add("_bucket", count, withBound);
        }
        family.add("_sum", one.sum, pairs);
        family.add("_count", count, pairs);
    }
}
