// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Times of the host's cores and of QEMU's threads, out of files as /proc has them. */
class LoadFilesTest {
    @TempDir
    private Path folder;

    @Test
    void shouldReadWhatCoresDid() throws IOException {
        Path stat = Files.writeString(folder.resolve("stat"), """
                cpu  100 0 50 900 10 0 5 3 20 0
                cpu0 60 1 30 400 10 2 3 4 20 0
                cpu1 40 0 20 500 0 0 2 0 0 0
                intr 1 2 3
                """);
        long tick = 10_000_000;
        assertThat(HostTimes.read(stat))
                .containsExactly(
                        new HostTimes.Core(0, 96 * tick, 410 * tick, 4 * tick),
                        new HostTimes.Core(1, 62 * tick, 500 * tick, 0));
    }

    @Test
    void shouldTellVcpuThreadsFromOthers() throws IOException {
        thread(10, "qemu-system-x86", "500 1 1");
        thread(11, "CPU 0/TCG", "1000 2 2");
        thread(12, "CPU 10/KVM", "2000 3 3");
        thread(13, "IO mon_iothread", "30 0 1");
        Files.createDirectories(folder.resolve("task/14")); // it has just ended
        Files.writeString(folder.resolve("status"), "Name:\tqemu\nVmRSS:\t    2048 kB\n");
        assertThat(QemuTimes.of(folder)).isEqualTo(new QemuTimes(Map.of(0, 1000L, 10, 2000L), 530, 2048 * 1024));
    }

    @Test
    void shouldSayNothingOfAProcessThatIsGone() {
        assertThat(QemuTimes.of(folder.resolve("gone"))).isEqualTo(new QemuTimes(Map.of(), 0, 0));
    }

    private void thread(int id, String name, String schedstat) throws IOException {
        Path thread = Files.createDirectories(folder.resolve("task/" + id));
        Files.writeString(thread.resolve("comm"), name + "\n");
        Files.writeString(thread.resolve("schedstat"), schedstat + "\n");
    }
}
