// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * The guest's agent as a process of this host, behind a socket as QEMU has it. It serves one connection and ends with it,
 * and its jobs with it.
 */
final class NativeAgent implements AutoCloseable {
    private static final Path BINARY = Path.of("..", "guest-linux-proxy", "build", "agent", "hvm-agent");

    /** Listens, says so, takes one connection, and becomes the agent with it; 2 is F_SETFD. */
    private static final String LAUNCHER = """
            use Socket;
            my ($path, $agent, $server, $socket) = @ARGV;
            $| = 1;
            socket($server, AF_UNIX, SOCK_STREAM, 0) && bind($server, pack_sockaddr_un($path)) && listen($server, 1)
                or die "cannot listen on $path: $!\\n";
            print "listening\\n";
            accept($socket, $server) or die "cannot accept: $!\\n";
            fcntl($socket, 2, 0) or die "fcntl: $!\\n";
            exec $agent, "--worker", fileno($socket) or die "cannot run $agent: $!\\n";
            """;

    private final Path socket;
    private final Process process;

    private NativeAgent(Path socket, Process process) {
        this.socket = socket;
        this.process = process;
    }

    /** Skips the test if the agent was not built. */
    static NativeAgent start(Path folder) throws IOException {
        assumeTrue(Files.isExecutable(BINARY), "there is no " + BINARY + ": make -C guest-linux-proxy builds it");
        Path socket = folder.resolve("agent");
        Process process = new ProcessBuilder("perl", "-e", LAUNCHER, socket.toString(), BINARY.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        byte[] line = process.getInputStream().readNBytes("listening\n".length());
        assertThat(new String(line, StandardCharsets.UTF_8)).isEqualTo("listening\n");
        return new NativeAgent(socket, process);
    }

    Path socket() {
        return socket;
    }

    /** Its exit status, when it ends by itself. */
    int awaitEnd() throws InterruptedException {
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).as("the agent ended").isTrue();
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
