// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One line of a proxy's report: a word, then {@code key=value} pairs; what has no {@code =} counts as text. The value of
 * {@code reason} goes to the end of the line.
 */
public record ReportLine(String word, Map<String, String> values, String text) {
    private static final String REASON = "reason=";

    public static ReportLine parse(String line) {
        String rest = line.strip();
        int end = rest.indexOf(' ');
        String word = end < 0 ? rest : rest.substring(0, end);
        rest = end < 0 ? "" : rest.substring(end + 1);

        var values = new LinkedHashMap<String, String>();
        int reason = rest.startsWith(REASON) ? 0 : rest.indexOf(" " + REASON) + 1;
        if (rest.startsWith(REASON, reason)) {
            values.put("reason", rest.substring(reason + REASON.length()));
            rest = rest.substring(0, reason);
        }
        var text = new StringBuilder();
        for (String part : rest.split(" ")) {
            int equals = part.indexOf('=');
            if (equals > 0) {
                values.put(part.substring(0, equals), part.substring(equals + 1));
            } else if (!part.isEmpty()) {
                text.append(text.isEmpty() ? "" : " ").append(part);
            }
        }
        return new ReportLine(word, values, text.toString());
    }

    public Optional<String> value(String key) {
        return Optional.ofNullable(values.get(key));
    }
}
