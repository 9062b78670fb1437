// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.metrics;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What hvmd tells Prometheus. Durations are counted where they pass ({@link Histogram}); all else is looked up when
 * somebody asks, so that it costs nothing meanwhile. Thread-safe.
 *
 * <p>Written here rather than by Micrometer: docs/sight.md has the figures of both.
 */
public final class Metrics {
    private static final Logger LOG = LoggerFactory.getLogger(Metrics.class);

    /** Looks something up at each request; may block for a short time. */
    public interface Source {
        List<Family> collect();
    }

    private final Map<String, Histogram> histograms = new ConcurrentSkipListMap<>();
    private final List<Source> sources = new CopyOnWriteArrayList<>();

    /** A histogram of durations; the same for the same name. */
    public Histogram durations(String name, String help, String... labels) {
        return histograms.computeIfAbsent(name, absent -> new Histogram(name, help, Histogram.SHORT, List.of(labels)));
    }

    public void add(Source source) {
        sources.add(source);
    }

    /** All there is now. A source that fails is left out and named in the log. Blocks. */
    public List<Family> collect() {
        var families = new ArrayList<Family>();
        histograms.values().forEach(histogram -> families.add(histogram.collect()));
        for (Source source : sources) {
            try {
                families.addAll(source.collect());
            } catch (RuntimeException e) {
                LOG.warn("metrics left out reason={}", e.getMessage());
            }
        }
        return families;
    }
}
