// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.hybridvm.HvmException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HealthReaderTest {
    @TempDir
    private Path folder;

    @Test
    void shouldWatchPartitionsByDefault() {
        assertThat(read("name: demo\n").partitions().getFirst().health()).isEqualTo(Health.DEFAULT);
    }

    @Test
    void shouldGiveEachPartitionTheHealthOfTheVmUnlessItHasItsOwn() {
        Layout layout = read("""
                name: demo
                health: {heartbeat: 1s, hung-after: 2500ms, on-hung: destroy}
                partitions:
                  - name: a
                  - name: b
                    health: {on-hung: report, ask: always}
                """);

        assertThat(layout.partitions().get(0).health())
                .isEqualTo(new Health(
                        Duration.ofSeconds(1), Duration.ofMillis(2500), Health.OnHung.DESTROY, Health.Ask.BUSY));
        assertThat(layout.partitions().get(1).health())
                .isEqualTo(new Health(
                        Duration.ofSeconds(1), Duration.ofMillis(2500), Health.OnHung.REPORT, Health.Ask.ALWAYS));
    }

    @Test
    void shouldAskNobodyIfTheHeartbeatIsOff() {
        assertThat(read("health: {heartbeat: off}\n")
                        .partitions()
                        .getFirst()
                        .health()
                        .heartbeat())
                .isZero();
    }

    @Test
    void shouldRefuseToCallACoreHungBeforeItWasAsked() {
        assertRefused("health: {heartbeat: 5s, hung-after: 3s}\n", "a core is HUNG before it was asked");
    }

    @Test
    void shouldRefuseWhatIsNoTime() {
        assertRefused("health: {heartbeat: 5}\n", "a time is expected");
        assertRefused("boot: {kernel: 1ms}\n", "a time is expected");
        assertRefused("boot: {karnel: 1s}\n", "karnel");
    }

    @Test
    void shouldReadTheLimitsOfTheBootsPhases() {
        assertThat(read("boot: {kernel: 90s, partition: 500ms, agent: 2min}\n").bootLimits())
                .isEqualTo(Map.of(
                        BootPhase.KERNEL,
                        Duration.ofSeconds(90),
                        BootPhase.PARTITION,
                        Duration.ofMillis(500),
                        BootPhase.AGENT,
                        Duration.ofMinutes(2)));
    }

    private Layout read(String yaml) {
        return new LayoutReader("demo.yaml", folder).read(yaml);
    }

    private void assertRefused(String yaml, String why) {
        assertThatThrownBy(() -> read(yaml)).isInstanceOf(HvmException.class).hasMessageContaining(why);
    }
}
