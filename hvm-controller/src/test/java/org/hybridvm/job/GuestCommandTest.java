// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class GuestCommandTest {
    private final GuestCommand command = new GuestCommand(
            "hrt",
            PartitionKind.HRT,
            2,
            Set.of(),
            List.of("/bin/true"),
            List.of("HOME=/root", "OMP_NUM_THREADS=2"),
            "/",
            GuestCommand.Identity.ROOT);

    @Test
    void shouldAddAVariableThatIsNotThere() {
        assertThat(command.withDefault("OMP", "x").environment())
                .containsExactly("HOME=/root", "OMP_NUM_THREADS=2", "OMP=x");
    }

    @Test
    void shouldKeepAVariableThatIsThere() {
        assertThat(command.withDefault("OMP_NUM_THREADS", "1")).isSameAs(command);
    }
}
