// SPDX-License-Identifier: Apache-2.0
package org.hybridvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HomeTest {
    private static final Path USER_HOME = Path.of("/home/me");

    @Test
    void shouldFollowHvmHome() {
        assertThat(Home.of(Map.of("HVM_HOME", "/srv/hvm"), true, USER_HOME))
                .isEqualTo(new Home(Path.of("/srv/hvm"), Path.of("/srv/hvm/run")));
    }

    @Test
    void shouldUseSystemFoldersAsRoot() {
        assertThat(Home.of(Map.of("XDG_STATE_HOME", "/x"), true, USER_HOME))
                .isEqualTo(new Home(Path.of("/var/lib/hvm"), Path.of("/run/hvm")));
    }

    @Test
    void shouldUseXdgFoldersAsAUser() {
        assertThat(Home.of(Map.of("XDG_STATE_HOME", "/state", "XDG_RUNTIME_DIR", "/run/user/1000"), false, USER_HOME))
                .isEqualTo(new Home(Path.of("/state/hvm"), Path.of("/run/user/1000/hvm")));
        assertThat(Home.of(Map.of(), false, USER_HOME))
                .isEqualTo(new Home(Path.of("/home/me/.local/state/hvm"), Path.of("/home/me/.local/state/hvm/run")));
    }

    @Test
    void shouldRefuseASocketPathThatTheKernelDoesNotTake() {
        Home home = Home.of(Map.of("HVM_HOME", "/" + "x".repeat(100)), false, USER_HOME);
        assertThatThrownBy(home::socket)
                .hasMessageContaining("(115 bytes). Allowed: at most 107 bytes. Try: set HVM_HOME to a shorter folder");
    }
}
