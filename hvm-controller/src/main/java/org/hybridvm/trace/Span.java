// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.trace;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A time in which something was done, as OpenTelemetry has it.
 *
 * @param parent the span that it is part of, empty for the first of a trace
 * @param attributes values: numbers, text
 */
record Span(
        String name,
        String traceId,
        String spanId,
        Optional<String> parent,
        Instant start,
        Instant end,
        Map<String, Object> attributes,
        boolean failed) {
    private static final int INTERNAL = 1;
    private static final int OK = 1;
    private static final int ERROR = 2;

    /** After OTLP's JSON mapping: times as text, ids as hexadecimal digits. */
    Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("traceId", traceId);
        json.put("spanId", spanId);
        parent.ifPresent(id -> json.put("parentSpanId", id));
        json.put("name", name);
        json.put("kind", INTERNAL);
        json.put("startTimeUnixNano", nanoseconds(start));
        json.put("endTimeUnixNano", nanoseconds(end));
        json.put("attributes", attributes(attributes));
        json.put("status", Map.of("code", failed ? ERROR : OK));
        return json;
    }

    static List<Map<String, Object>> attributes(Map<String, Object> values) {
        var attributes = new ArrayList<Map<String, Object>>();
        values.forEach((key, value) -> attributes.add(Map.of(
                "key",
                key,
                "value",
                value instanceof Number number
                        ? Map.of("intValue", Long.toString(number.longValue()))
                        : Map.of("stringValue", value.toString()))));
        return attributes;
    }

    private static String nanoseconds(Instant time) {
        return Long.toString(TimeUnit.SECONDS.toNanos(time.getEpochSecond()) + time.getNano());
    }
}
