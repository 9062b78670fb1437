// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.access;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class OwnIdentityTest {
    @Test
    void shouldReadTheEffectiveUserAndAllGroups() {
        assertThat(OwnIdentity.parse(
                        List.of(
                                "Name:\tjava",
                                "Uid:\t1\t1000\t1000\t1000",
                                "Gid:\t1\t100\t100\t100",
                                "Groups:\t100 27 4 "),
                        "ada"))
                .isEqualTo(new Caller(1000, 100, List.of(100, 27, 4), "ada", Role.ADMIN));
    }

    @Test
    void shouldReadAUserWithoutFurtherGroups() {
        assertThat(OwnIdentity.parse(List.of("Uid:\t0\t0\t0\t0", "Gid:\t0\t0\t0\t0", "Groups:\t "), "root")
                        .groups())
                .isEmpty();
    }

    @Test
    void shouldBeAnAdministrator() {
        assertThat(OwnIdentity.ofThisProcess().role()).isEqualTo(Role.ADMIN);
        assertThat(OwnIdentity.ofThisProcess().name()).isEqualTo(System.getProperty("user.name"));
    }
}
