// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** hvm bench measures; what it measures depends on the machine and is not asserted. */
@WithVm
class BenchTest {
    @Test
    @Timeout(300)
    void shouldPrintTheMetricsOfBootCallsThreadsOpenMpAndPtasks(Node node) {
        Outcome bench = Commands.run(node.command("bench", Node.VM, "-o", "json"), new byte[0], Duration.ofSeconds(240))
                .succeeded();

        List<JsonObject> metrics = JsonObject.parse(bench.text()).objects("metrics");
        assertThat(metrics.stream().map(metric -> metric.text("name")))
                .contains(
                        "hrt.boot.first_instruction",
                        "hrt.boot.ready",
                        "call.sync",
                        "call.sync.line",
                        "call.async",
                        "call.parallel",
                        "merge",
                        "syscall.local",
                        "syscall.forwarded.polling",
                        "syscall.forwarded.asleep",
                        "thread.create_join",
                        "thread.switch",
                        "event.wake",
                        "mutex.handoff",
                        "barrier",
                        "fiber.switch",
                        "task.throughput",
                        "posix.create_join",
                        "openmp.region",
                        "openmp.step",
                        "ptask.throughput",
                        "ptask.throughput.single",
                        "ptask.group_wait",
                        "host.call",
                        "host.call.kernel");
        assertThat(metrics).allSatisfy(metric -> {
            assertThat(metric.text("unit")).isNotEmpty();
            assertThat(metric.text("beside")).isNotEmpty();
            assertThat(metric.optionalDecimal("value"))
                    .hasValueSatisfying(value -> assertThat(value).isPositive());
        });
    }
}
