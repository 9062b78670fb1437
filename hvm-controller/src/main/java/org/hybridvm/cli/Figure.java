// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.Locale;
import java.util.Map;

/** Measured values as people read them: three digits, and a time in the unit that suits it. */
final class Figure {
    private static final Map<String, Double> NANOSECONDS = Map.of("ns", 1.0, "us", 1e3, "ms", 1e6, "s", 1e9);

    private Figure() {}

    /** A unit that is no time stays as it is. */
    static String of(double value, String unit) {
        Double scale = NANOSECONDS.get(unit);
        return scale == null ? digits(value) + " " + unit : time(value * scale);
    }

    static String time(double nanoseconds) {
        if (nanoseconds < 1e3) {
            return digits(nanoseconds) + " ns";
        }
        if (nanoseconds < 1e6) {
            return digits(nanoseconds / 1e3) + " us";
        }
        return nanoseconds < 1e9 ? digits(nanoseconds / 1e6) + " ms" : digits(nanoseconds / 1e9) + " s";
    }

    static String percent(double fraction) {
        double percent = fraction * 100;
        return percent > 0 && percent < 0.001 ? "< 0.001 %" : digits(percent, 3) + " %";
    }

    private static String digits(double value) {
        return digits(value, 2);
    }

    private static String digits(double value, int small) {
        int decimals = value == 0 ? 0 : value < 1 ? small : value < 10 ? 2 : value < 100 ? 1 : 0;
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }
}
