// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.metrics;

import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;

/** Metrics as text: Prometheus' format 0.0.4, or OpenMetrics 1.0, which differs in its counters' names and its end. */
public enum Exposition {
    PROMETHEUS("text/plain; version=0.0.4; charset=utf-8"),
    OPEN_METRICS("application/openmetrics-text; version=1.0.0; charset=utf-8");

    private static final String TOTAL = "_total";

    private final String contentType;

    Exposition(String contentType) {
        this.contentType = contentType;
    }

    /** What a request wants. @param accept its Accept header, or null */
    public static Exposition accepted(String accept) {
        return accept != null && accept.contains("application/openmetrics-text") ? OPEN_METRICS : PROMETHEUS;
    }

    public String contentType() {
        return contentType;
    }

    public String write(List<Family> families) {
        var text = new StringBuilder(16 * 1024);
        families.stream().filter(family -> !family.samples().isEmpty()).forEach(family -> write(text, family));
        if (this == OPEN_METRICS) {
            text.append("# EOF\n");
        }
        return text.toString();
    }

    /** A number as both formats read it; whole ones without a fraction. */
    static String number(double value) {
        if (Double.isNaN(value)) {
            return "NaN";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "+Inf" : "-Inf";
        }
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : new BigDecimal(Double.toString(value)).stripTrailingZeros().toPlainString();
    }

    private void write(StringBuilder text, Family family) {
        String name = this == OPEN_METRICS && family.type() == Family.Type.COUNTER
                ? family.name().substring(0, family.name().length() - TOTAL.length())
                : family.name();
        text.append("# HELP ")
                .append(name)
                .append(' ')
                .append(escape(family.help(), false))
                .append('\n');
        text.append("# TYPE ")
                .append(name)
                .append(' ')
                .append(family.type().name().toLowerCase(Locale.ROOT))
                .append('\n');
        for (Family.Sample sample : family.samples()) {
            text.append(family.name()).append(sample.suffix());
            writeLabels(text, sample.labels());
            text.append(' ').append(number(sample.value())).append('\n');
        }
    }

    private static void writeLabels(StringBuilder text, List<String> labels) {
        if (labels.isEmpty()) {
            return;
        }
        for (int i = 0; i < labels.size(); i += 2) {
            text.append(i == 0 ? '{' : ',').append(labels.get(i)).append("=\"");
            text.append(escape(labels.get(i + 1), true)).append('"');
        }
        text.append('}');
    }

    private static String escape(String text, boolean quoted) {
        String plain = text.replace("\\", "\\\\").replace("\n", "\\n");
        return quoted ? plain.replace("\"", "\\\"") : plain;
    }
}
