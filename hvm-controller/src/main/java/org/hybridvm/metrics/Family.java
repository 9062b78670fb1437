// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.metrics;

import java.util.ArrayList;
import java.util.List;

/**
 * One metric with all its series, as of one look: what Prometheus calls a metric family. Used by one thread.
 *
 * <p>Names follow Prometheus' conventions: the prefix {@code hvm_}, base units (seconds, bytes), {@code _total} for what
 * only grows.
 */
public final class Family {
    /** The form of the values. */
    public enum Type {
        /** Only grows, until the process that counts begins anew; its name ends in {@code _total}. */
        COUNTER,
        GAUGE,
        HISTOGRAM
    }

    /** @param labels name, value, name, value ... */
    record Sample(String suffix, List<String> labels, double value) {}

    private final String name;
    private final Type type;
    private final String help;
    private final List<Sample> samples = new ArrayList<>();

    public Family(String name, Type type, String help) {
        if (type == Type.COUNTER != name.endsWith("_total")) {
            throw new IllegalArgumentException(name + ": counters, and only they, end in _total");
        }
        this.name = name;
        this.type = type;
        this.help = help;
    }

    /**
     * Adds a series.
     *
     * @param labels name, value, name, value ...
     */
    public Family add(double value, String... labels) {
        return add("", value, List.of(labels));
    }

    /** @param suffix what a histogram's series have behind its name */
    Family add(String suffix, double value, List<String> labels) {
        samples.add(new Sample(suffix, labels, value));
        return this;
    }

    String name() {
        return name;
    }

    Type type() {
        return type;
    }

    String help() {
        return help;
    }

    List<Sample> samples() {
        return samples;
    }
}
