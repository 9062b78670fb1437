// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Groups of tasks that processes of the Linux partition share HRT cores for, and OpenMP programs that do. */
@WithVm
@Timeout(240)
class PtaskTest {
    private static final String OPENMP = "LD_LIBRARY_PATH=/usr/lib/hvm/openmp";
    private static final Duration LIMIT = Duration.ofSeconds(150);

    private Node node;
    private Programs programs;

    @BeforeEach
    void copyPrograms(Node up) throws IOException {
        node = up;
        programs = Programs.in(up.folder());
    }

    /** The program checks itself; its parts are in tests/programs/ptask.c. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "once",
                "list",
                "width",
                "gang",
                "order",
                "turns",
                "full",
                "event",
                "fault",
                "library",
                "refused",
                "forked",
                "leave",
                "processes",
                "killed"
            })
    void shouldRunGroupsOfTasks(String part) {
        String ptask = programs.path("ptask").toString();

        assertThat(node.linux(ptask, part).succeeded().text()).isEqualTo("ok " + part + "\n");
    }

    @Test
    void shouldRunRegionsOnHrtCoresOnlyIfAskedTo() {
        String program = programs.path("openmp-regions").toString();

        assertThat(openmp("openmp-regions", "where").succeeded().text()).startsWith("ring 3, then 0; 2 threads of 2\n");
        assertThat(node.linux(program, "where").succeeded().text()).startsWith("ring 3, then 3; ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory", "stack", "locks", "threads", "forked", "constructs"})
    void shouldRunUnmodifiedOpenMpPrograms(String part) {
        Outcome outcome = openmp("openmp-regions", part).succeeded();

        assertThat(outcome.errors()).isEmpty();
        assertThat(outcome.text()).isEqualTo("ok " + part + "\n");
    }

    @Test
    void shouldRunFortran() {
        Outcome outcome = openmp("openmp-f90").succeeded();

        assertThat(outcome.errors()).isEmpty();
        assertThat(outcome.text()).isEqualTo("team 2 total 501500.0 schedule 3 chunk 5\n");
    }

    @ParameterizedTest
    @CsvSource({"cg, 64, 2", "stream, 100000, 2", "stencil, 128, 50", "fft, 12, 2", "nbody, 200, 3"})
    void shouldGiveTheStoredResult(String name, String size, String repetitions) throws IOException {
        Outcome outcome = openmp(name + "-shared", size, repetitions).succeeded();

        assertThat(outcome.text().lines()).containsExactly(stored(name));
        assertThat(outcome.errors()).startsWith(name + ": 2 threads, ");
    }

    @Test
    void shouldLetTwoOpenMpProgramsShareTheCores() throws Exception {
        Path crowd = node.folder().resolve("crowd");
        Files.deleteIfExists(crowd);

        CompletableFuture<Outcome> other = inBackground("cg-shared", "48", "1");
        List<CompletableFuture<Outcome>> crowds = List.of(
                inBackground("openmp-regions", "crowd", crowd.toString()),
                inBackground("openmp-regions", "crowd", crowd.toString()));

        for (CompletableFuture<Outcome> each : crowds) {
            assertThat(each.get().succeeded().text()).isEqualTo("most 2\nok crowd\n");
        }
        assertThat(other.get().succeeded().text()).contains("cg: size 48");
    }

    @Test
    void shouldEndAProgramWhoseRegionFails() {
        Outcome outcome = openmp("openmp-regions", "fault").endedWith(128 + 11);

        assertThat(outcome.text()).isEqualTo("before\n");
        assertThat(outcome.errors()).contains("a task on core 1 of the pool failed", "address 0x28");
        assertThat(openmp("openmp-regions", "memory").succeeded().text()).isEqualTo("ok memory\n");
    }

    @Test
    void shouldNameAConstructThatIsNotServed() {
        Outcome outcome = openmp("openmp-regions", "target").endedWith(128 + 6);

        assertThat(outcome.text()).isEmpty();
        assertThat(outcome.errors()).contains("hvm-openmp: the program has a target construct");
    }

    /** All cores belong to an HRT program: OpenMP programs say so, and compute nevertheless. */
    @Test
    void shouldRunRegionsInLinuxIfThereIsNoCore() throws Exception {
        Process program = node.command("run", "--vm", Node.VM, "--cores", "2", "--", "/bin/busybox", "cat")
                .start();
        try {
            program.getOutputStream().write('x');
            program.getOutputStream().flush();
            assertThat(program.getInputStream().read()).isEqualTo('x');

            Outcome outcome = openmp("openmp-regions", "where").succeeded();

            assertThat(outcome.errors()).contains("hvm-openmp: ", "Parallel regions run on one thread of Linux");
            assertThat(outcome.text()).startsWith("ring 3, then 3; 1 threads of 1\n");
        } finally {
            program.getOutputStream().close();
            program.waitFor();
        }
    }

    private Outcome openmp(String program, String... arguments) {
        var words = new ArrayList<>(List.of("run", "--vm", Node.VM, "--linux", "--env", OPENMP, "--"));
        words.add(programs.path(program).toString());
        words.addAll(List.of(arguments));
        return Commands.run(node.command(words.toArray(String[]::new)), new byte[0], LIMIT);
    }

    private CompletableFuture<Outcome> inBackground(String program, String... arguments) {
        return CompletableFuture.supplyAsync(() -> openmp(program, arguments));
    }

    private static String stored(String name) throws IOException {
        return Files.readAllLines(Tree.ROOT.resolve("examples/expected.txt")).stream()
                .filter(line -> line.startsWith(name + ":"))
                .findFirst()
                .orElseThrow();
    }
}
