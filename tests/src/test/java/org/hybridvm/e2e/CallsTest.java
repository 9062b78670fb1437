// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** System calls, with sensible arguments and with others, answer and do on HRT cores what they do in the Linux partition. */
@WithVm
@Timeout(180)
class CallsTest {
    private Node node;
    private Programs programs;

    @BeforeEach
    void copyPrograms(Node up) throws IOException {
        node = up;
        programs = Programs.in(up.folder());
    }

    @ParameterizedTest
    @ValueSource(strings = {"files", "descriptors", "pipes", "memory", "identity", "time", "threads"})
    void shouldAnswerAsLinuxDoes(String family) {
        String program = programs.path("calls-" + family).toString();
        Outcome onLinux = node.linux(program).succeeded();

        Outcome onHrt = node.onCores(2, program).succeeded();

        assertThat(onHrt.text()).isEqualTo(onLinux.text()).endsWith("done\n");
    }
}
