// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.hybridvm.access.OwnIdentity;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileRightsTest {
    private static final int OWN = OwnIdentity.ofThisProcess().uid();
    private static final int SOMEBODY = 61234;

    @TempDir
    private Path folder;

    private Path secret;

    @BeforeEach
    void setUp() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        secret = Files.writeString(folder.resolve("secret"), "x");
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
    }

    @Test
    void shouldReadWithOnesOwn() {
        assertThat(FileRights.as(OWN, OWN, OWN, List.of(), () -> read(secret))).isEqualTo("x");
    }

    @Test
    void shouldNotReadWhatSomebodyElseMayNot() {
        assumeTrue(OWN == 0, "only root can take on somebody else's rights");
        assertThatThrownBy(() -> FileRights.as(OWN, SOMEBODY, SOMEBODY, List.of(), () -> read(secret)))
                .hasCauseInstanceOf(AccessDeniedException.class);
        assertThat(read(secret)).isEqualTo("x");
    }

    @Test
    void shouldReadWhatAFurtherGroupMay() throws IOException {
        assumeTrue(OWN == 0, "only root can take on somebody else's rights");
        Files.setAttribute(secret, "unix:gid", 61235);
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-r-----"));
        assertThat(FileRights.as(OWN, SOMEBODY, SOMEBODY, List.of(61235), () -> read(secret)))
                .isEqualTo("x");
        assertThatThrownBy(() -> FileRights.as(OWN, SOMEBODY, SOMEBODY, List.of(), () -> read(secret)))
                .hasCauseInstanceOf(AccessDeniedException.class);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
