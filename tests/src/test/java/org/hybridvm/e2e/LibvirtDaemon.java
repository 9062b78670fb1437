// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A libvirtd of its own, that can be killed and started anew. In a mount namespace it has folders of its own in the place of the
 * host's for configuration and state, which outlive it; so it neither finds VMs of the host's libvirt nor leaves any there.
 */
final class LibvirtDaemon implements AutoCloseable {
    private static final Path PROGRAM = Path.of("/usr/sbin/libvirtd");
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final List<String> FOLDERS =
            List.of("/etc/libvirt", "/run/libvirt", "/var/lib/libvirt", "/var/cache/libvirt");

    private final Path folder;
    private final Path socket;
    private Process process;

    LibvirtDaemon() throws IOException, InterruptedException {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root's libvirtd is the system's");
        assumeTrue(Files.isExecutable(PROGRAM), "needs libvirt-daemon");
        assumeTrue(
                new ProcessBuilder("unshare", "--mount", "true").start().waitFor() == 0, "needs namespaces of mounts");
        folder = Files.createTempDirectory(Path.of("/tmp"), "lvd"); // short, for its socket
        socket = folder.resolve("libvirt-sock");
        configure();
        start();
    }

    /** What hvmd takes as HVM_LIBVIRT_URI. */
    String uri() {
        return "qemu+unix:///system?socket=" + socket;
    }

    /** Returns once it takes connections. */
    void start() throws IOException, InterruptedException {
        process = new ProcessBuilder(
                        List.of("unshare", "--mount", "--propagation", "private", "sh", "-ec", script(), "libvirtd"))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("out").toFile())
                .redirectInput(new File("/dev/null"))
                .start();
        Await.until("libvirtd answers; " + folder.resolve("out"), LIMIT, this::answers);
    }

    /** As a crash does: it has no time for farewells. */
    void kill() {
        process.destroyForcibly().onExit().join();
    }

    private String script() {
        String binds = FOLDERS.stream()
                .map(each -> "mkdir -p %1$s; mount --bind %2$s %1$s; ".formatted(each, own(each)))
                .collect(Collectors.joining());
        return binds + "exec %s -f /etc/libvirt/libvirtd.conf -p %s".formatted(PROGRAM, folder.resolve("libvirtd.pid"));
    }

    private Path own(String systemFolder) {
        return folder.resolve(systemFolder.substring(1).replace('/', '-'));
    }

    private void configure() throws IOException {
        for (String each : FOLDERS) {
            Files.createDirectories(own(each));
        }
        Path etc = own("/etc/libvirt");
        Files.writeString(etc.resolve("libvirtd.conf"), """
                unix_sock_dir = "%s"
                auth_unix_rw = "none"
                unix_sock_rw_perms = "0700"
                unix_sock_ro_perms = "0700"
                """.formatted(folder));
        // no virtlogd, no cgroups of the host, no security labels
        Files.writeString(etc.resolve("qemu.conf"), """
                stdio_handler = "file"
                security_driver = "none"
                remember_owner = 0
                cgroup_controllers = [ ]
                """);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x")); // QEMU's user passes
    }

    private boolean answers() {
        if (!process.isAlive()) {
            throw new AssertionError("libvirtd ended with " + process.exitValue() + "; " + folder.resolve("out"));
        }
        try (var _ = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void close() {
        kill();
        try (var files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
