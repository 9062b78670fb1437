// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.hybridvm.Json;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Holds the published schema against what {@link LayoutReader} takes. */
class LayoutSchemaTest {
    private Object schema;

    @TempDir
    private Path folder;

    @BeforeEach
    void readSchema() throws IOException {
        try (InputStream file = LayoutReader.class.getResourceAsStream("layout.schema.json")) {
            assertThat(file).isNotNull();
            schema = Json.parse(new String(file.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void shouldNameTheVersionOfJsonSchema() {
        assertThat(at("/$schema")).isEqualTo("https://json-schema.org/draft/2020-12/schema");
    }

    @Test
    void shouldHaveTheReadersFieldsInItsOrder() {
        assertThat(fields("")).isEqualTo(LayoutReader.FIELDS);
        assertThat(fields("/properties/linux")).isEqualTo(LayoutReader.LINUX_FIELDS);
        assertThat(fields("/properties/partitions/items")).isEqualTo(PartitionReader.FIELDS);
        assertThat(fields("/properties/host")).isEqualTo(HostReader.FIELDS);
        assertThat(fields("/properties/mounts/items/anyOf/1")).isEqualTo(LayoutReader.MOUNT_FIELDS);
        assertThat(fields("/properties/console")).isEqualTo(LayoutReader.CONSOLE_FIELDS);
        assertThat(fields("/properties/health")).isEqualTo(HealthReader.HEALTH_FIELDS);
        assertThat(fields("/properties/access")).isEqualTo(LayoutReader.ACCESS_FIELDS);
        assertThat(fields("/properties/boot")).isEqualTo(HealthReader.BOOT_FIELDS);
    }

    @Test
    void shouldAllowNoOtherFields() {
        assertThat(objects(schema)).hasSize(9).allSatisfy(object -> {
            assertThat(object.get("type")).isEqualTo("object");
            assertThat(object.get("additionalProperties")).isEqualTo(false);
        });
    }

    @Test
    void shouldDescribeEveryField() {
        assertThat(objects(schema))
                .hasSize(9)
                .allSatisfy(object -> assertThat(((Map<?, ?>) object.get("properties")).values())
                        .allSatisfy(field -> assertThat((String) ((Map<?, ?>) field).get("description"))
                                .endsWith(".")));
    }

    @Test
    void shouldHaveTheReadersWords() {
        assertThat(at("/properties/machine/enum")).isEqualTo(words(Layout.Machine.values()));
        assertThat(at("/properties/acceleration/enum")).isEqualTo(words(Layout.Acceleration.values()));
        assertThat(at("/properties/health/properties/on-hung/enum")).isEqualTo(words(Health.OnHung.values()));
        assertThat(at("/properties/health/properties/ask/enum")).isEqualTo(words(Health.Ask.values()));
        assertThat(at("/properties/partitions/items/properties/privilege/enum"))
                .isEqualTo(words(Layout.Privilege.values()));
        assertThat(at("/properties/host/properties/policy/enum")).isEqualTo(words(Layout.Policy.values()));
        assertThat(at("/properties/host/properties/hugepages/enum")).isEqualTo(words(Layout.Hugepages.values()));
        assertThat(at("/properties/host/properties/siblings/enum")).isEqualTo(words(Layout.Siblings.values()));
    }

    @Test
    void shouldHaveDefaultsThatMakeTheStandardLayout() {
        var reader = new LayoutReader("layout.schema.json", folder);
        Map<String, Object> defaults = defaults("");
        defaults.remove("access"); // that it is there shuts out whom it does not name
        assertThat(reader.read(Json.write(defaults))).isEqualTo(reader.standard());
    }

    @Test
    void shouldHaveADefaultForEachFieldOfPartitionsAndMounts() {
        assertThat(List.of(defaults("/properties/partitions/items"))).isEqualTo(at("/properties/partitions/default"));
        assertThat(at("/properties/mounts/items/anyOf/1/properties/readonly/default"))
                .isEqualTo(false);
    }

    @ParameterizedTest
    @CsvSource({
        "linux/properties/cores, 1, 255",
        "partitions/items/properties/cores, 1, 64",
        "host/properties/cores/anyOf/1/items, 0, 65535",
        "host/properties/housekeeping/anyOf/1/items, 0, 65535",
        "host/properties/numa/anyOf/1, 0, 1023"
    })
    void shouldHaveTheLimitsOfNumbersThatLayoutReaderTestFindsInMessages(String field, long minimum, long maximum) {
        assertThat(at("/properties/" + field + "/minimum")).isEqualTo(minimum);
        assertThat(at("/properties/" + field + "/maximum")).isEqualTo(maximum);
    }

    @Test
    void shouldHaveTheReadersLimits() {
        String partition = "/properties/partitions/items/properties";
        assertThat(at("/properties/memory/minimum")).isEqualTo(LayoutReader.MIN_MEMORY);
        assertThat(at("/properties/memory/multipleOf")).isEqualTo(Layout.HRT_MEMORY_UNIT);
        assertThat(at("/properties/linux/properties/cores/maximum")).isEqualTo((long) LayoutReader.MAX_LINUX_CORES);
        assertThat(at("/properties/partitions/minItems")).isEqualTo(1L);
        assertThat(at("/properties/partitions/maxItems")).isEqualTo((long) PartitionReader.MAX_PARTITIONS);
        assertThat(at(partition + "/cores/maximum")).isEqualTo((long) Layout.MAX_HRT_CORES);
        assertThat(at(partition + "/memory/minimum")).isEqualTo(Layout.MIN_HRT_MEMORY);
        assertThat(at(partition + "/memory/maximum")).isEqualTo(Layout.MAX_HRT_MEMORY);
        assertThat(at(partition + "/memory/multipleOf")).isEqualTo(Layout.HRT_MEMORY_UNIT);
        assertThat(at("/properties/console/properties/limit/minimum")).isEqualTo(LayoutReader.MIN_CONSOLE);
        assertThat(at("/properties/console/properties/limit/maximum")).isEqualTo(LayoutReader.MAX_CONSOLE);
        assertThat(at("/properties/window/minimum")).isEqualTo(Layout.MIN_WINDOW);
        assertThat(at("/properties/window/maximum")).isEqualTo(Layout.MAX_WINDOW);
    }

    @Test
    void shouldSayInWordsHowMuchMemoryIsLinuxs() {
        assertThat((String) at("/properties/memory/description"))
                .contains("at least " + ByteSize.format(LayoutReader.MIN_LINUX_MEMORY) + " for Linux");
    }

    @Test
    void shouldHaveTheReadersForms() {
        assertThat(at("/$defs/name/pattern")).isEqualTo("^" + LayoutReader.NAME_FORM + "$");
        assertThat(at("/$defs/size/pattern")).isEqualTo("^" + ByteSize.FORM + "$");
        assertThat(at("/$defs/time/pattern")).isEqualTo("^" + TimeSpan.FORM + "$");
        assertThat(at("/properties/health/properties/heartbeat/pattern")).isEqualTo("^(off|" + TimeSpan.FORM + ")$");
        assertThat(at("/properties/linux/properties/cmdline/not/pattern"))
                .isEqualTo("(^|\\s)" + LayoutReader.RESERVED_WORDS);
    }

    @ParameterizedTest
    @CsvSource({"maxcpus=1, true", "quiet memmap=1M$2M, true", "hvm.mount=x, true", "my.maxcpus=1, false"})
    void shouldKnowReservedWordsWhereverTheyStand(String commandLine, boolean reserved) {
        var pattern = Pattern.compile((String) at("/properties/linux/properties/cmdline/not/pattern"));
        assertThat(pattern.matcher(commandLine).find()).isEqualTo(reserved);
    }

    /** The defaults of an object's fields; a field that is an object itself has its own fields' defaults. */
    private Map<String, Object> defaults(String object) {
        Map<String, Object> defaults = new LinkedHashMap<>();
        for (String field : fields(object)) {
            String place = object + "/properties/" + field;
            Map<?, ?> described = (Map<?, ?>) at(place);
            if (described.containsKey("properties")) {
                defaults.put(field, defaults(place));
            } else if (described.containsKey("default")) {
                defaults.put(field, described.get("default"));
            }
        }
        return defaults;
    }

    private List<String> fields(String object) {
        return ((Map<?, ?>) at(object + "/properties"))
                .keySet().stream().map(String.class::cast).toList();
    }

    /** Every part that lists fields. */
    private static List<Map<?, ?>> objects(Object part) {
        List<Map<?, ?>> found = new ArrayList<>();
        if (part instanceof Map<?, ?> map) {
            if (map.containsKey("properties")) {
                found.add(map);
            }
            map.values().forEach(value -> found.addAll(objects(value)));
        } else if (part instanceof List<?> list) {
            list.forEach(value -> found.addAll(objects(value)));
        }
        return found;
    }

    private static List<String> words(Enum<?>[] constants) {
        return Arrays.stream(constants).map(LayoutWords::of).toList();
    }

    /** What a JSON pointer (RFC 6901) points to. */
    private Object at(String pointer) {
        Object part = schema;
        for (String step : pointer.substring(1).split("/")) {
            part = switch (part) {
                case Map<?, ?> map -> map.get(step);
                case List<?> list -> list.get(Integer.parseInt(step));
                default -> throw new AssertionError(pointer + " leads through " + part);
            };
            assertThat(part).as(pointer).isNotNull();
        }
        return part;
    }
}
