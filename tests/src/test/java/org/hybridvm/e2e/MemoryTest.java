// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** With how many and what pages a program's memory is made. */
@WithVm
@Timeout(180)
class MemoryTest {
    private static final Pattern FAULTS = Pattern.compile("page faults forwarded: (\\d+)");

    private Node node;
    private Programs programs;

    @BeforeEach
    void copyPrograms(Node up) throws Exception {
        node = up;
        programs = Programs.in(up.folder());
    }

    @Test
    void shouldMakeLargeMappingsOfHugePages() {
        Outcome outcome = pages("64");

        assertThat(outcome.text()).isEqualTo("resident 65536 kB, huge 65536 kB\n");
        assertThat(faults(outcome)).isBetween(32L, 64L);
    }

    @Test
    void shouldMakeSmallPagesIfAsked() {
        Outcome outcome = pages("16", "--no-huge-pages");

        assertThat(outcome.text()).isEqualTo("resident 16384 kB, huge 0 kB\n");
        assertThat(faults(outcome)).isGreaterThanOrEqualTo(4096);
    }

    @Test
    void shouldForwardNoPageFaultOfAPopulatedProgram() {
        Outcome outcome = pages("64", "--populate");

        assertThat(outcome.text()).isEqualTo("resident 65536 kB, huge 65536 kB\n");
        assertThat(faults(outcome)).isZero();
    }

    @Test
    void shouldForwardNoPageFaultOfPopulatedSmallPages() {
        Outcome outcome = pages("16", "--populate", "--no-huge-pages");

        assertThat(outcome.text()).isEqualTo("resident 16384 kB, huge 0 kB\n");
        assertThat(faults(outcome)).isZero();
    }

    @Test
    void shouldRunProgramsPopulatedAsTheyRunOtherwise() {
        for (String program : List.of("threads", "openmp", "compute")) {
            String path = programs.path(program).toString();
            List<String> words = program.equals("threads") ? List.of(path, "doubles", "6") : List.of(path);
            assertThat(run(words, "--populate", "--cores", "2").succeeded().text())
                    .isEqualTo(run(words, "--cores", "2").succeeded().text());
        }
    }

    @Test
    void shouldLoseNoWriteWhileHugePagesAreSplitAndCollapsed() {
        Outcome outcome = run(List.of(programs.path("hugepages").toString(), "40"), "--cores", "2");

        assertThat(outcome.succeeded().text()).isEqualTo("collapsed, checked\n");
    }

    @Test
    void shouldTakeLargeMappingsFromThePartitionIfAsked() {
        String program = programs.path("partmem").toString();

        assertThat(run(List.of(program)).succeeded().text()).isEqualTo("linux\n");
        assertThat(run(List.of(program), "--partition-memory").succeeded().text())
                .isEqualTo("partition\n");
        assertThat(used()).isZero();
    }

    @Test
    void shouldForwardNoPageFaultOfPartitionMemory() {
        String program = programs.path("partmem").toString();

        Outcome outcome = run(List.of(program, "10"), "--partition-memory", "--populate", "--stats");

        assertThat(outcome.succeeded().text()).isEqualTo("partition\n");
        assertThat(faults(outcome)).isZero();
    }

    @Test
    void shouldGoOnWithLinuxMemoryWhereThePartitionsIsUsedUp() {
        String program = programs.path("partmem").toString();

        assertThat(run(List.of(program, "100"), "--partition-memory")
                        .succeeded()
                        .text())
                .isEqualTo("linux\n");
        assertThat(used()).isZero();
    }

    private long used() {
        return node.json("info", Node.VM).objects("partitions").get(1).number("program_memory_used_mib");
    }

    private Outcome pages(String mebibytes, String... options) {
        var all = new ArrayList<>(List.of(options));
        all.add("--stats");
        return run(List.of(programs.path("pages").toString(), mebibytes), all.toArray(String[]::new))
                .succeeded();
    }

    private Outcome run(List<String> program, String... options) {
        var words = new ArrayList<>(List.of("run", "--vm", Node.VM));
        words.addAll(List.of(options));
        words.add("--");
        words.addAll(program);
        return node.hvm(words.toArray(String[]::new));
    }

    private static long faults(Outcome outcome) {
        Matcher matcher = FAULTS.matcher(outcome.errors());
        assertThat(matcher.find()).as(outcome.errors()).isTrue();
        return Long.parseLong(matcher.group(1));
    }
}
