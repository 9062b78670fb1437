// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SignalsTest {
    @Test
    void shouldReadNamesAndNumbers() {
        assertThat(Signals.parse("TERM")).contains(15);
        assertThat(Signals.parse("SIGTERM")).contains(15);
        assertThat(Signals.parse("sigkill")).contains(9);
        assertThat(Signals.parse("64")).contains(64);
    }

    @Test
    void shouldRefuseWhatIsNoSignal() {
        assertThat(Signals.parse("0")).isEmpty();
        assertThat(Signals.parse("65")).isEmpty();
        assertThat(Signals.parse("")).isEmpty();
        assertThat(Signals.parse("SIG")).isEmpty();
    }

    @Test
    void shouldName() {
        assertThat(Signals.name(11)).isEqualTo("SIGSEGV");
        assertThat(Signals.name(40)).isEqualTo("signal 40");
    }
}
