// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstanceLockTest {
    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void setUp() {
        file = folder.resolve("hvmd.lock");
    }

    @Test
    void shouldNameTheOwnerToASecond() throws IOException {
        try (var _ = InstanceLock.take(file)) {
            assertThatThrownBy(() -> InstanceLock.take(file))
                    .hasMessage("Another hvmd has this state folder: %s. Owner: process %d. Try: hvm daemon status"
                            .formatted(file, ProcessHandle.current().pid()));
        }
    }

    @Test
    void shouldTakeOverAFileThatWasLeftBehind() throws IOException {
        Files.writeString(file, "99999999 and more text");
        try (var _ = InstanceLock.take(file)) {
            assertThat(Files.readString(file)).isEqualTo(ProcessHandle.current().pid() + "\n");
        }
    }
}
