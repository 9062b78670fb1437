// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** A mapping of a YAML document, of whose every part the line and column are known when something is wrong with it. */
final class YamlObject {
    /** A misspelt field is at most so many edits away from the one that was meant. */
    private static final int TYPING_ERROR = 3;

    private final String file;
    private final String path;
    private final Node node;
    private final Map<String, Node> fields = new LinkedHashMap<>();

    private YamlObject(String file, String path, Node node) {
        this.file = file;
        this.path = path;
        this.node = node;
    }

    /**
     * @param path where in the document, for messages: empty at the top
     * @param allowed all fields that it may have
     */
    static YamlObject of(String file, String path, Node node, List<String> allowed) {
        var object = new YamlObject(file, path, node);
        if (!(node instanceof MappingNode mapping)) {
            throw object.wrong(node, "fields are expected here")
                    .value(kind(node))
                    .allowed(String.join(", ", allowed))
                    .build();
        }
        for (NodeTuple tuple : mapping.getValue()) {
            if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                throw object.wrong(tuple.getKeyNode(), "a field's name is expected here")
                        .build();
            }
            String name = key.getValue();
            if (!allowed.contains(name)) {
                throw object.wrong(key, "unknown field")
                        .value(object.pathOf(name))
                        .allowed(String.join(", ", allowed))
                        .hint(nearest(name, allowed)
                                .map(meant -> "did you mean " + meant + "?")
                                .orElse(null))
                        .build();
            }
            if (object.fields.put(name, tuple.getValueNode()) != null) {
                throw object.wrong(key, "the field is there twice")
                        .value(object.pathOf(name))
                        .build();
            }
        }
        return object;
    }

    /** Whether the field is there and is this word. */
    boolean isText(String field, String word) {
        return fields.get(field) instanceof ScalarNode scalar
                && scalar.getValue().equals(word);
    }

    Optional<String> text(String field) {
        return Optional.ofNullable(fields.get(field)).map(value -> scalar(pathOf(field), value, "text"));
    }

    int number(String field, int fallback, int lowest, int highest) {
        Node value = fields.get(field);
        return value == null ? fallback : number(pathOf(field), value, lowest, highest);
    }

    boolean flag(String field, boolean fallback) {
        Node value = fields.get(field);
        if (value == null) {
            return fallback;
        }
        String text = scalar(pathOf(field), value, "true or false");
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default ->
                throw wrong(value, "true or false is expected")
                        .value(pathOf(field) + ": " + text)
                        .allowed("true, false")
                        .build();
        };
    }

    long size(String field, long fallback) {
        Node value = fields.get(field);
        if (value == null) {
            return fallback;
        }
        String text = scalar(pathOf(field), value, "a size");
        return ByteSize.parse(text)
                .orElseThrow(() -> wrong(value, "a size is expected")
                        .value(pathOf(field) + ": " + text)
                        .allowed("a number and a unit, e.g. 64MiB, 2GiB")
                        .build());
    }

    <E extends Enum<E>> E choice(String field, Class<E> type, E fallback) {
        Node value = fields.get(field);
        if (value == null) {
            return fallback;
        }
        String text = scalar(pathOf(field), value, "a word");
        for (E constant : type.getEnumConstants()) {
            if (word(constant).equals(text)) {
                return constant;
            }
        }
        throw wrong(value, "unknown value")
                .value(pathOf(field) + ": " + text)
                .allowed(words(type))
                .build();
    }

    Optional<YamlObject> object(String field, List<String> allowed) {
        return Optional.ofNullable(fields.get(field)).map(value -> of(file, pathOf(field), value, allowed));
    }

    /** The elements of a list; {@code element} gets each with its path. */
    <T> Optional<List<T>> list(String field, Function<Element, T> element) {
        Node value = fields.get(field);
        if (value == null) {
            return Optional.empty();
        }
        if (!(value instanceof SequenceNode sequence)) {
            throw wrong(value, "a list is expected")
                    .value(pathOf(field) + ": " + kind(value))
                    .build();
        }
        List<T> result = new ArrayList<>();
        for (Node each : sequence.getValue()) {
            result.add(element.apply(new Element(pathOf(field) + "[" + result.size() + "]", each)));
        }
        return Optional.of(result);
    }

    /** One element of a list. */
    final class Element {
        private final String path;
        private final Node node;

        private Element(String path, Node node) {
            this.path = path;
            this.node = node;
        }

        boolean isText() {
            return node instanceof ScalarNode;
        }

        String text() {
            return scalar(path, node, "text");
        }

        int number(int lowest, int highest) {
            return YamlObject.this.number(path, node, lowest, highest);
        }

        YamlObject object(List<String> allowed) {
            return of(file, path, node, allowed);
        }

        /** A refusal of this element. */
        HvmException.Builder refuse(String what) {
            return YamlObject.this.refuse(path, node, what);
        }
    }

    /** A refusal of one field's value; of the whole object if the field is not there. */
    HvmException.Builder refuse(String field, String what) {
        return refuse(pathOf(field), fields.getOrDefault(field, node), what);
    }

    private HvmException.Builder refuse(String where, Node value, String what) {
        return wrong(value, what).value(value instanceof ScalarNode scalar ? where + ": " + scalar.getValue() : where);
    }

    private int number(String where, Node value, int lowest, int highest) {
        String text = scalar(where, value, "a number");
        if (text.matches("[0-9]{1,9}")) {
            int number = Integer.parseInt(text);
            if (number >= lowest && number <= highest) {
                return number;
            }
        }
        throw wrong(value, "a number is expected")
                .value(where + ": " + text)
                .allowed(lowest + " to " + highest)
                .build();
    }

    private String scalar(String where, Node value, String expected) {
        if (value instanceof ScalarNode scalar) {
            return scalar.getValue();
        }
        throw wrong(value, expected + " is expected")
                .value(where + ": " + kind(value))
                .build();
    }

    private HvmException.Builder wrong(Node where, String what) {
        return HvmException.of(ErrorCode.INVALID_LAYOUT, position(where) + what);
    }

    private String position(Node where) {
        return where.getStartMark()
                .map(mark -> "%s:%d:%d: ".formatted(file, mark.getLine() + 1, mark.getColumn() + 1))
                .orElse(file + ": ");
    }

    private String pathOf(String field) {
        return path.isEmpty() ? field : path + "." + field;
    }

    private static String kind(Node node) {
        return switch (node) {
            case MappingNode _ -> "fields";
            case SequenceNode _ -> "a list";
            case ScalarNode scalar -> scalar.getValue();
            default -> "something else";
        };
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(java.util.Locale.ROOT);
    }

    private static <E extends Enum<E>> String words(Class<E> type) {
        List<String> words = new ArrayList<>();
        for (E constant : type.getEnumConstants()) {
            words.add(word(constant));
        }
        return String.join(", ", words);
    }

    private static Optional<String> nearest(String name, List<String> allowed) {
        return allowed.stream()
                .filter(candidate -> distance(name, candidate) <= Math.min(TYPING_ERROR, candidate.length() / 2))
                .min(Comparator.comparingInt(candidate -> distance(name, candidate)));
    }

    /** Levenshtein's edit distance. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substituted, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
