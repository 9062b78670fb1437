// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostTopologyTest {
    @TempDir
    private Path folder;

    private Path cpus;
    private Path meminfo;

    @BeforeEach
    void setUp() throws IOException {
        cpus = Files.createDirectory(folder.resolve("cpu"));
        meminfo = Files.writeString(folder.resolve("meminfo"), """
                MemTotal:       16384000 kB
                MemFree:          512000 kB
                MemAvailable:    8192000 kB
                """);
    }

    @Test
    void shouldReadCoresSiblingsAndMemory() throws IOException {
        online("0-3\n");
        siblings(0, "0,2\n");
        siblings(1, "1,3\n");
        siblings(2, "0,2\n");
        siblings(3, "1,3\n");
        assertThat(HostTopology.read(cpus, meminfo))
                .isEqualTo(new HostTopology(
                        List.of(0, 1, 2, 3),
                        List.of(Set.of(0, 2), Set.of(1, 3), Set.of(0, 2), Set.of(1, 3)),
                        16_384_000L * 1024,
                        8_192_000L * 1024));
    }

    @Test
    void shouldLeaveOutCoresThatAreOffline() throws IOException {
        online("0,2\n");
        siblings(0, "0\n");
        siblings(1, "1\n");
        siblings(2, "2\n");
        HostTopology host = HostTopology.read(cpus, meminfo);
        assertThat(host.cores()).containsExactly(0, 2);
        assertThat(host.siblings()).containsExactly(Set.of(0), Set.of(2));
    }

    @Test
    void shouldTakeACoreOfUnknownTopologyForOneByItself() throws IOException {
        online("0-1\n");
        siblings(0, "0\n");
        assertThat(HostTopology.read(cpus, meminfo).siblings()).containsExactly(Set.of(0), Set.of(1));
    }

    @Test
    void shouldCountMemoryThatIsNotToldAsNone() throws IOException {
        online("0\n");
        Files.writeString(meminfo, "MemTotal: 1024 kB\n");
        HostTopology host = HostTopology.read(cpus, meminfo);
        assertThat(host.memory()).isEqualTo(1 << 20);
        assertThat(host.availableMemory()).isZero();
    }

    @Test
    void shouldNameTheFileThatIsMissing() {
        assertThatThrownBy(() -> HostTopology.read(cpus, meminfo))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(cpus.resolve("online").toString());
    }

    @Test
    void shouldSeeThisHost() {
        HostTopology host = HostTopology.read();
        assertThat(host.cores())
                .hasSizeGreaterThanOrEqualTo(Runtime.getRuntime().availableProcessors());
        assertThat(host.siblings()).hasSameSizeAs(host.cores());
        assertThat(host.availableMemory()).isPositive().isLessThanOrEqualTo(host.memory());
    }

    @Test
    void shouldReadTheKernelsListsOfCpus() {
        assertThat(HostTopology.parseList("0\n")).containsExactly(0);
        assertThat(HostTopology.parseList("0-3\n")).containsExactly(0, 1, 2, 3);
        assertThat(HostTopology.parseList("0-1,4,6-7")).containsExactly(0, 1, 4, 6, 7);
        assertThat(HostTopology.parseList("\n")).isEmpty();
    }

    private void online(String list) throws IOException {
        Files.writeString(cpus.resolve("online"), list);
    }

    private void siblings(int cpu, String list) throws IOException {
        Path topology = Files.createDirectories(cpus.resolve("cpu" + cpu + "/topology"));
        Files.writeString(topology.resolve("thread_siblings_list"), list);
    }
}
