// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What operations cost in instructions, on an HRT core and on a Linux core of the same VM. Unlike times these are the same
 * on every machine and in every run, so limits may stand on them.
 */
class InstructionsTest {
    @Test
    @Timeout(400)
    void shouldCostAFractionOfWhatTheyCostOnLinux(@TempDir Path folder) throws IOException {
        String script = Tree.ROOT.resolve("scripts/count-instructions").toString();

        Outcome counted = Commands.run(
                Commands.builder(folder, Map.of(), List.of(script, "--json")), new byte[0], Duration.ofMinutes(6));

        var ratio = new HashMap<String, Double>();
        for (var operation : JsonObject.parse(counted.succeeded().text()).objects("operations")) {
            assertThat(operation.number("hrt")).isPositive();
            ratio.put(operation.text("name"), operation.decimal("ratio"));
        }
        assertThat(ratio.get("getpid")).isLessThan(0.5);
        assertThat(ratio.get("thread create and join")).isLessThan(0.1);
        assertThat(ratio.get("event there and back (semaphores)")).isLessThan(0.3);
        assertThat(ratio.get("mutex and condition hand-off, there and back")).isLessThan(0.25);
        assertThat(ratio.get("barrier of two threads")).isLessThan(0.25);
        assertThat(ratio.get("hrt.h: thread create and join")).isLessThan(0.1);
        assertThat(ratio.get("hrt.h: event there and back")).isLessThan(0.25);
        assertThat(ratio.get("hrt.h: barrier of two threads")).isLessThan(0.2);
    }
}
