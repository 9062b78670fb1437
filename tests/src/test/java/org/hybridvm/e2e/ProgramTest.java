// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Static C programs on the HRT behave as on the host. */
@WithVm
@Timeout(300)
class ProgramTest {
    private Node node;
    private Programs programs;

    @BeforeEach
    void copyPrograms(Node up) throws IOException {
        node = up;
        programs = Programs.in(up.folder());
    }

    @Test
    void shouldComputeWithDoublesAvx2AndAGibibyteOfHeap() {
        Path compute = programs.path("compute");
        Outcome onHost = Commands.run(
                Commands.builder(node.folder(), Map.of(), List.of(compute.toString())),
                new byte[0],
                Duration.ofMinutes(1));

        assertThat(node.run(compute.toString()).succeeded().text())
                .isEqualTo(onHost.succeeded().text());
    }

    @Test
    void shouldPassArgumentsFolderIdentityAndStatus() {
        Outcome greeted =
                node.run(programs.path("greet").toString(), "3", "two words").endedWith(3);

        assertThat(greeted.text()).isEqualTo("""
                        argument 1: 3
                        argument 2: two words
                        variable: (none)
                        folder: %s
                        ids: %s
                        """.formatted(node.folder(), ids()));
        assertThat(greeted.errors()).isEqualTo("on standard error\n");
    }

    @Test
    void shouldRunAStaticPie() {
        node.run(programs.path("static-pie").toString(), "0").succeeded();
    }

    @Test
    void shouldRunTheSameProgramInTheLinuxPartition() {
        assertThat(node.linux(programs.path("greet").toString(), "5")
                        .endedWith(5)
                        .text())
                .startsWith("argument 1: 5\n");
    }

    @Test
    void shouldCarryInputToTheProgramAndItsEnd() {
        byte[] input = "b\na\nc\n".getBytes(StandardCharsets.UTF_8);

        assertThat(node.runWith(input, "/bin/busybox", "sort").succeeded().text())
                .isEqualTo("a\nb\nc\n");
    }

    @Test
    void shouldFindABareNameInTheGuest() {
        assertThat(node.run("busybox", "echo", "found").succeeded().text()).isEqualTo("found\n");
    }

    private static String ids() {
        Outcome outcome = Commands.run(
                Commands.builder(Path.of("/"), Map.of(), List.of("sh", "-c", "echo $(id -u) $(id -g)")),
                new byte[0],
                Duration.ofSeconds(10));
        return outcome.text().strip();
    }
}
