// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs that use hrt.h, on HRT cores and in the Linux partition. */
@WithVm
@Timeout(180)
class HrtTest {
    private Node node;
    private Programs programs;
    private String hrt;

    @BeforeEach
    void copyPrograms(Node up) throws IOException {
        node = up;
        programs = Programs.in(up.folder());
        hrt = programs.path("hrt").toString();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "threads",
                "mutex",
                "condition",
                "event",
                "barrier",
                "fibers",
                "tasks",
                "interrupts",
                "clocks",
                "cores",
                "signals",
                "forked"
            })
    void shouldDoTheSameOnBothPartitions(String part) {
        String inLinux = node.linux(hrt, part).succeeded().text();

        assertThat(onCores(2, part)).isEqualTo(inLinux);
    }

    /** All threads share the core. */
    @ParameterizedTest
    @ValueSource(strings = {"threads", "mutex", "condition", "event", "barrier", "tasks"})
    void shouldDoItOnOneCore(String part) {
        String inLinux = node.linux(hrt, part).succeeded().text();

        assertThat(onCores(1, part)).isEqualTo(inLinux);
    }

    @Test
    void shouldFindTheAerokernelOnItsCoresOnly() {
        assertThat(onCores(1, "where")).isEqualTo("hrt\n");
        assertThat(node.linux(hrt, "where").succeeded().text()).isEqualTo("linux\n");
    }

    @Test
    void shouldFindTheSharedLibraryInTheGuest() {
        String shared = programs.path("hrt-shared").toString();

        assertThat(node.run(shared, "where").succeeded().text()).isEqualTo("hrt\n");
        assertThat(node.onCores(2, shared, "tasks").succeeded().text())
                .isEqualTo(onCores(2, "tasks"))
                .isNotEmpty();
    }

    @Test
    void shouldTellTimeAndCoreWithoutSystemCalls() {
        String errors = node.hvm("run", "--vm", Node.VM, "--stats", "--", hrt, "quiet")
                .succeeded()
                .errors();

        assertThat(errors).contains("exit_group").doesNotContain("clock_gettime", "getcpu", "sched_yield", "futex");
    }

    @Test
    void shouldReportTheProgramThatCrashedInAPrimitive() {
        assertThat(node.run(hrt, "crash").endedWith(128 + 11).errors())
                .contains("SIGSEGV at address 0x8")
                .contains("hrt_event_wait");
    }

    @ParameterizedTest
    @CsvSource({"hrt-stencil, 128, 50", "hrt-tasks, 14, 2", "hrt-fibers, 200, 1"})
    void shouldGiveTheStoredResult(String name, String size, String repetitions) throws IOException {
        Path program = programs.path(name);
        String stored = Files.readAllLines(Tree.ROOT.resolve("examples/expected.txt")).stream()
                .filter(line -> line.startsWith(name + ":"))
                .findFirst()
                .orElseThrow();

        Outcome onHrt = node.onCores(2, program.toString(), size, repetitions);

        assertThat(onHrt.succeeded().text()).isEqualTo(stored + "\n");
    }

    private String onCores(int cores, String part) {
        Outcome outcome = node.onCores(cores, hrt, part).succeeded();
        assertThat(outcome.errors()).isEmpty();
        return outcome.text();
    }
}
