// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.hybridvm.job.GuestCommand;
import org.junit.jupiter.api.Test;

class CallerIdentityTest {
    @Test
    void shouldReadTheEffectiveUserAndAllGroups() {
        assertThat(CallerIdentity.parse(List.of(
                        "Name:\tjava", "Uid:\t1\t1000\t1000\t1000", "Gid:\t1\t100\t100\t100", "Groups:\t100 27 4 ")))
                .isEqualTo(new GuestCommand.Identity(1000, 100, List.of(100, 27, 4)));
    }

    @Test
    void shouldReadAUserWithoutFurtherGroups() {
        assertThat(CallerIdentity.parse(List.of("Uid:\t0\t0\t0\t0", "Gid:\t0\t0\t0\t0", "Groups:\t "))
                        .groups())
                .isEmpty();
    }
}
