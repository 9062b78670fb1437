// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Every number of the Java view against build/abi.json, which the C compiler's view of the headers is printed into. */
class AbiTwinTest {
    private static final Path ABI = Path.of("build", "abi.json");

    private static final Map<String, Class<?>> STRUCTS = Map.ofEntries(
            Map.entry("hvm_slot", SlotDescriptor.class),
            Map.entry("hvm_slot_stats", SlotStatsDescriptor.class),
            Map.entry("hvm_regs", RegistersDescriptor.class),
            Map.entry("hvm_partition", PartitionDescriptor.class),
            Map.entry("hvm_counts", CountsDescriptor.class),
            Map.entry("hvm_core", CoreDescriptor.class),
            Map.entry("hvm_log", LogDescriptor.class),
            Map.entry("hvm_cell", RingDescriptor.class),
            Map.entry("hvm_window", WindowDescriptor.class),
            Map.entry("hvm_window_function", WindowFunctionDescriptor.class),
            Map.entry("hvm_window_failure", WindowFailureDescriptor.class),
            Map.entry("hvm_channel", ChannelDescriptor.class));

    private static final Map<String, Class<?>> HEADERS = Map.of(
            "types", AbiDescriptor.class,
            "slot", SlotDescriptor.class,
            "partition", PartitionDescriptor.class,
            "log", LogDescriptor.class,
            "ring", RingDescriptor.class,
            "window", WindowDescriptor.class);

    @Test
    void shouldHaveTheSameNumbersAsTheHeadersNoneMoreAndNoneLess() throws IOException {
        assertThat(javaNumbers()).isEqualTo(cNumbers());
    }

    @Test
    void shouldSeeEveryStructOfTheDump() throws IOException {
        assertThat(object(dump().get("structs")).keySet()).isEqualTo(STRUCTS.keySet());
    }

    /** Class and constant name to value, as Java has them. */
    private static Map<String, Long> javaNumbers() {
        Map<String, Long> numbers = new TreeMap<>();
        List<Class<?>> classes = new ArrayList<>(STRUCTS.values());
        classes.add(AbiDescriptor.class);
        for (Class<?> type : classes) {
            for (Field field : type.getDeclaredFields()) {
                assertThat(Modifier.isStatic(field.getModifiers()) && Modifier.isPublic(field.getModifiers()))
                        .as("%s holds constants only", field)
                        .isTrue();
                numbers.put(type.getSimpleName() + "." + field.getName(), value(field));
            }
        }
        return numbers;
    }

    private static long value(Field field) {
        try {
            return field.getLong(null);
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    /** The same as C has them. Padding and reserved bytes have no name in Java. */
    private static Map<String, Long> cNumbers() throws IOException {
        Map<String, Long> numbers = new TreeMap<>();
        object(dump().get("structs")).forEach((name, struct) -> {
            String type = STRUCTS.get(name).getSimpleName() + ".";
            numbers.put(type + "SIZE", (Long) object(struct).get("size"));
            object(object(struct).get("fields")).forEach((field, place) -> {
                if (!field.matches("(.*_)?pad\\d*|reserved")) {
                    numbers.put(type + field.toUpperCase() + "_OFFSET", (Long)
                            object(place).get("offset"));
                }
            });
        });
        for (Object constant : (List<?>) dump().get("constants")) {
            String type = HEADERS.get((String) object(constant).get("header")).getSimpleName();
            String name = ((String) object(constant).get("name")).substring("HVM_".length());
            String text = (String) object(constant).get("value");
            numbers.put(type + "." + name, Long.parseUnsignedLong(text.replaceFirst("^0x", ""), 16));
        }
        return numbers;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    private static Map<String, Object> dump() throws IOException {
        assertThat(ABI).as("make -C shared-memory-ipc makes it").exists();
        try (JsonParser parser = new JsonFactory().createParser(ABI.toFile())) {
            parser.nextToken();
            return object(read(parser));
        }
    }

    private static Object read(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, Object> map = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    map.put(name, read(parser));
                }
                yield map;
            }
            case START_ARRAY -> {
                List<Object> list = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    list.add(read(parser));
                }
                yield list;
            }
            case VALUE_NUMBER_INT -> parser.getLongValue();
            default -> parser.getText();
        };
    }
}
