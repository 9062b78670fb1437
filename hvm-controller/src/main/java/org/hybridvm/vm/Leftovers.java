// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What no record knows: QEMU processes, servers of mounts and sockets of VMs of this node that an hvmd left which was killed at
 * the wrong instant. They are told from those of others by the folders of this node in their arguments, so another hvmd's on the
 * same host are not touched. (There are no cgroups to sweep: libvirt's driver is told to make none.)
 */
final class Leftovers {
    private static final Logger LOG = LoggerFactory.getLogger(Leftovers.class);
    private static final Path PROCESSES = Path.of("/proc");

    private final Path processes;
    private final Path state;
    private final Path sockets;
    private final Set<String> uuids;
    private final Set<String> names;
    private final List<String> swept = new ArrayList<>();

    private Leftovers(Path processes, Path state, Path sockets, Set<String> uuids, Set<String> names) {
        this.processes = processes;
        this.state = state;
        this.sockets = sockets;
        this.uuids = uuids;
        this.names = names;
    }

    /**
     * Ends and deletes them; answers what it was, in words.
     *
     * @param state hvmd's folder, of which every QEMU of its has files
     * @param sockets the folder of the VMs' sockets
     * @param known the records
     */
    static List<String> sweep(Path state, Path sockets, List<VmRecord> known) {
        return sweep(
                PROCESSES,
                state,
                sockets,
                Set.copyOf(
                        known.stream().map(record -> record.uuid().toString()).toList()),
                Set.copyOf(known.stream().map(record -> record.layout().name()).toList()));
    }

    static List<String> sweep(Path processes, Path state, Path sockets, Set<String> uuids, Set<String> names) {
        var leftovers = new Leftovers(processes, state, sockets, uuids, names);
        leftovers.sweepProcesses();
        leftovers.sweepSockets();
        leftovers.swept.forEach(what -> LOG.warn("swept up: {}", what));
        return leftovers.swept;
    }

    private void sweepProcesses() {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(processes, "[0-9]*")) {
            for (Path process : all) {
                nameOf(process).ifPresent(what -> end(process, what));
            }
        } catch (IOException e) {
            LOG.warn("processes cannot be listed", e);
        }
    }

    /** What a process is, if it is a left-over. */
    private Optional<String> nameOf(Path process) {
        List<String> arguments = words(process.resolve("cmdline"));
        int uuid = arguments.indexOf("-uuid");
        if (uuid >= 0 && uuid + 1 < arguments.size()) {
            boolean ours = arguments.stream().anyMatch(one -> one.startsWith(state.resolve("images") + "/"));
            return ours && !uuids.contains(arguments.get(uuid + 1))
                    ? Optional.of("QEMU of a VM that nobody knows, " + arguments.get(uuid + 1))
                    : Optional.empty();
        }
        return words(process.resolve("environ")).stream()
                .filter(one -> one.startsWith(MountServers.SOCKET_VARIABLE + "=" + sockets + "/"))
                .map(one -> Path.of(one.substring(one.indexOf('=') + 1)))
                .filter(socket -> !names.contains(vmOf(socket)))
                .map(socket -> "the server of a mount of VM " + vmOf(socket))
                .findFirst();
    }

    private void end(Path process, String what) {
        long pid = Long.parseLong(process.getFileName().toString());
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        swept.add(what + " (process " + pid + ")");
    }

    private void sweepSockets() {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(sockets)) {
            for (Path socket : all) {
                if (!names.contains(vmOf(socket))) {
                    Files.deleteIfExists(socket);
                    swept.add("the socket " + socket);
                }
            }
        } catch (IOException e) {
            LOG.warn("sockets cannot be looked through folder={}", sockets, e);
        }
    }

    /** Sockets are called after their VM: {@code NAME.agent}. */
    private static String vmOf(Path socket) {
        return socket.getFileName().toString().replaceFirst("\\..*", "");
    }

    private static List<String> words(Path file) {
        try {
            return Arrays.asList(new String(Files.readAllBytes(file), StandardCharsets.UTF_8).split("\0"));
        } catch (IOException e) {
            return List.of(); // gone, or another user's
        }
    }
}
