// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SignalForwarderTest {
    private static final int INT = 2;
    private static final int TERM = 15;

    private final List<Integer> sent = new ArrayList<>();
    private long now;
    private final SignalForwarder forwarder = new SignalForwarder(sent::add, () -> now);

    @Test
    void shouldHandOnASignal() {
        forwarder.accept(TERM);
        forwarder.accept(INT);
        assertThat(sent).containsExactly(TERM, INT);
    }

    @Test
    void shouldKillAfterASecondInterruptWithinASecond() {
        forwarder.accept(INT);
        now += Duration.ofMillis(900).toNanos();
        forwarder.accept(INT);
        assertThat(sent).containsExactly(INT, INT, 9);
    }

    @Test
    void shouldNotKillAfterASecondInterruptLater() {
        forwarder.accept(INT);
        now += Duration.ofMillis(1100).toNanos();
        forwarder.accept(INT);
        assertThat(sent).containsExactly(INT, INT);
    }
}
