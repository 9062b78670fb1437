// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LeftoversTest {
    private static final Path PROCESSES = Path.of("/proc");

    private final String uuid = UUID.randomUUID().toString();

    @TempDir
    private Path folder;

    private Path state;
    private Path sockets;
    private Process process;

    @BeforeEach
    void makeFolders() throws Exception {
        state = Files.createDirectories(folder.resolve("state"));
        sockets = Files.createDirectories(folder.resolve("run/vm"));
    }

    @AfterEach
    void end() {
        if (process != null) {
            process.destroyForcibly();
        }
    }

    @Test
    void shouldEndAQemuThatNoRecordKnows() throws Exception {
        qemu(state);

        List<String> swept = Leftovers.sweep(PROCESSES, state, sockets, Set.of(), Set.of());

        assertThat(swept)
                .containsExactly("QEMU of a VM that nobody knows, " + uuid + " (process " + process.pid() + ")");
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void shouldLeaveAQemuThatHasARecord() throws Exception {
        qemu(state);

        assertThat(Leftovers.sweep(PROCESSES, state, sockets, Set.of(uuid), Set.of("demo")))
                .isEmpty();
        assertThat(process.isAlive()).isTrue();
    }

    @Test
    void shouldLeaveTheQemuOfAnotherNode() throws Exception {
        qemu(folder.resolve("elsewhere"));

        assertThat(Leftovers.sweep(PROCESSES, state, sockets, Set.of(), Set.of()))
                .isEmpty();
        assertThat(process.isAlive()).isTrue();
    }

    @Test
    void shouldEndTheServerOfAMountWhoseVmIsGone() throws Exception {
        mountServer(sockets.resolve("gone.mount0"));

        assertThat(Leftovers.sweep(PROCESSES, state, sockets, Set.of(), Set.of("demo")))
                .containsExactly("the server of a mount of VM gone (process " + process.pid() + ")");
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void shouldLeaveTheServerOfAMountOfARecordedVm() throws Exception {
        mountServer(sockets.resolve("demo.mount0"));

        assertThat(Leftovers.sweep(PROCESSES, state, sockets, Set.of(), Set.of("demo")))
                .isEmpty();
        assertThat(process.isAlive()).isTrue();
    }

    @Test
    void shouldDeleteSocketsOfVmsThatAreGone() throws Exception {
        Path gone = Files.createFile(sockets.resolve("gone.console"));
        Path kept = Files.createFile(sockets.resolve("demo.agent"));

        assertThat(Leftovers.sweep(PROCESSES, state, sockets, Set.of(), Set.of("demo")))
                .containsExactly("the socket " + gone);
        assertThat(gone).doesNotExist();
        assertThat(kept).exists();
    }

    /** Something that looks like a QEMU of the node with this state folder. */
    private void qemu(Path ofState) throws Exception {
        start(new ProcessBuilder(
                "/bin/sh", "-c", "echo; read line", "qemu", "-uuid", uuid, "-kernel", ofState + "/images/vmlinux-1"));
    }

    private void mountServer(Path socket) throws Exception {
        var builder = new ProcessBuilder("/bin/sh", "-c", "echo; read line");
        builder.environment().put(MountServers.SOCKET_VARIABLE, socket.toString());
        start(builder);
    }

    private void start(ProcessBuilder builder) throws Exception {
        process = builder.start();
        assertThat(process.getInputStream().read()).isEqualTo('\n'); // it runs
    }
}
