// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** hvm bench native measures on the host alone; what it measures depends on the machine and is not asserted. */
@Timeout(180)
class NativeBenchTest {
    @Test
    void shouldPutEveryWayToHandOverBesideTheBareLineWithoutAnHvmd(@TempDir Path folder) {
        Path home = folder.resolve("home");
        String hvm = Tree.ROOT.resolve("scripts/hvm").toString();

        Outcome bench = Commands.run(
                        Commands.builder(
                                folder,
                                Map.of("HVM_HOME", home.toString()),
                                List.of(hvm, "bench", "native", "--batches", "3", "-o", "json")),
                        new byte[0],
                        Duration.ofSeconds(150))
                .succeeded();

        List<JsonObject> metrics = JsonObject.parse(bench.text()).objects("metrics");
        assertThat(metrics.stream().map(metric -> metric.text("name")))
                .containsExactly(
                        "slot.roundtrip",
                        "ring.roundtrip",
                        "io_uring.roundtrip",
                        "ring.roundtrip.32",
                        "io_uring.roundtrip.32",
                        "ring.message",
                        "eventfd.roundtrip",
                        "futex.roundtrip",
                        "pipe.roundtrip");
        assertThat(metrics).allSatisfy(NativeBenchTest::assertSane);
        assertThat(home).doesNotExist();
    }

    /** A host may refuse io_uring, and then says why. */
    private static void assertSane(JsonObject metric) {
        if (metric.text("name").startsWith("io_uring") && metric.has("refused")) {
            assertThat(metric.text("refused")).contains("io_uring");
            return;
        }
        assertThat(metric.text("unit")).isEqualTo("ns");
        assertThat(metric.text("beside")).isEqualTo("line.roundtrip");
        assertThat(metric.decimal("ratio")).isPositive().isFinite();
        assertThat(metric.decimal("value")).isPositive().isFinite();
        assertThat(metric.decimal("p10")).isLessThanOrEqualTo(metric.decimal("p90"));
        assertThat(metric.number("samples")).isPositive();
    }
}
