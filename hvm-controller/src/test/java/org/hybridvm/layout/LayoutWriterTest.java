// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written is read as the same again: as YAML, as JSON, and as hvmd keeps it. */
class LayoutWriterTest {
    @TempDir
    private Path temporary;

    private LayoutReader reader;

    @BeforeEach
    void setUp() throws IOException {
        reader = new LayoutReader("layout.yaml", temporary.toRealPath());
    }

    @Test
    void shouldWriteEveryFieldOfTheStandardLayout() throws IOException {
        assertThat(LayoutWriter.write(List.of(reader.standard()))).isEqualTo("""
                name: default
                memory: 2GiB
                linux:
                  cores: 1
                  rootfs: auto
                  cmdline: ""
                partitions:
                  - name: hrt
                    cores: 1
                    memory: 64MiB
                    privilege: kernel
                    health:
                      heartbeat: 10s
                      hung-after: 30s
                      on-hung: reboot
                      ask: busy
                host:
                  policy: dedicated
                  cores: auto
                  numa: auto
                  hugepages: none
                  siblings: together
                  housekeeping: auto
                mounts:
                  - source: %s
                    readonly: false
                machine: auto
                acceleration: auto
                console:
                  limit: 1MiB
                window: 16MiB
                """.formatted(temporary.toRealPath()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "access: {users: [ada, bob], groups: [lab]}",
                "access: {}",
                "two words",
                "- dash",
                "#hash",
                "a: b",
                "'quoted'",
                "\"both\"",
                "[list]",
                "{map}",
                "ünï",
                "true",
                "~",
                "1e3"
            })
    void shouldQuoteWhatIsNotPlain(String name) throws IOException {
        Path folder = Files.createDirectory(temporary.resolve(name));
        Layout layout = reader.read(
                "mounts: [" + Json.write(folder.toString()) + "]\nlinux: {cmdline: " + Json.write(name) + "}");
        assertThat(layout.linux().commandLine()).isEqualTo(name);
        assertThat(reader.readAll(LayoutWriter.write(List.of(layout)))).containsExactly(layout);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
    void shouldReadWhatItWroteWhateverItIs(int seed) throws IOException {
        var random = new Random(seed);
        List<Layout> layouts = List.of(any(random, "a"), any(random, "b"));
        assertThat(reader.readAll(LayoutWriter.write(layouts))).isEqualTo(layouts);
        for (Layout layout : layouts) {
            String json = Json.write(LayoutFields.of(layout));
            assertThat(reader.read(json)).isEqualTo(layout);
            assertThat(LayoutFields.layout(JsonObject.parse(json))).isEqualTo(layout);
        }
    }

    private Layout any(Random random, String name) throws IOException {
        String[] mounts = {"[]", "[.]", "[{source: ., readonly: true}]"};
        int linux = 1 + random.nextInt(4);
        return reader.read("""
                name: %s
                memory: %dMiB
                linux: {cores: %d, cmdline: "%s", rootfs: %s}
                partitions:
                  - {name: one, cores: %d, memory: %dMiB, privilege: %s}
                  - {name: two, cores: 1}
                host: {policy: %s, numa: %s, siblings: %s, hugepages: %s, housekeeping: %s}
                mounts: %s
                machine: %s
                acceleration: %s
                console: {limit: %dKiB}
                window: %dMiB
                """.formatted(
                        name,
                        2048 + 2 * random.nextInt(1000),
                        linux,
                        pick(random, "", "nopti", "a=\\\"b c\\\" quiet"),
                        pick(random, "auto", "standard", "none"),
                        1 + random.nextInt(64),
                        16 + 2 * random.nextInt(500),
                        pick(random, "kernel", "user"),
                        pick(random, "dedicated", "shared"),
                        pick(random, "auto", "0", "3"),
                        pick(random, "together", "apart", "any"),
                        pick(random, "none", "2MiB"),
                        pick(random, "auto", "[0]", "[1, 2]"),
                        pick(random, mounts),
                        pick(random, "auto", "q35", "pc"),
                        pick(random, "auto", "kvm", "tcg"),
                        64 + random.nextInt(1000),
                        1 << random.nextInt(10)));
    }

    private static String pick(Random random, String... words) {
        return words[random.nextInt(words.length)];
    }
}
