// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Signal handlers on HRT cores see and do what they do in the Linux partition. */
@WithVm
@Timeout(180)
class SignalTest {
    private static final int INT = 2;
    private static final int TERM = 15;

    private Node node;
    private String signals;

    @BeforeEach
    void copyPrograms(Node up) throws IOException {
        node = up;
        Path program = Programs.in(up.folder()).path("signals");
        signals = program.toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"masks", "faults", "stack", "timer", "interrupt", "waiting", "queue", "threads"})
    void shouldHandleSignalsAsLinuxDoes(String part) {
        Outcome onLinux = node.linux(signals, part).succeeded();

        Outcome onHrt = node.onCores(2, signals, part);

        assertThat(onHrt.succeeded().text()).isEqualTo(onLinux.text()).isNotEmpty();
        assertThat(onHrt.errors()).isEmpty();
    }

    /** What a terminal or a batch system sends to {@code hvm run} reaches the program's handlers. */
    @Test
    void shouldPassOnTheSignalsOfItsUser() throws Exception {
        Process run = node.command("run", "--vm", Node.VM, "--", signals, "obey")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        BufferedReader output = run.inputReader();
        assertThat(output.readLine()).isEqualTo("ready");

        send(INT, run);
        assertThat(output.readLine()).isEqualTo("interrupted");
        send(TERM, run);

        assertThat(output.readLine()).isEqualTo("done after 2");
        assertThat(run.waitFor()).isEqualTo(3);
    }

    private static void send(int signal, Process process) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }
}
