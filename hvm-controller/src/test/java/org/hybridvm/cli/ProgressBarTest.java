// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgressBarTest {
    @TempDir
    private Path folder;

    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();

    @Test
    void shouldShowPhaseTimeAndHowMuchOfTheUsualTimeIsOver() {
        assertThat(ProgressBar.line("QEMU", 1500, OptionalLong.of(3000)))
                .isEqualTo("  QEMU ...                        1.5 s of about 3.0 s  [##########----------]");
        assertThat(ProgressBar.line("QEMU", 9000, OptionalLong.of(3000))).endsWith("[####################]");
        assertThat(ProgressBar.line("QEMU", 1500, OptionalLong.empty()))
                .isEqualTo("  QEMU ...                        1.5 s");
    }

    @Test
    void shouldExpectWhatItTookBefore() {
        try (ProgressBar first = bar(false, () -> 0)) {
            first.end("QEMU", 3000);
        }
        assertThat(times().of("launch/QEMU")).hasValue(3000);
        try (ProgressBar second = bar(false, () -> 0)) {
            second.end("QEMU", 6000);
        }
        assertThat(times().of("launch/QEMU")).hasValue(4000);
        assertThat(shown.toString(StandardCharsets.UTF_8)).isEmpty();
    }

    @Test
    void shouldChangeOneLineOnATerminal() {
        try (ProgressBar bar = bar(true, () -> 0)) {
            bar.begin("QEMU");
            bar.end("QEMU", 10);
        }
        assertThat(shown.toString(StandardCharsets.UTF_8))
                .startsWith("\r\u001b[K  QEMU ...                        0.0 s")
                .endsWith("\r\u001b[K")
                .doesNotContain("\n");
    }

    @Test
    void shouldExpectNothingFromADamagedFile() throws Exception {
        Files.writeString(folder.resolve("times.json"), "{");
        assertThat(times().of("launch/QEMU")).isEmpty();
    }

    private ExpectedTimes times() {
        return new ExpectedTimes(folder.resolve("times.json"));
    }

    private ProgressBar bar(boolean interactive, java.util.function.LongSupplier clock) {
        return new ProgressBar(
                new PrintStream(shown, true, StandardCharsets.UTF_8), interactive, times(), "launch", clock);
    }
}
