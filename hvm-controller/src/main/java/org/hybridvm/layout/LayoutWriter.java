// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.hybridvm.Json;

/** Writes layouts as YAML that {@link LayoutReader} takes, with every field; they are the same layouts then. */
public final class LayoutWriter {
    /** What other readers of YAML take for something else than text. */
    private static final Set<String> WORDS_WITH_MEANING =
            Set.of("true", "false", "null", "yes", "no", "on", "off", "y", "n");

    private final StringBuilder text = new StringBuilder();

    private LayoutWriter() {}

    /** One document for each layout. */
    public static String write(List<Layout> layouts) {
        return writeFields(layouts.stream().map(LayoutFields::of).toList());
    }

    /** The same of layouts as {@link LayoutFields} has them. */
    public static String writeFields(List<Map<String, Object>> layouts) {
        var writer = new LayoutWriter();
        for (Map<String, Object> layout : layouts) {
            if (!writer.text.isEmpty()) {
                writer.text.append("---\n");
            }
            writer.fields("", layout);
        }
        return writer.text.toString();
    }

    private void fields(String indent, Map<?, ?> fields) {
        fields.forEach((name, value) -> {
            text.append(indent).append(name).append(':');
            value(indent, value);
        });
    }

    private void value(String indent, Object value) {
        switch (value) {
            case Map<?, ?> object -> {
                text.append('\n');
                fields(indent + "  ", object);
            }
            case List<?> list
            when !list.isEmpty() && list.getFirst() instanceof Map -> {
                text.append('\n');
                list.forEach(element -> element(indent + "  ", (Map<?, ?>) element));
            }
            case List<?> list -> text.append(' ').append(Json.write(list)).append('\n');
            default -> text.append(' ').append(scalar(value)).append('\n');
        }
    }

    private void element(String indent, Map<?, ?> fields) {
        int start = text.length();
        fields(indent + "  ", fields);
        text.setCharAt(start + indent.length(), '-');
    }

    /** Plain where nobody can take it for anything else, else as JSON has it, which is YAML, too. */
    private static String scalar(Object value) {
        if (!(value instanceof String word)) {
            return value.toString();
        }
        boolean plain = word.matches("[a-zA-Z0-9/][a-zA-Z0-9/._-]*")
                && !word.matches("[0-9._-]+|0[xob].*|[0-9.]+e[0-9]+")
                && !WORDS_WITH_MEANING.contains(word.toLowerCase(java.util.Locale.ROOT));
        return plain ? word : Json.write(word);
    }
}
