// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.hybridvm.layout.Layout;

/**
 * virtiofsd for each mount of a VM, started by hvmd: libvirt 9 starts it for root only. Each serves one connection, so it
 * ends with QEMU, and it outlives hvmd as QEMU does.
 */
final class MountServers {
    /** System property: the program that serves a folder on a socket, {@code scripts/virtiofsd}. */
    static final String PROGRAM_PROPERTY = "hvm.virtiofsd";

    /** In a server's environment: its socket, by which {@link Leftovers} knows it. */
    static final String SOCKET_VARIABLE = "HVM_MOUNT_SOCKET";

    private static final Path INSTALLED_PROGRAM = Path.of("/usr/lib/hvm/virtiofsd");
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final long POLL_MILLIS = 10;

    private final List<Process> processes = new ArrayList<>();

    private MountServers() {}

    /** Whether libvirt leaves them to us. */
    static boolean needed(Libvirt libvirt) {
        return libvirt.isUnprivileged();
    }

    /**
     * Starts one server for each mount and waits until all listen.
     *
     * @param sockets one for each mount
     * @param log where they write what goes wrong
     * @throws IOException with a server's own words if it does not start
     */
    static MountServers start(List<Layout.Mount> mounts, List<Path> sockets, Path log)
            throws IOException, InterruptedException {
        var servers = new MountServers();
        try {
            Files.deleteIfExists(log);
            for (int i = 0; i < mounts.size(); i++) {
                Files.deleteIfExists(sockets.get(i));
                servers.processes.add(start(mounts.get(i), sockets.get(i), log));
            }
            for (int i = 0; i < mounts.size(); i++) {
                awaitSocket(servers.processes.get(i), sockets.get(i), log);
            }
            return servers;
        } catch (IOException | InterruptedException e) {
            servers.kill();
            throw e;
        }
    }

    private static Process start(Layout.Mount mount, Path socket, Path log) throws IOException {
        var server = new ProcessBuilder(
                        program().toString(), socket.toString(), mount.source().toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        server.environment().put(SOCKET_VARIABLE, socket.toString());
        return server.start();
    }

    /** Ends servers that QEMU never came to. */
    void kill() {
        processes.forEach(Process::destroyForcibly);
    }

    private static Path program() {
        String chosen = System.getProperty(PROGRAM_PROPERTY);
        return chosen == null ? INSTALLED_PROGRAM : Path.of(chosen);
    }

    private static void awaitSocket(Process process, Path socket, Path log) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (!Files.exists(socket)) {
            if (process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                throw new IOException("virtiofsd ended with status " + process.exitValue() + ": "
                        + Files.readString(log).strip());
            }
            if (System.nanoTime() > deadline) {
                throw new IOException("virtiofsd did not listen within " + LIMIT.toSeconds() + " s on " + socket);
            }
        }
    }
}
