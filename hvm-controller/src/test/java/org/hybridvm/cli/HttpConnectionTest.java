// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The client's HTTP against a server that says exactly what the test wants. */
@Timeout(20)
class HttpConnectionTest {
    @TempDir
    private Path folder;

    private ServerSocketChannel server;
    private HttpConnection connection;
    private SocketChannel peer;

    @BeforeEach
    void setUp() throws IOException {
        Path socket = folder.resolve("s");
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        connection = HttpConnection.connect(socket);
        peer = server.accept();
    }

    @AfterEach
    void tearDown() throws IOException {
        connection.close();
        peer.close();
        server.close();
    }

    @Test
    void shouldSendARequestWithABody() throws IOException {
        connection.send("POST", "/v1/x", "{\"a\":\"\u00e4\"}", null);
        assertThat(received())
                .isEqualTo(
                        "POST /v1/x HTTP/1.1\r\nHost: hvmd\r\nConnection: close\r\nContent-Type: application/json\r\n"
                                + "Content-Length: 10\r\n\r\n{\"a\":\"\u00e4\"}");
    }

    @Test
    void shouldAskForAnUpgrade() throws IOException {
        connection.send("GET", "/v1/x", null, "p/1");
        assertThat(received())
                .isEqualTo("GET /v1/x HTTP/1.1\r\nHost: hvmd\r\nConnection: Upgrade\r\nUpgrade: p/1\r\n"
                        + "Content-Length: 0\r\n\r\n");
    }

    @Test
    void shouldReadABodyOfKnownLength() throws IOException {
        answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhellorest");
        assertThat(body()).isEqualTo("hello");
    }

    @Test
    void shouldReadAChunkedBody() throws IOException {
        answer("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
        assertThat(body()).isEqualTo("hello");
    }

    @Test
    void shouldReadABodyThatEndsWithTheConnection() throws IOException {
        answer("HTTP/1.1 200 OK\r\n\r\nhello");
        peer.close();
        assertThat(body()).isEqualTo("hello");
    }

    @Test
    void shouldNotTakeABodyThatWasCutShortForAWholeOne() throws IOException {
        answer("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
        peer.close();
        assertThatThrownBy(this::body).isInstanceOf(EOFException.class);
    }

    @Test
    void shouldRefuseWhatIsNoHttp() throws IOException {
        answer("SSH-2.0-OpenSSH\r\n");
        assertThatThrownBy(connection::readHead).hasMessage("not an HTTP answer: SSH-2.0-OpenSSH");
    }

    @Test
    void shouldRefuseALineWithoutEnd() throws IOException {
        answer("x".repeat(10_000));
        assertThatThrownBy(connection::readHead).hasMessage("HTTP line of more than 8192 bytes");
    }

    @Test
    void shouldRefuseABadLengthAndABadChunk() throws IOException {
        answer("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n");
        assertThatThrownBy(this::body).hasMessage("bad HTTP content length: many");
    }

    private String body() throws IOException {
        return new String(connection.body(connection.readHead()).readAllBytes(), StandardCharsets.UTF_8);
    }

    private void answer(String text) throws IOException {
        peer.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    private String received() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(4096);
        peer.read(bytes);
        return StandardCharsets.UTF_8.decode(bytes.flip()).toString();
    }
}
