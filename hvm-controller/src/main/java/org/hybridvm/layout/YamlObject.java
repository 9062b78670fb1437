// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** A mapping of a YAML document, of whose every part the line and column are known when something is wrong with it. */
public final class YamlObject {
    /** A misspelt field is at most so many edits away from the one that was meant. */
    private static final int TYPING_ERROR = 3;

    private final String file;
    private final String path;
    private final Node node;
    private final Findings findings;
    private final Map<String, Node> fields = new LinkedHashMap<>();

    private YamlObject(String file, String path, Node node, Findings findings) {
        this.file = file;
        this.path = path;
        this.node = node;
        this.findings = findings;
    }

    /**
     * @param path where in the document, for messages: empty at the top
     * @param allowed all fields that it may have
     * @param findings hears of what is wrong with single fields, which then count as left out
     * @throws Refusal if there are no fields at all
     */
    public static YamlObject of(String file, String path, Node node, List<String> allowed, Findings findings) {
        var object = new YamlObject(file, path, node, findings);
        if (!(node instanceof MappingNode mapping)) {
            throw object.wrong("type", path, node, "fields are expected here")
                    .value(kind(node))
                    .allowed(String.join(", ", allowed))
                    .build();
        }
        for (NodeTuple tuple : mapping.getValue()) {
            findings.or(null, () -> {
                object.take(tuple, allowed);
                return null;
            });
        }
        return object;
    }

    private void take(NodeTuple tuple, List<String> allowed) {
        if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
            throw wrong("field-name", path, tuple.getKeyNode(), "a field's name is expected here")
                    .build();
        }
        String name = key.getValue();
        if (!allowed.contains(name)) {
            throw wrong("unknown-field", pathOf(name), key, "unknown field")
                    .value(pathOf(name))
                    .allowed(String.join(", ", allowed))
                    .mend(nearest(name, allowed)
                            .map(meant -> "did you mean " + meant + "?")
                            .orElse(null))
                    .build();
        }
        if (fields.putIfAbsent(name, tuple.getValueNode()) != null) {
            throw wrong("duplicate-field", pathOf(name), key, "the field is there twice")
                    .value(pathOf(name))
                    .build();
        }
    }

    public Findings findings() {
        return findings;
    }

    boolean has(String field) {
        return fields.containsKey(field);
    }

    /** Whether the field is there and is this word. */
    boolean isText(String field, String word) {
        return fields.get(field) instanceof ScalarNode scalar
                && scalar.getValue().equals(word);
    }

    public Optional<String> text(String field) {
        return read(field, Optional.empty(), value -> Optional.of(scalar(pathOf(field), value, "text")));
    }

    public int number(String field, int fallback, int lowest, int highest) {
        return read(field, fallback, value -> number(pathOf(field), value, lowest, highest));
    }

    public boolean flag(String field, boolean fallback) {
        return read(field, fallback, value -> {
            String text = scalar(pathOf(field), value, "true or false");
            return switch (text) {
                case "true" -> true;
                case "false" -> false;
                default ->
                    throw wrong("flag", pathOf(field), value, "true or false is expected")
                            .value(pathOf(field) + ": " + text)
                            .allowed("true, false")
                            .build();
            };
        });
    }

    public long size(String field, long fallback) {
        return read(field, fallback, value -> {
            String text = scalar(pathOf(field), value, "a size");
            return ByteSize.parse(text)
                    .orElseThrow(() -> wrong("size", pathOf(field), value, "a size is expected")
                            .value(pathOf(field) + ": " + text)
                            .allowed("a number and a unit, e.g. 64MiB, 2GiB")
                            .build());
        });
    }

    /** A time between two others. */
    Duration time(String field, Duration fallback, Duration least, Duration most) {
        return read(field, fallback, value -> {
            String text = scalar(pathOf(field), value, "a time");
            return TimeSpan.parse(text)
                    .filter(time -> time.compareTo(least) >= 0 && time.compareTo(most) <= 0)
                    .orElseThrow(() -> wrong("time", pathOf(field), value, "a time is expected")
                            .value(pathOf(field) + ": " + text)
                            .allowed(
                                    TimeSpan.format(least) + " to " + TimeSpan.format(most) + ", e.g. 500ms, 10s, 2min")
                            .build());
        });
    }

    /** One of the words that {@link LayoutWords} has for {@code type}. */
    public <E extends Enum<E>> E choice(String field, Class<E> type, E fallback) {
        return read(field, fallback, value -> {
            String text = scalar(pathOf(field), value, "a word");
            return Arrays.stream(type.getEnumConstants())
                    .filter(constant -> LayoutWords.of(constant).equals(text))
                    .findFirst()
                    .orElseThrow(() -> wrong("choice", pathOf(field), value, "unknown value")
                            .value(pathOf(field) + ": " + text)
                            .allowed(LayoutWords.of(type))
                            .build());
        });
    }

    public Optional<YamlObject> object(String field, List<String> allowed) {
        return read(field, Optional.empty(), value -> Optional.of(of(file, pathOf(field), value, allowed, findings)));
    }

    /** A mapping from names of any kind to objects; empty if the field is not there. */
    public Map<String, YamlObject> objects(String field, List<String> allowed) {
        return read(field, Map.of(), value -> {
            if (!(value instanceof MappingNode mapping)) {
                throw wrong("type", pathOf(field), value, "names with fields are expected")
                        .value(pathOf(field) + ": " + kind(value))
                        .build();
            }
            List<String> names = mapping.getValue().stream()
                    .map(tuple -> scalar(pathOf(field), tuple.getKeyNode(), "a name"))
                    .toList();
            YamlObject all = of(file, pathOf(field), value, names, findings);
            var objects = new LinkedHashMap<String, YamlObject>();
            names.forEach(name -> all.object(name, allowed).ifPresent(object -> objects.put(name, object)));
            return objects;
        });
    }

    /** The elements of a list; {@code element} gets each with its path. One that it refuses is left out, and noted. */
    public <T> Optional<List<T>> list(String field, Function<Element, T> element) {
        return read(field, Optional.empty(), value -> {
            if (!(value instanceof SequenceNode sequence)) {
                throw wrong("type", pathOf(field), value, "a list is expected")
                        .value(pathOf(field) + ": " + kind(value))
                        .build();
            }
            List<T> result = new ArrayList<>();
            int index = 0;
            for (Node each : sequence.getValue()) {
                var one = new Element(pathOf(field) + "[" + index++ + "]", each);
                findings.or(Optional.<T>empty(), () -> Optional.of(element.apply(one)))
                        .ifPresent(result::add);
            }
            return Optional.of(result);
        });
    }

    private <T> T read(String field, T fallback, Function<Node, T> reader) {
        Node value = fields.get(field);
        return value == null ? fallback : findings.or(fallback, () -> reader.apply(value));
    }

    /** One element of a list. */
    public final class Element {
        private final String path;
        private final Node node;

        private Element(String path, Node node) {
            this.path = path;
            this.node = node;
        }

        boolean isText() {
            return node instanceof ScalarNode;
        }

        public String text() {
            return scalar(path, node, "text");
        }

        int number(int lowest, int highest) {
            return YamlObject.this.number(path, node, lowest, highest);
        }

        YamlObject object(List<String> allowed) {
            return of(file, path, node, allowed, findings);
        }

        /** A refusal of this element. */
        public Refusal.Builder refuse(String rule, String what) {
            return YamlObject.this.refuse(rule, path, node, what);
        }
    }

    /** A refusal of one field's value; of the whole object if the field is not there. */
    public Refusal.Builder refuse(String rule, String field, String what) {
        return refuse(rule, pathOf(field), fields.getOrDefault(field, node), what);
    }

    private Refusal.Builder refuse(String rule, String where, Node value, String what) {
        return wrong(rule, where, value, what)
                .value(value instanceof ScalarNode scalar ? where + ": " + scalar.getValue() : where);
    }

    private int number(String where, Node value, int lowest, int highest) {
        String text = scalar(where, value, "a number");
        if (text.matches("[0-9]{1,9}")) {
            int number = Integer.parseInt(text);
            if (number >= lowest && number <= highest) {
                return number;
            }
        }
        throw wrong("number", where, value, "a number is expected")
                .value(where + ": " + text)
                .allowed(lowest + " to " + highest)
                .build();
    }

    private String scalar(String where, Node value, String expected) {
        if (value instanceof ScalarNode scalar) {
            return scalar.getValue();
        }
        throw wrong("type", where, value, expected + " is expected")
                .value(where + ": " + kind(value))
                .build();
    }

    private Refusal.Builder wrong(String rule, String field, Node where, String what) {
        Refusal.Builder refusal = Refusal.of(file, rule, what).field(field);
        where.getStartMark().ifPresent(refusal::at);
        return refusal;
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
