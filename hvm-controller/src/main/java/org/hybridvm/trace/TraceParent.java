// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.trace;

import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a span belongs: the W3C's {@code traceparent} (Trace Context, level 1), as a header and as an environment variable.
 *
 * @param traceId 32 hexadecimal digits, not all 0
 * @param spanId 16, not all 0
 * @param sampled whether the caller keeps the trace
 */
public record TraceParent(String traceId, String spanId, boolean sampled) {
    public static final String HEADER = "traceparent";
    public static final String VARIABLE = "TRACEPARENT";

    private static final Pattern FORM =
            Pattern.compile("(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?");
    private static final int SAMPLED = 1;

    /** Empty for what is none: the specification has it ignored. */
    public static Optional<TraceParent> parse(String text) {
        Matcher parts = FORM.matcher(text == null ? "" : text.strip());
        if (!parts.matches() || (text.startsWith("00") && parts.group(4) != null)) {
            return Optional.empty();
        }
        boolean sampled = (Integer.parseInt(parts.group(3), 16) & SAMPLED) != 0;
        return Optional.of(new TraceParent(parts.group(1), parts.group(2), sampled));
    }

    /** Of an environment, {@code NAME=VALUE}. */
    public static Optional<TraceParent> of(List<String> environment) {
        return value(environment, VARIABLE).flatMap(TraceParent::parse);
    }

    /** A trace of its own. */
    static TraceParent begin() {
        return new TraceParent(random(16), random(8), true);
    }

    /** The same trace, below another span. */
    TraceParent below(String span) {
        return new TraceParent(traceId, span, sampled);
    }

    static String random(int bytes) {
        byte[] id = new byte[bytes];
        ThreadLocalRandom.current().nextBytes(id);
        id[0] |= 1; // never all 0
        return HexFormat.of().formatHex(id);
    }

    static Optional<String> value(List<String> environment, String name) {
        return environment.stream()
                .filter(one -> one.startsWith(name + "="))
                .map(one -> one.substring(name.length() + 1))
                .findFirst();
    }

    @Override
    public String toString() {
        return "00-" + traceId + "-" + spanId + (sampled ? "-01" : "-00");
    }
}
