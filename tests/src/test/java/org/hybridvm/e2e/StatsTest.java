// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code hvm run --stats} counts what happened, no more and no less. */
@WithVm
@Timeout(120)
class StatsTest {
    @Test
    void shouldCountEachSystemCallWhereItWasAnswered(Node node) throws Exception {
        String counted = Programs.in(node.folder()).path("counted").toString();

        String errors = node.hvm("run", "--vm", Node.VM, "--stats", "--", counted)
                .succeeded()
                .errors();

        assertThat(row(errors, "getppid"))
                .startsWith("getppid", "110", "0", "1000")
                .doesNotContain("-");
        assertThat(row(errors, "getpid")).containsExactly("getpid", "39", "1000", "0", "-");
        assertThat(row(errors, "exit_group")).startsWith("exit_group", "231", "0", "1");
        assertThat(row(errors, "page")).startsWith("page", "fault");
    }

    @Test
    void shouldCountCallByCallOnlyIfAsked(Node node) throws Exception {
        String counted = Programs.in(node.folder()).path("counted").toString();

        node.run(counted).succeeded();

        long job = node.json("jobs").objects("jobs").getLast().number("job");
        assertThat(node.hvm("logs", Long.toString(job)).succeeded().text())
                .contains("stats local=")
                .doesNotContain("stats-call");
    }

    /** The words of the table's row that begins so. */
    private static List<String> row(String errors, String name) {
        return errors.lines()
                .map(line -> Arrays.asList(line.replaceFirst("^hvm: ", "").split("\\s+")))
                .filter(words -> words.getFirst().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no row of " + name + " in\n" + errors));
    }
}
