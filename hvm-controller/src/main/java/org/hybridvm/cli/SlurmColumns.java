// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/** Columns by a format of squeue(1) and sinfo(1): {@code %[[.]SIZE]MARK}, other text as it is. A dot aligns to the right. */
final class SlurmColumns {
    private static final Pattern MARK = Pattern.compile("%(\\.?)(\\d{0,4})(\\D)");

    /** What a mark stands for. */
    record Field(String header, Function<JsonObject, String> value) {}

    private record Part(String before, String align, int size, Field field) {}

    private final List<Part> parts = new ArrayList<>();
    private final String tail;

    /** @throws HvmException that names the mark which there is not */
    SlurmColumns(String format, Map<Character, Field> fields) {
        Matcher marks = MARK.matcher(format);
        int at = 0;
        while (marks.find()) {
            Field field = fields.get(marks.group(3).charAt(0));
            if (field == null) {
                throw HvmException.of(ErrorCode.INVALID_REQUEST, "The format has a mark that is not known here")
                        .value(marks.group())
                        .allowed(marks(fields))
                        .build();
            }
            int size = marks.group(2).isEmpty() ? 0 : Integer.parseInt(marks.group(2));
            parts.add(new Part(format.substring(at, marks.start()), marks.group(1), size, field));
            at = marks.end();
        }
        tail = format.substring(at);
    }

    private static String marks(Map<Character, Field> fields) {
        var words = new ArrayList<String>();
        new TreeMap<>(fields).forEach((mark, field) -> words.add("%" + mark + " " + field.header()));
        return String.join(", ", words);
    }

    String header() {
        return line(Field::header);
    }

    String row(JsonObject facts) {
        return line(field -> field.value().apply(facts));
    }

    private String line(Function<Field, String> text) {
        var line = new StringBuilder();
        for (Part part : parts) {
            line.append(part.before())
                    .append(fit(
                            text.apply(part.field()), part.size(), !part.align().isEmpty()));
        }
        return line.append(tail).toString().stripTrailing();
    }

    /** Cut or padded to the size; 0: as it is. */
    static String fit(String text, int size, boolean right) {
        if (size == 0 || text.length() == size) {
            return text;
        }
        if (text.length() > size) {
            return text.substring(0, size);
        }
        String blanks = " ".repeat(size - text.length());
        return right ? blanks + text : text + blanks;
    }
}
