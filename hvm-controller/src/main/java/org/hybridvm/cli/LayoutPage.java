// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;

/** hvm.layout(5), made from the layout's JSON Schema: each field with its description, limits and default. */
final class LayoutPage {
    private final JsonObject schema;
    private final String date;

    /** @param schema the text of {@code layout.schema.json} */
    LayoutPage(String schema, String date) {
        this.schema = JsonObject.parse(schema);
        this.date = date;
    }

    ManPage page() {
        var page = new ManPage("hvm.layout", 5, date, "what a Hybrid VM is to be");
        page.section("DESCRIPTION")
                .text(List.of(
                        "A layout is a YAML file.",
                        schema.text("description"),
                        "",
                        "A size is " + schema.object("$defs").object("size").text("description"),
                        "A name is " + schema.object("$defs").object("name").text("description")));
        fields(page.section("FIELDS"), schema);
        page.section("EXAMPLES").literal("""
                        name: demo
                        memory: 2GiB
                        linux:
                          cores: 1
                        partitions:
                          - name: hrt
                            cores: 2
                            memory: 64MiB
                        mounts:
                          - .
                        """.lines().toList());
        return page.seeAlso(List.of("hvm-launch(1)", "hvm-validate(1)", "hvmd(8)"));
    }

    private void fields(ManPage page, JsonObject owner) {
        page.beginList();
        properties(owner).forEach((name, field) -> {
            page.item("Va " + name, field.text("description", ""));
            String limits = limits(field);
            if (!limits.isEmpty()) {
                page.text(List.of(limits));
            }
            JsonObject inner = inner(field);
            if (inner != null) {
                fields(page, inner);
            }
        });
        page.endList();
    }

    /** The object that the field is, or that each of its items is or may be; null if there is none. */
    private static JsonObject inner(JsonObject field) {
        if (field.has("properties")) {
            return field;
        }
        if (field.has("items")) {
            return inner(field.object("items"));
        }
        return field.has("anyOf")
                ? field.objects("anyOf").stream()
                        .map(LayoutPage::inner)
                        .filter(java.util.Objects::nonNull)
                        .findFirst()
                        .orElse(null)
                : null;
    }

    private static String limits(JsonObject field) {
        var text = new StringBuilder();
        if (field.has("enum")) {
            text.append("One of ")
                    .append(String.join(", ", field.texts("enum")))
                    .append(". ");
        }
        if (field.has("minimum")) {
            text.append("At least ").append(size(field, "minimum")).append(". ");
        }
        if (field.has("maximum")) {
            text.append("At most ").append(size(field, "maximum")).append(". ");
        }
        if (field.has("multipleOf")) {
            text.append("A multiple of ").append(size(field, "multipleOf")).append(". ");
        }
        Object otherwise = field.asMap().get("default");
        if (otherwise != null && !otherwise.equals("")) {
            text.append("Default: ").append(otherwise instanceof String word ? word : Json.write(otherwise));
        }
        return text.toString().strip();
    }

    private static String size(JsonObject field, String limit) {
        long number = field.number(limit);
        return field.text("$ref", "").endsWith("/size") ? org.hybridvm.layout.ByteSize.format(number) : "" + number;
    }

    private static Map<String, JsonObject> properties(JsonObject owner) {
        return owner.object("properties").asMap().entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey,
                        one -> JsonObject.of(one.getValue()),
                        (one, other) -> one,
                        java.util.LinkedHashMap::new));
    }
}
