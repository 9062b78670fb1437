// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.hybridvm.layout.BootPhase;
import org.hybridvm.layout.Layout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BootProgressTest implements BootObserver {
    private static final Duration NEVER = Duration.ofMinutes(60);

    private final List<String> told = new ArrayList<>();
    private final CompletableFuture<String> answer = new CompletableFuture<>();

    @Test
    void shouldFollowTheAgentsLinesThroughAllPhases() throws Exception {
        BootProgress progress = progress(Map.of());
        progress.begin();
        for (String stamp : List.of("init", "modules", "mounts", "module", "partition fast", "partition small")) {
            progress.line("hvm-agent: " + stamp + " at 1.234 s");
        }

        assertThat(progress.phase()).isEqualTo("agent");
        answer.complete("here");
        progress.await(answer, this);

        assertThat(told)
                .containsExactly(
                        "firmware and kernel",
                        "Linux init",
                        "module hvm.ko",
                        "HRT partition fast",
                        "HRT partition small");
    }

    @Test
    void shouldNameThePhaseThatIsNotOverAtItsLimit() {
        BootProgress progress = progress(Map.of(BootPhase.PARTITION, Duration.ofMillis(100)));
        progress.begin();
        progress.line("[    1.0] noise; hvm-agent: partition");
        progress.line("hvm-agent: partition fast at 2.000 s");

        assertThatThrownBy(() -> progress.await(answer, this))
                .isInstanceOf(BootProgress.Overdue.class)
                .hasMessage("not done within 100ms (boot.partition of the layout)")
                .satisfies(e -> assertThat(((BootProgress.Overdue) e).phase()).isEqualTo("HRT partition small"));
    }

    @Test
    void shouldNotGoBackToAPhaseThatIsOver() {
        BootProgress progress = progress(Map.of());
        progress.begin();
        progress.line("hvm-agent: module at 2.000 s");
        progress.line("hvm-agent: init at 1.000 s");

        assertThat(progress.phase()).isEqualTo("HRT partition fast");
    }

    @Test
    void shouldGiveAnInterpretedGuestMoreTimeUnlessTheLayoutSaysSo() {
        Layout layout = layout(Map.of(BootPhase.AGENT, Duration.ofSeconds(1)));
        var limits = new BootLimits(layout, Accelerator.TCG);

        assertThat(limits.of(BootPhase.KERNEL))
                .isEqualTo(BootPhase.KERNEL.limit().multipliedBy(4));
        assertThat(limits.of(BootPhase.IMAGES)).isEqualTo(BootPhase.IMAGES.limit());
        assertThat(limits.of(BootPhase.AGENT)).isEqualTo(Duration.ofSeconds(1));
    }

    private static BootProgress progress(Map<BootPhase, Duration> limits) {
        var all = new java.util.EnumMap<BootPhase, Duration>(BootPhase.class);
        for (BootPhase phase : BootPhase.values()) {
            all.put(phase, limits.getOrDefault(phase, NEVER));
        }
        Layout layout = layout(all);
        return new BootProgress(layout, new BootLimits(layout, Accelerator.KVM));
    }

    private static Layout layout(Map<BootPhase, Duration> limits) {
        Layout layout = TestLayouts.full(Layout.Machine.AUTO, Layout.Acceleration.AUTO);
        return new Layout(
                layout.name(),
                layout.memory(),
                layout.linux(),
                layout.partitions(),
                layout.host(),
                layout.mounts(),
                layout.machine(),
                layout.acceleration(),
                layout.consoleLimit(),
                layout.window(),
                limits,
                layout.access());
    }

    @Override
    public void begin(String phase) {}

    @Override
    public void end(String phase, long milliseconds) {
        told.add(phase);
    }

    @Override
    public void note(String text) {}
}
