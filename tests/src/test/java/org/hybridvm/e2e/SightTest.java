// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What hvm top, hvm metrics and hvm events show of a real VM. */
@WithVm
@Timeout(120)
class SightTest {
    @Test
    void shouldCountWhatJobsOfAPartitionDid(Node node) throws Exception {
        String counted = Programs.in(node.folder()).path("counted").toString();
        JsonObject before = counters(node);

        node.run(counted).succeeded();

        JsonObject after = counters(node);
        assertThat(after.number("processes") - before.number("processes")).isEqualTo(1);
        assertThat(after.number("calls_local") - before.number("calls_local")).isGreaterThanOrEqualTo(1000);
        assertThat(after.number("calls_forwarded") - before.number("calls_forwarded"))
                .isGreaterThanOrEqualTo(1000);
    }

    @Test
    void shouldTellWhoseHostCoresAre(Node node) throws Exception {
        JsonObject top = top(node);
        assertThat(top.objects("cores")).isNotEmpty();
        assertThat(top.objects("cores").stream().map(core -> core.text("owner")))
                .contains(Node.VM + "/" + hrt(top).text("partition"));
        assertThat(hrt(top).texts("states")).containsOnly("idle");
    }

    @Test
    void shouldPrintMetricsOfTheVm(Node node) throws Exception {
        String metrics = node.hvm("metrics").succeeded().text();
        assertThat(metrics)
                .contains("hvm_vm_state{vm=\"" + Node.VM + "\",state=\"READY\"} 1\n")
                .containsPattern("hvm_partition_calls_total\\{vm=\"" + Node.VM
                        + "\",partition=\"[^\"]+\",answered=\"hrt\"} [0-9]+\n");
    }

    @Test
    void shouldTellWhatHappenedToAJob(Node node) throws Exception {
        node.run("/bin/busybox", "true").succeeded();
        long job = node.json("jobs").objects("jobs").getLast().number("job");
        List<String> states = node.hvm("events", "--subject", "job/" + job, "-o", "json")
                .succeeded()
                .text()
                .lines()
                .map(line -> JsonObject.parse(line).object("facts").text("state"))
                .toList();
        assertThat(states).containsExactly("PENDING", "RUNNING", "COMPLETED");
    }

    private static JsonObject counters(Node node) throws Exception {
        return hrt(top(node)).object("counters");
    }

    private static JsonObject hrt(JsonObject top) {
        return top.objects("partitions").stream()
                .filter(one ->
                        one.text("vm").equals(Node.VM) && one.text("kind").equals("hrt"))
                .findFirst()
                .orElseThrow();
    }

    private static JsonObject top(Node node) throws Exception {
        return JsonObject.parse(node.hvm("top", "-n", "1", "--interval", "0.5", "-o", "json")
                .succeeded()
                .text());
    }
}
