// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.hybridvm.HvmException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Layouts that make no sense, from a seed: each is read, or refused with words; never anything else, and never for long. */
@Timeout(600)
class LayoutFuzzTest {
    private static final int LAYOUTS = Integer.getInteger("hvm.fuzz", 3_000);
    private static final long SEED = Long.getLong("hvm.fuzz.seed", 20260106);
    private static final String SOUND = """
            name: demo
            memory: 2GiB
            linux: {cores: 1, rootfs: auto, cmdline: quiet}
            partitions:
              - name: hrt
                cores: 1
                memory: 64MiB
                privilege: user
            host: {cores: auto, policy: shared}
            mounts:
              - .
            window: 16MiB
            acceleration: auto
            """;
    private static final List<String> PIECES = List.of(
            "name",
            "memory",
            "partitions",
            "cores",
            "health",
            "boot",
            "host",
            "policy",
            ":",
            ": ",
            "- ",
            "\n",
            "\n  ",
            "\n    ",
            "{",
            "}",
            "[",
            "]",
            ",",
            "'",
            "\"",
            "&a ",
            "*a",
            "<<: *a",
            "!!java.lang.Runtime ",
            "!!binary ",
            "? ",
            "|",
            ">",
            "#",
            "---\n",
            "...\n",
            "%YAML 9\n",
            "\t",
            "\0",
            "\uFEFF",
            "\uD800",
            "null",
            "~",
            "true",
            "-1",
            "1e400",
            "99999999999999999999GiB",
            "0x7fffffffffffffff",
            "0-99999999999",
            "1,,2",
            "/../..",
            "auto",
            "64MiB",
            ".nan");

    @TempDir
    private Path folder;

    private final Random random = new Random(SEED);

    @Test
    void shouldReadOrRefuseWhateverIsThere() {
        int read = 0;
        for (int i = 0; i < LAYOUTS; i++) {
            String text = random.nextInt(3) == 0 ? rubbish(40) : changed();
            read += isRead(text, i) ? 1 : 0;
        }
        System.out.println("fuzz seed=" + SEED + " layouts=" + LAYOUTS + " read=" + read);
        assertThat(read).isBetween(1, LAYOUTS - 1);
    }

    @Test
    void shouldRefuseWhatGrowsWhenItIsReadOrNestsWithoutEnd() {
        String laughs = IntStream.range(1, 12)
                .mapToObj(i -> "a%d: &a%d [%s]\n".formatted(i, i, ("*a" + (i - 1) + ",").repeat(9)))
                .collect(Collectors.joining("", "a0: &a0 [x]\n", "name: demo\n"));
        for (String text : List.of(laughs, "[".repeat(100_000), "a: ".repeat(10_000), "- ".repeat(100_000))) {
            assertThat(isRead(text, -1)).isFalse();
        }
    }

    private boolean isRead(String text, int number) {
        try {
            new LayoutReader("f", folder).read(text);
            return true;
        } catch (HvmException e) {
            assertThat(e.getMessage()).isNotBlank();
            return false;
        } catch (RuntimeException | StackOverflowError e) {
            return fail(
                    "seed " + SEED + ", layout " + number + ":\n" + text.substring(0, Math.min(2_000, text.length())),
                    e);
        }
    }

    private String changed() {
        var text = new StringBuilder(SOUND);
        for (int change = random.nextInt(3); change >= 0; change--) {
            int at = random.nextInt(text.length());
            switch (random.nextInt(3)) {
                case 0 -> text.insert(at, piece());
                case 1 -> text.delete(at, Math.min(text.length(), at + 1 + random.nextInt(12)));
                default -> text.replace(at, Math.min(text.length(), at + 1 + random.nextInt(6)), piece());
            }
        }
        return text.toString();
    }

    private String rubbish(int most) {
        return IntStream.range(0, random.nextInt(most)).mapToObj(i -> piece()).collect(Collectors.joining());
    }

    private String piece() {
        return PIECES.get(random.nextInt(PIECES.size()));
    }
}
