// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Processes of the Linux partition have HRT cores run their functions. The programs check themselves. */
@WithVm
@Timeout(180)
class CallTest {
    /** How long memory changes under a function's hands, for each way: scripts/soak takes longer. */
    private static final String SECONDS = Objects.requireNonNullElse(System.getenv("HVM_TEST_STRESS_SECONDS"), "1");

    private Node node;
    private Programs programs;

    @BeforeEach
    void copyPrograms(Node up) throws IOException {
        node = up;
        programs = Programs.in(up.folder());
    }

    @ParameterizedTest
    @ValueSource(strings = {"values", "callers", "nesting", "again", "refusals", "forks", "leftovers", "rights"})
    void shouldCallFunctions(String part) {
        assertThat(runs("call-basics", part)).containsExactly("ok " + part);
    }

    @Test
    void shouldLetFunctionsUseTheLibraryAndTheProcess() {
        assertThat(runs("call-basics", "library")).containsExactly("a function prints: hello", "ok library");
    }

    /** By _exit, abort and execve in a function. */
    @Test
    void shouldLetFunctionsEndTheProcess() {
        assertThat(runs("call-basics", "ends")).containsExactly("ok values", "ok ends");
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory", "instructions", "stack", "limits", "races", "exits", "futures"})
    void shouldSurviveFunctionsThatFail(String part) {
        assertThat(runs("call-failures", part)).containsExactly("ok " + part);
    }

    @Test
    void shouldTellWhereAFunctionFailed() {
        List<String> lines = runs("call-failures-shared", "print");

        assertThat(lines.getFirst())
                .isEqualTo("function on HRT core 0: exception 14, page fault: write to 0x10, where nothing may be");
        assertThat(lines)
                .anyMatch(line -> line.matches("  #0 0x[0-9a-f]+ write_to\\+0x[0-9a-f]+ \\(call-failures-shared\\)"));
        assertThat(lines)
                .anyMatch(line -> line.matches("  #1 0x[0-9a-f]+ outer\\+0x[0-9a-f]+ \\(call-failures-shared\\)"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"outstanding", "batches", "asleep", "waiters", "stealing", "full", "ranks", "events", "detaching"
            })
    void shouldRunWhatIsSubmitted(String part) {
        assertThat(runs("call-async", part)).containsExactly("ok " + part);
    }

    @ParameterizedTest
    @ValueSource(strings = {"append", "fresh", "files", "changes", "away"})
    void shouldSeeTheMemoryOfTheProcess(String part) {
        assertThat(runs("call-memory", part)).containsExactly("ok " + part);
    }

    @ParameterizedTest
    @ValueSource(strings = {"dropped", "replaced", "moved", "forked", "compacted", "collapsed"})
    void shouldSeeMemoryChangeUnderAFunctionsHands(String change) {
        assertThat(runs("call-memory", "together-" + change, SECONDS)).containsExactly("ok together-" + change);
    }

    @ParameterizedTest
    @ValueSource(strings = {"killed 100", "replaced 30", "beside 30"})
    void shouldFreeTheCoresOfProcessesThatDie(String part) {
        String[] words = part.split(" ");

        assertThat(runs("call-deaths", words)).containsExactly("ok " + words[0]);
        node.run("/bin/busybox", "true").succeeded();
    }

    private List<String> runs(String program, String... words) {
        var command = new ArrayList<>(List.of(
                "run", "--vm", Node.VM, "--linux", "--", programs.path(program).toString()));
        command.addAll(List.of(words));

        Outcome outcome =
                Commands.run(node.command(command.toArray(String[]::new)), new byte[0], Duration.ofSeconds(150));

        assertThat(outcome.succeeded().errors()).isEmpty();
        return outcome.text().lines().toList();
    }
}
