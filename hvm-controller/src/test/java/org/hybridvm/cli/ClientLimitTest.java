// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import org.hybridvm.HvmException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class ClientLimitTest {
    @TempDir
    private Path folder;

    @Test
    void shouldNameAHvmdThatTakesARequestAndDoesNotAnswer() throws Exception {
        Path socket = folder.resolve("s");
        try (var silent = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            silent.bind(UnixDomainSocketAddress.of(socket)); // the kernel takes the connection, and nobody the request
            var client = new Client(() -> HttpConnection.connect(socket), Duration.ofMillis(50));
            assertThatThrownBy(() -> client.get("/jobs"))
                    .isInstanceOf(HvmException.class)
                    .hasMessageStartingWith("hvmd does not answer: GET /jobs. Owner: hvmd. Try: hvm daemon status");
        }
    }
}
