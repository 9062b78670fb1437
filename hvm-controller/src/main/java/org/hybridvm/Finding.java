// SPDX-License-Identifier: Apache-2.0
package org.hybridvm;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * One mistake in a file that a person wrote. Parts that say nothing are null.
 *
 * @param file its name, as the person gave it
 * @param line from 1; 0 if the mistake is the whole file's
 * @param column from 1, in characters; 0 if the mistake is the whole file's
 * @param rule the stable name of what was not kept: words joined by hyphens
 * @param what a sentence without its full stop
 * @param field path of the field
 * @param value what was found
 * @param allowed what would have been accepted
 * @param mend what to do
 */
public record Finding(
        String file,
        int line,
        int column,
        String rule,
        String what,
        String field,
        String value,
        String allowed,
        String mend) {
    public Finding {
        Objects.requireNonNull(file, "file");
        Objects.requireNonNull(rule, "rule");
        Objects.requireNonNull(what, "what");
    }

    /** {@code file:line:column}. */
    public String place() {
        return line == 0 ? file : "%s:%d:%d".formatted(file, line, column);
    }

    /** {@code file:line:column: what [rule]}. */
    public String title() {
        return "%s: %s [%s]".formatted(place(), what, rule);
    }

    /** All of it on one line. */
    public String sentence() {
        return ErrorText.sentence(title(), value, allowed, null, mend);
    }

    public Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("file", file);
        if (line > 0) {
            json.put("line", line);
            json.put("column", column);
        }
        json.put("rule", rule);
        json.put("what", what);
        putIfSaid(json, "field", field);
        putIfSaid(json, "value", value);
        putIfSaid(json, "allowed", allowed);
        putIfSaid(json, "mend", mend);
        return json;
    }

    public static Finding fromJson(JsonObject json) {
        return new Finding(
                json.text("file"),
                (int) json.number("line", 0),
                (int) json.number("column", 0),
                json.text("rule"),
                json.text("what"),
                json.text("field", null),
                json.text("value", null),
                json.text("allowed", null),
                json.text("mend", null));
    }

    private static void putIfSaid(Map<String, Object> json, String name, String said) {
        if (said != null) {
            json.put(name, said);
        }
    }
}
