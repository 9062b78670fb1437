// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** In systemd's place, a program listens that has the datagrams which Java lacks. */
@Timeout(60)
class ServiceManagerTest {
    private static final String LISTEN = """
            use Socket;
            my $address = $ARGV[0];
            $address =~ s/^@/\\0/;
            my $socket;
            socket($socket, AF_UNIX, SOCK_DGRAM, 0) && bind($socket, pack_sockaddr_un($address)) or die "$!\\n";
            $| = 1;
            print "listens\\n";
            my $message;
            recv($socket, $message, 100, 0);
            print "$message\\n";
            """;

    @TempDir
    private Path folder;

    @Test
    void shouldTellASocketOfTheFileSystem() throws IOException {
        assertThat(heard(folder.resolve("notify").toString())).isEqualTo("READY=1");
    }

    @Test
    void shouldTellAnAbstractSocket() throws IOException {
        assertThat(heard("@hvm-test-" + ProcessHandle.current().pid())).isEqualTo("READY=1");
    }

    @Test
    void shouldGoOnIfNobodyAskedOrListens() {
        assertThatCode(() -> ServiceManager.tellReady(Map.of())).doesNotThrowAnyException();
        assertThatCode(() -> ServiceManager.tellReady(
                        Map.of("NOTIFY_SOCKET", folder.resolve("nobody").toString())))
                .doesNotThrowAnyException();
    }

    private static String heard(String socket) throws IOException {
        Process listener = new ProcessBuilder("perl", "-e", LISTEN, socket)
                .redirectErrorStream(true)
                .start();
        try (BufferedReader lines = listener.inputReader(StandardCharsets.UTF_8)) {
            assertThat(lines.readLine()).isEqualTo("listens");
            ServiceManager.tellReady(Map.of("NOTIFY_SOCKET", socket));
            return lines.readLine();
        } finally {
            listener.destroyForcibly();
        }
    }
}
