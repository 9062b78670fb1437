// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.layout.ByteSize;

/** The fields of a JSON Schema in a manual page: each with its description, limits and default, and the fields within it. */
final class SchemaFields {
    private final JsonObject schema;

    /** @param schema whose references are to its own {@code $defs} */
    SchemaFields(JsonObject schema) {
        this.schema = schema;
    }

    void addTo(ManPage page) {
        fields(page, schema);
    }

    private void fields(ManPage page, JsonObject owner) {
        page.beginList();
        properties(owner).forEach((name, field) -> {
            page.item("Va " + name, field.text("description", ""));
            String limits = limits(field);
            if (!limits.isEmpty()) {
                page.text(List.of(limits));
            }
            inner(field).ifPresent(object -> fields(page, object));
        });
        page.endList();
    }

    /** The object that the field is, or that each of its items is or may be. */
    private Optional<JsonObject> inner(JsonObject field) {
        if (field.has("$ref")) {
            return inner(definition(field));
        }
        if (field.has("properties") || namesAnything(field)) {
            return Optional.of(field);
        }
        if (field.has("items")) {
            return inner(field.object("items"));
        }
        return field.has("anyOf")
                ? field.objects("anyOf").stream()
                        .map(this::inner)
                        .flatMap(Optional::stream)
                        .findFirst()
                : Optional.empty();
    }

    private JsonObject definition(JsonObject field) {
        String reference = field.text("$ref");
        return schema.object("$defs").object(reference.substring(reference.lastIndexOf('/') + 1));
    }

    /** Whether its fields' names are the writer's own. */
    private static boolean namesAnything(JsonObject object) {
        return object.asMap().get("additionalProperties") instanceof Map<?, ?>;
    }

    private static Map<String, JsonObject> properties(JsonObject owner) {
        var properties = new LinkedHashMap<String, JsonObject>();
        owner.object("properties").asMap().forEach((name, field) -> properties.put(name, JsonObject.of(field)));
        if (namesAnything(owner)) {
            properties.put("NAME", owner.object("additionalProperties"));
        }
        return properties;
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
        if (!Objects.requireNonNullElse(otherwise, "").equals("")) {
            text.append("Default: ").append(otherwise instanceof String word ? word : Json.write(otherwise));
        }
        return text.toString().strip();
    }

    private static String size(JsonObject field, String limit) {
        long number = field.number(limit);
        return field.text("$ref", "").endsWith("/size") ? ByteSize.format(number) : "" + number;
    }
}
