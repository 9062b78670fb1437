// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an admin looks at and does. */
@WithVm
@Timeout(120)
class AdministrationTest {
    @Test
    void shouldShowThePartitionsOfAVm(Node node) {
        List<JsonObject> partitions = node.json("info", Node.VM).objects("partitions");

        assertThat(partitions.stream().map(partition -> partition.text("name"))).containsExactly("linux", "hrt");
        JsonObject hrt = partitions.get(1);
        assertThat(hrt.text("state")).isEqualTo("READY");
        assertThat(hrt.number("cores_free")).isEqualTo(2);
        assertThat(hrt.number("boots")).isPositive();
    }

    @Test
    void shouldCountTheBootsOfAPartition(Node node) {
        long before = boots(node);

        JsonObject answer = node.json("reboot", Node.VM + "/hrt");

        assertThat(answer.text("state")).isEqualTo("READY");
        assertThat(boots(node)).isEqualTo(before + 1);
    }

    @Test
    void shouldShowTheLogsOfBothKernels(Node node) {
        assertThat(node.hvm("logs", Node.VM).succeeded().text()).contains("Linux version");
        assertThat(node.hvm("logs", Node.VM + "/hrt").succeeded().text()).contains("core 0: ready");
        assertThat(node.hvm("console", Node.VM).succeeded().text()).contains("hvm-agent: HRT ready");
    }

    @Test
    void shouldKeepTheReportOfAJob(Node node) {
        node.run("/bin/busybox", "true").succeeded();
        JsonObject job = node.json("jobs").objects("jobs").getLast();

        assertThat(job.text("state")).isEqualTo("COMPLETED");
        assertThat(node.hvm("logs", String.valueOf(job.number("job")))
                        .succeeded()
                        .text())
                .contains("started cores=1")
                .contains("stats local=");
    }

    @Test
    void shouldRefuseToRebootUnderAJob(Node node) throws Exception {
        Process loop = node.command("run", "--vm", Node.VM, "--", fault(node), "loop")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (var output = loop.inputReader()) {
            assertThat(output.readLine()).isEqualTo("looping");

            Outcome refused = node.hvm("reboot", Node.VM + "/hrt").endedWith(1);

            assertThat(refused.errors()).contains("Jobs run on the partition").contains("hvm cancel ");
            node.hvm("reboot", "--force", Node.VM + "/hrt").succeeded();
            loop.waitFor();
            assertThat(loop.exitValue()).isNotZero();
            node.run("/bin/busybox", "true").succeeded();
        } finally {
            loop.destroyForcibly();
        }
    }

    private static String fault(Node node) throws Exception {
        return Programs.in(node.folder()).path("fault").toString();
    }

    private static long boots(Node node) {
        return node.json("info", Node.VM).objects("partitions").get(1).number("boots");
    }
}
