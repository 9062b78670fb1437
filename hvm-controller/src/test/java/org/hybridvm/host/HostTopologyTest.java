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
        cpus = Files.createDirectories(folder.resolve("sys/devices/system/cpu"));
        Files.createDirectories(folder.resolve("proc"));
        meminfo = Files.writeString(folder.resolve("proc/meminfo"), """
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
        assertThat(HostTopology.read(folder))
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
        HostTopology host = HostTopology.read(folder);
        assertThat(host.cores()).containsExactly(0, 2);
        assertThat(host.siblings()).containsExactly(Set.of(0), Set.of(2));
    }

    @Test
    void shouldTakeACoreOfUnknownTopologyForOneByItself() throws IOException {
        online("0-1\n");
        siblings(0, "0\n");
        assertThat(HostTopology.read(folder).siblings()).containsExactly(Set.of(0), Set.of(1));
    }

    @Test
    void shouldCountMemoryThatIsNotToldAsNone() throws IOException {
        online("0\n");
        Files.writeString(meminfo, "MemTotal: 1024 kB\n");
        HostTopology host = HostTopology.read(folder);
        assertThat(host.memory()).isEqualTo(1 << 20);
        assertThat(host.availableMemory()).isZero();
    }

    @Test
    void shouldNameTheFileThatIsMissing() {
        assertThatThrownBy(() -> HostTopology.read(folder))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(cpus.resolve("online").toString());
    }

    @Test
    void shouldReadAMachineOfTwoNodesWithThreadsAndHugePages() {
        HostTopology host = RecordedHost.read("two-sockets");
        assertThat(host.cores()).hasSize(30).doesNotContain(5, 21);
        assertThat(host.siblingsOf(3)).containsExactly(3, 19);
        assertThat(host.nodeOf(30))
                .hasValueSatisfying(node -> assertThat(node.number()).isEqualTo(1));
        assertThat(host.node(0)).hasValueSatisfying(node -> {
            assertThat(node.cores()).hasSize(14);
            assertThat(node.memory()).isEqualTo(65_536_000L * 1024);
        });
        assertThat(host.node(2)).isEmpty();
        assertThat(host.hugePages(2 << 20)).isEqualTo(new HostTopology.Pages(1536, 1512));
        assertThat(host.hugePages(1 << 30)).isEqualTo(new HostTopology.Pages(8, 8));
        assertThat(host.hugePages(4 << 20)).isEqualTo(new HostTopology.Pages(0, 0));
        assertThat(host.hugeMemory()).isEqualTo((1536L << 21) + (8L << 30));
    }

    @Test
    void shouldTakeOnlyCoresThatTheProcessMayRunOnAndOneNodeWhereNoneIsTold() {
        HostTopology host = RecordedHost.read("confined");
        assertThat(host.cores()).containsExactly(1, 2, 3);
        assertThat(host.nodes()).singleElement().satisfies(node -> {
            assertThat(node.cores()).containsExactly(1, 2, 3);
            assertThat(node.memory()).isEqualTo(host.memory());
        });
        assertThat(host.hugePages(2 << 20)).isEqualTo(new HostTopology.Pages(256, 128));
    }

    @Test
    void shouldSeeThisHost() {
        HostTopology host = HostTopology.read();
        assertThat(host.cores()).isNotEmpty();
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
