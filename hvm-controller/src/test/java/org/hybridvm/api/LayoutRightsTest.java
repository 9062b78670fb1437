// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;
import org.hybridvm.access.OwnIdentity;
import org.hybridvm.access.Role;
import org.hybridvm.layout.LayoutReader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a layout may name is what its caller may reach. Only root can look with another's rights. */
class LayoutRightsTest {
    private static final Caller OTHER = new Caller(54321, 54321, List.of(54321), "oda", Role.OPERATOR);

    @TempDir
    private Path folder;

    @BeforeEach
    void open() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @Test
    void shouldLetHvmdsOwnUserMountAll() throws IOException {
        mode("rwx------");
        assertThatCode(() -> declare("mounts: [x]", OwnIdentity.ofThisProcess()))
                .doesNotThrowAnyException();
    }

    @Test
    void shouldRefuseAMountThatTheCallerCannotEnter() throws IOException {
        assumeRoot();
        mode("rwxr-----");
        assertThatThrownBy(() -> declare("mounts: [{source: x, readonly: true}]", OTHER))
                .isInstanceOf(HvmException.class)
                .hasMessageStartingWith("The caller may not enter a folder that the layout mounts: "
                        + folder.toRealPath() + "/x (as oda)");
    }

    @Test
    void shouldMountAFolderThatTheCallerMayNotWriteToOnlyReadOnly() throws IOException {
        assumeRoot();
        mode("rwxr-xr-x");
        assertThatCode(() -> declare("mounts: [{source: x, readonly: true}]", OTHER))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> declare("mounts: [x]", OTHER))
                .isInstanceOfSatisfying(
                        HvmException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.HOST_PERMISSION))
                .hasMessageContaining("readonly: true}");
        mode("rwxrwxrwx");
        assertThatCode(() -> declare("mounts: [x]", OTHER)).doesNotThrowAnyException();
    }

    @Test
    void shouldRefuseAKernelThatTheCallerMayNotRead() throws IOException {
        assumeRoot();
        Path kernel = Files.createFile(folder.resolve("vmlinux"));
        Files.setPosixFilePermissions(kernel, PosixFilePermissions.fromString("rw-------"));
        String layout = "linux: {kernel: vmlinux}\nmounts: []";
        assertThatThrownBy(() -> declare(layout, OTHER))
                .hasMessageStartingWith("The caller may not read a file that the layout names: ")
                .extracting(refusal -> ((HvmException) refusal).field())
                .isEqualTo("linux.kernel");
        Files.setPosixFilePermissions(kernel, PosixFilePermissions.fromString("rw-r--r--"));
        assertThatCode(() -> declare(layout, OTHER)).doesNotThrowAnyException();
    }

    private void declare(String layout, Caller caller) {
        caller.look(() -> {
            LayoutRights.require(new LayoutReader("layout.yaml", folder).read(layout), caller);
            return null;
        });
    }

    private void mode(String permissions) throws IOException {
        Path mounted = folder.resolve("x");
        Files.createDirectories(mounted);
        Files.setPosixFilePermissions(mounted, PosixFilePermissions.fromString(permissions));
    }

    private static void assumeRoot() {
        assumeTrue(OwnIdentity.ofThisProcess().uid() == 0, "only root can look with another's rights");
    }
}
