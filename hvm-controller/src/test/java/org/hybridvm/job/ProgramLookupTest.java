// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.hybridvm.job.ProgramLookup.Program;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgramLookupTest {
    @TempDir
    private Path temporary;

    private Path mount;
    private Path outside;
    private ProgramLookup lookup;

    @BeforeEach
    void setUp() throws IOException {
        Path root = temporary.toRealPath();
        mount = Files.createDirectory(root.resolve("mount"));
        outside = Files.createDirectory(root.resolve("outside"));
        lookup = new ProgramLookup("demo", List.of(mount), mount);
    }

    @Test
    void shouldPassOnARelativePathAsItWasTyped() throws IOException {
        Path file = executable(mount.resolve("solver"));
        assertThat(lookup.find("./solver", "")).isEqualTo(new Program("./solver", Optional.of(file)));
    }

    @Test
    void shouldTakeAPathOutsideTheMountsForTheGuestsOwn() {
        assertThat(lookup.find("/bin/busybox", "")).isEqualTo(new Program("/bin/busybox", Optional.empty()));
    }

    @Test
    void shouldLookForABareNameAlongTheMountedPartOfPath() throws IOException {
        Path file = executable(Files.createDirectory(mount.resolve("bin")).resolve("tool"));
        executable(outside.resolve("tool"));
        assertThat(lookup.find("tool", outside + ":" + mount + "/bin"))
                .isEqualTo(new Program(file.toString(), Optional.of(file)));
    }

    @Test
    void shouldTakeAnUnknownBareNameForAProgramInTheGuestsBin() {
        assertThat(lookup.find("sort", "/usr/bin:/bin")).isEqualTo(new Program("/bin/sort", Optional.empty()));
    }

    @Test
    void shouldFollowALinkWithinTheMountsButKeepItsName() throws IOException {
        Path file = executable(mount.resolve("busybox"));
        Files.createSymbolicLink(mount.resolve("sort"), Path.of("busybox"));
        assertThat(lookup.find("./sort", "")).isEqualTo(new Program("./sort", Optional.of(file)));
    }

    @Test
    void shouldRefuseALinkThatLeadsOutOfTheMounts() throws IOException {
        Path target = executable(outside.resolve("solver"));
        Files.createSymbolicLink(mount.resolve("solver"), target);
        assertThatThrownBy(() -> lookup.find("./solver", ""))
                .hasMessage(
                        "The program is a link that leads out of the VM's mounts: ./solver -> %s. Allowed: %s. Owner: "
                                        .formatted(target, mount)
                                + "demo. Try: copy the program itself below a mount");
    }

    @Test
    void shouldRefuseAMissingFileBelowAMount() {
        assertThatThrownBy(() -> lookup.find("./nothing", ""))
                .hasMessage("No such program: ./nothing. Allowed: files below the mounts (%s), programs of the guest "
                                .formatted(mount)
                        + "(/bin/busybox). Owner: demo.");
    }

    @Test
    void shouldRefuseAnEmptyName() {
        assertThatThrownBy(() -> lookup.find("", "")).hasMessageStartingWith("No such program: (an empty name).");
    }

    @Test
    void shouldRefuseAWorkingDirectoryOutsideTheMounts() {
        assertThatThrownBy(() -> new ProgramLookup("demo", List.of(mount), outside).requireDirectory())
                .hasMessage(
                        ("The working directory is outside the VM's mounts: %s. Allowed: %s. Owner: demo. Try: cd into"
                                        + " a mount; or hvm run --cwd / ...; or hvm destroy demo && hvm launch from %s")
                                .formatted(outside, mount, outside));
    }

    @Test
    void shouldLetTheRootFolderPassAsWorkingDirectory() {
        assertThatCode(() -> new ProgramLookup("demo", List.of(), Path.of("/")).requireDirectory())
                .doesNotThrowAnyException();
    }

    private static Path executable(Path file) throws IOException {
        Files.createFile(file);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
