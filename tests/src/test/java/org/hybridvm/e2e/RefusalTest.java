// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Bad input is refused in words, with the value and what is allowed. */
@WithVm
@Timeout(60)
class RefusalTest {
    private Node node;
    private Programs programs;

    @BeforeEach
    void copyPrograms(Node up) throws IOException {
        node = up;
        programs = Programs.in(up.folder());
    }

    @Test
    void shouldRefuseWhatIsNoProgram() throws IOException {
        Path text = executable("text", "echo hello\n".getBytes());

        assertThat(node.run(text.toString()).endedWith(126).errors())
                .contains(text.toString())
                .contains("ELF");
    }

    @Test
    void shouldRefuseAProgramForAnotherProcessor() throws IOException {
        byte[] image = Files.readAllBytes(programs.path("greet"));
        image[18] = (byte) 183; // e_machine: EM_AARCH64
        Path foreign = executable("foreign", image);

        assertThat(node.run(foreign.toString()).endedWith(126).errors()).containsIgnoringCase("aarch64");
    }

    @Test
    void shouldRefuseAMissingProgram() {
        assertThat(node.run(node.folder().resolve("nothing").toString())
                        .endedWith(127)
                        .errors())
                .contains(node.folder().resolve("nothing").toString());
    }

    @Test
    void shouldSayWhichFoldersTheVmSees() throws IOException {
        Path outside =
                Files.copy(Tree.BUSYBOX, Files.createTempDirectory("outside").resolve("program"));

        assertThat(node.run(outside.toString()).endedWith(127).errors())
                .contains(outside.toString())
                .contains("files below the mounts (" + node.folder());
        assertThat(node.hvm("run", "--vm", Node.VM, "--cwd", "/proc/self", "--", "/bin/busybox", "true")
                        .endedWith(125)
                        .errors())
                .contains("The working directory is outside the VM's mounts: /proc/self")
                .contains("Allowed: " + node.folder());
        Files.delete(outside);
    }

    /** A host without QEMU: a PATH with everything else. */
    @Test
    void shouldNameAMissingQemu() throws IOException {
        Path programs = Files.createTempDirectory("programs");
        try (var installed = Files.newDirectoryStream(Path.of("/usr/bin"))) {
            for (Path program : installed) {
                if (!program.getFileName().toString().startsWith("qemu")) {
                    Files.createSymbolicLink(programs.resolve(program.getFileName()), program);
                }
            }
        }
        try (var lacking = new Node(node.folder())) {
            ProcessBuilder launch = lacking.command("launch");
            launch.environment().put("PATH", programs.toString());

            Outcome refused = Commands.run(launch, new byte[0], Node.LIMIT).endedWith(1);

            assertThat(refused.errors()).contains("qemu-system-x86_64").contains("hvm doctor");
        }
    }

    @Test
    void shouldRefuseMoreCoresThanThePartitionHas() {
        Outcome refused = node.hvm("run", "--vm", Node.VM, "--cores", "5", "--", "/bin/busybox", "true");

        assertThat(refused.status()).isNotZero();
        assertThat(refused.errors()).contains("5").contains("1");
    }

    @Test
    void shouldRefuseAMalformedLayoutByLineAndColumn() throws IOException {
        Path layout = Files.writeString(node.folder().resolve("bad.yaml"), "name: x\nmemory: [\n");

        Outcome refused = node.hvm("validate", layout.toString());
        assertThat(refused.status()).isNotZero();
        assertThat(refused.errors()).contains("bad.yaml:3:1");
    }

    @Test
    void shouldRefuseAnUnknownFieldOfALayout() throws IOException {
        Path layout = Files.writeString(node.folder().resolve("unknown.yaml"), "name: x\nmemroy: 2GiB\n");

        Outcome refused = node.hvm("validate", layout.toString());
        assertThat(refused.status()).isNotZero();
        assertThat(refused.errors()).contains("unknown.yaml:2:").contains("memroy");
    }

    @Test
    void shouldRefuseAMissingKernel() throws IOException {
        Path layout = Files.writeString(
                node.folder().resolve("kernel.yaml"), "name: x\nlinux:\n  kernel: /nowhere/vmlinux\n");

        Outcome refused = node.hvm("launch", layout.toString());
        assertThat(refused.status()).isNotZero();
        assertThat(refused.errors()).contains("/nowhere/vmlinux");
    }

    private Path executable(String name, byte[] bytes) throws IOException {
        Path file = Files.write(node.folder().resolve(name), bytes);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
