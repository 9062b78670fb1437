// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What another user of the host can reach of hvmd and its VM: what is on the file system, and the sockets. */
@WithVm
@Timeout(180)
class AccessTest {
    @Test
    void shouldLeaveNoFileAndNoSocketOpenToOtherUsers(Node node) throws IOException {
        node.requireVm();
        node.hvm("submit", "--wait", "--", "/bin/busybox", "true").succeeded();
        var open = new ArrayList<String>();
        for (Path file : files(node.home())) {
            PosixFilePermission harm =
                    isSocket(file) ? PosixFilePermission.OTHERS_WRITE : PosixFilePermission.OTHERS_READ;
            if (Files.getPosixFilePermissions(file).contains(harm) && isReachable(node.home(), file)) {
                open.add(node.home().relativize(file).toString());
            }
        }
        // images that anybody can build, the test's own layout, and numbers of processes, which /proc tells everybody
        assertThat(open)
                .allSatisfy(file -> assertThat(file)
                        .matches("images/.*|layout.yaml|hvmd.lock|libvirt/etc/qemu.conf|libvirt/run/.*[.]pid"));
    }

    @Test
    void shouldRefuseAnotherUserAtEverySocket(Node node) throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root can be others");
        node.requireVm();
        List<Path> sockets =
                files(node.home()).stream().filter(AccessTest::isSocket).toList();
        assertThat(sockets).hasSizeGreaterThan(1);
        for (Path socket : sockets) {
            var command = List.of(
                    "setpriv",
                    "--reuid=daemon",
                    "--regid=daemon",
                    "--init-groups",
                    "curl",
                    "-sS",
                    "-m10",
                    "--unix-socket",
                    socket.toString(),
                    "http://x/");
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(socket + ": " + said).isEqualTo(7); // curl: could not connect
        }
    }

    private static List<Path> files(Path home) throws IOException {
        var files = new ArrayList<Path>();
        Files.walkFileTree(home, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (!attributes.isSymbolicLink()) {
                    files.add(file);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) {
                return FileVisitResult.CONTINUE; // gone meanwhile
            }
        });
        return files;
    }

    private static boolean isSocket(Path file) {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class).isOther();
        } catch (IOException e) {
            return false; // gone meanwhile
        }
    }

    private static boolean isReachable(Path home, Path file) throws IOException {
        for (Path folder = file.getParent(); folder.startsWith(home); folder = folder.getParent()) {
            if (!Files.getPosixFilePermissions(folder).contains(PosixFilePermission.OTHERS_EXECUTE)) {
                return false;
            }
        }
        return true;
    }
}
