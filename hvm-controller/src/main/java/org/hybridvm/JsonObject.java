// SPDX-License-Identifier: Apache-2.0
package org.hybridvm;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads the fields of a JSON object that somebody else wrote; what does not fit is refused by the field's name. */
public final class JsonObject {
    private static final String WHOLE = "a whole number";

    private final Map<String, Object> fields;

    private JsonObject(Map<String, Object> fields) {
        this.fields = fields;
    }

    /** @throws HvmException {@link ErrorCode#INVALID_REQUEST} if the text is not one JSON object */
    public static JsonObject parse(String text) {
        try {
            return of(Json.parse(text));
        } catch (IOException e) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "The text is not JSON")
                    .value(firstLine(e.getMessage()))
                    .allowed("one JSON object")
                    .cause(e)
                    .build();
        }
    }

    /** @throws HvmException {@link ErrorCode#INVALID_REQUEST} if the value is not a JSON object */
    @SuppressWarnings("unchecked") // Json makes objects with string keys only
    public static JsonObject of(Object value) {
        if (value instanceof Map<?, ?> object) {
            return new JsonObject((Map<String, Object>) object);
        }
        throw HvmException.of(ErrorCode.INVALID_REQUEST, "The JSON value is no object")
                .allowed("one JSON object")
                .build();
    }

    public Map<String, Object> asMap() {
        return fields;
    }

    /**
     * Itself. A field with another name than these is refused and not passed over: its writer has mistyped it, or asks for what is
     * not there.
     */
    public JsonObject only(String... names) {
        List<String> known = List.of(names);
        fields.keySet().stream()
                .filter(name -> !known.contains(name))
                .findFirst()
                .ifPresent(name -> {
                    throw HvmException.of(ErrorCode.INVALID_REQUEST, "The field '" + name + "' is not known here")
                            .field(name)
                            .allowed(known.isEmpty() ? "no field" : String.join(", ", known))
                            .build();
                });
        return this;
    }

    public boolean has(String name) {
        return fields.get(name) != null;
    }

    public String text(String name) {
        return optionalText(name).orElseThrow(() -> missing(name, "a string"));
    }

    public Optional<String> optionalText(String name) {
        return optional(name, String.class, "a string");
    }

    /** @param otherwise what an absent field counts as; may be null */
    public String text(String name, String otherwise) {
        return optionalText(name).orElse(otherwise);
    }

    public long number(String name) {
        return optionalNumber(name).orElseThrow(() -> missing(name, WHOLE));
    }

    public long number(String name, long otherwise) {
        return optionalNumber(name).orElse(otherwise);
    }

    /** A fraction is refused and not cut, because the caller has meant something else. */
    private Optional<Long> optionalNumber(String name) {
        return optional(name, Number.class, WHOLE)
                .map(number -> number.doubleValue() == Math.rint(number.doubleValue())
                        ? (Long) number.longValue()
                        : refuse(name, number, WHOLE));
    }

    public double decimal(String name) {
        return optionalDecimal(name).orElseThrow(() -> missing(name, "a number"));
    }

    public Optional<Double> optionalDecimal(String name) {
        return optional(name, Number.class, "a number").map(Number::doubleValue);
    }

    public boolean flag(String name) {
        return optional(name, Boolean.class, "true or false").orElse(false);
    }

    /** An absent list is empty. */
    public List<String> texts(String name) {
        return list(name).stream()
                .map(element -> element instanceof String text ? text : refuse(name, element, "a list of strings"))
                .toList();
    }

    /** An absent list is empty. */
    public List<Long> numbers(String name) {
        return list(name).stream()
                .map(element -> element instanceof Long number
                        ? number
                        : JsonObject.<Long>refuse(name, element, "a list of numbers"))
                .toList();
    }

    /** An absent list is empty. */
    public double[] decimals(String name) {
        return list(name).stream()
                .mapToDouble(element -> element instanceof Number number
                        ? number.doubleValue()
                        : refuse(name, element, "a list of numbers"))
                .toArray();
    }

    /** An absent list is empty. */
    public List<JsonObject> objects(String name) {
        return list(name).stream().map(JsonObject::of).toList();
    }

    /** An absent object is empty. */
    public JsonObject object(String name) {
        return optional(name, Map.class, "an object").map(JsonObject::of).orElseGet(() -> new JsonObject(Map.of()));
    }

    private List<?> list(String name) {
        return optional(name, List.class, "a list").orElse(List.of());
    }

    private <T> Optional<T> optional(String name, Class<T> type, String allowed) {
        Object value = fields.get(name);
        if (value == null) {
            return Optional.empty();
        }
        return Optional.of(type.isInstance(value) ? type.cast(value) : refuse(name, value, allowed));
    }

    private static HvmException missing(String name, String allowed) {
        return HvmException.of(ErrorCode.INVALID_REQUEST, "The field '" + name + "' is missing")
                .field(name)
                .allowed(allowed)
                .build();
    }

    private static <T> T refuse(String name, Object value, String allowed) {
        throw HvmException.of(ErrorCode.INVALID_REQUEST, "The field '" + name + "' has the wrong type")
                .field(name)
                .value(Json.write(value))
                .allowed(allowed)
                .build();
    }

    private static String firstLine(String message) {
        return message.lines().findFirst().orElse("");
    }
}
