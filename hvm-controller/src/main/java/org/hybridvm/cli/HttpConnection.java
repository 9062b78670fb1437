// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * One HTTP/1.1 exchange over a Unix socket or TLS: enough for hvmd and no more, because loading the JDK's client (which knows no
 * Unix sockets) would take longer than the exchange. One thread may read while another writes.
 */
final class HttpConnection implements Closeable {
    private static final int MAX_LINE = 8192;
    private static final int MAX_HEADERS = 100;

    private final ByteChannel channel;
    private final String host;
    private final String token; // or null
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile boolean overdue;
    private final ByteBuffer input = ByteBuffer.allocate(64 * 1024).flip();

    private HttpConnection(ByteChannel channel, String host, String token) {
        this.channel = channel;
        this.host = host;
        this.token = token;
    }

    /** @throws IOException if nobody listens there */
    static HttpConnection connect(Path socket) throws IOException {
        var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        return new HttpConnection(channel, "hvmd", null);
    }

    /**
     * Over a channel that is connected.
     *
     * @param host the server's name
     * @param token goes with every request
     */
    static HttpConnection of(ByteChannel channel, String host, String token) {
        return new HttpConnection(channel, host, token);
    }

    /**
     * Gives the exchange up if it is not over in time: whoever reads then gets an {@link IOException}, and
     * {@link #isOverdue()} is true.
     */
    void limit(Duration time) {
        Thread.ofPlatform().daemon().name("limit").start(() -> {
            try {
                if (!closed.await(time.toMillis(), TimeUnit.MILLISECONDS)) {
                    overdue = true;
                    channel.close();
                }
            } catch (InterruptedException | IOException e) {
                // nobody waits for it any more
            }
        });
    }

    /** Whether the limit was over before the exchange. */
    boolean isOverdue() {
        return overdue;
    }

    /** What came before the body. Header names are in lower case. */
    record Head(int status, Map<String, String> headers) {
        boolean isSuccess() {
            return status >= 200 && status < 300;
        }
    }

    /**
     * Sends a request.
     *
     * @param body JSON, or null
     * @param upgrade the protocol to switch to, or null
     */
    void send(String method, String path, String body, String upgrade) throws IOException {
        send(method, path, body, upgrade, Map.of());
    }

    /** The same with further headers. */
    void send(String method, String path, String body, String upgrade, Map<String, String> headers) throws IOException {
        byte[] content = body == null ? new byte[0] : body.getBytes(StandardCharsets.UTF_8);
        var head = new StringBuilder()
                .append(method)
                .append(' ')
                .append(path)
                .append(" HTTP/1.1\r\nHost: ")
                .append(host)
                .append("\r\n");
        if (token != null) {
            head.append("Authorization: Bearer ").append(token).append("\r\n");
        }
        if (upgrade == null) {
            head.append("Connection: close\r\n");
        } else {
            head.append("Connection: Upgrade\r\nUpgrade: ").append(upgrade).append("\r\n");
        }
        if (body != null) {
            head.append("Content-Type: application/json\r\n");
        }
        headers.forEach(
                (name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
        head.append("Content-Length: ").append(content.length).append("\r\n\r\n");
        byte[] headBytes = head.toString().getBytes(StandardCharsets.US_ASCII);
        write(ByteBuffer.allocate(headBytes.length + content.length)
                .put(headBytes)
                .put(content)
                .flip());
    }

    void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    Head readHead() throws IOException {
        String statusLine = readLine();
        String[] parts = statusLine.split(" ", 3);
        if (parts.length < 2 || !parts[0].startsWith("HTTP/1.") || !parts[1].matches("[1-5][0-9][0-9]")) {
            throw new IOException("not an HTTP answer: " + statusLine);
        }
        var headers = new HashMap<String, String>();
        String line = readLine();
        while (!line.isEmpty()) {
            int colon = line.indexOf(':');
            if (colon < 1 || headers.size() >= MAX_HEADERS) {
                throw new IOException("bad HTTP header: " + line);
            }
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
            line = readLine();
        }
        return new Head(Integer.parseInt(parts[1]), headers);
    }

    /** The body, as it comes. The stream ends with the body; it fails if the connection ends before that. */
    InputStream body(Head head) throws IOException {
        if ("chunked".equalsIgnoreCase(head.headers().get("transfer-encoding"))) {
            return new ChunkedBody();
        }
        String length = head.headers().get("content-length");
        if (length == null) {
            return head.status() == 204 ? InputStream.nullInputStream() : new RestOfConnection();
        }
        try {
            return new SizedBody(Long.parseLong(length));
        } catch (NumberFormatException e) {
            throw new IOException("bad HTTP content length: " + length, e);
        }
    }

    /** Fills {@code target} from the connection. */
    void readFully(byte[] target) throws IOException {
        int at = 0;
        while (at < target.length) {
            int read = read(target, at, target.length - at);
            if (read < 0) {
                throw new EOFException("the connection ended early");
            }
            at += read;
        }
    }

    @Override
    public void close() throws IOException {
        closed.countDown();
        channel.close();
    }

    private int read(byte[] target, int offset, int length) throws IOException {
        if (!input.hasRemaining() && !fill()) {
            return -1;
        }
        int size = Math.min(length, input.remaining());
        input.get(target, offset, size);
        return size;
    }

    private boolean fill() throws IOException {
        input.clear();
        int read = channel.read(input);
        input.flip();
        return read > 0;
    }

    private String readLine() throws IOException {
        var line = new StringBuilder();
        while (true) {
            if (!input.hasRemaining() && !fill()) {
                throw new EOFException("the connection ended early");
            }
            char c = (char) Byte.toUnsignedInt(input.get());
            if (c == '\n') {
                return line.toString();
            }
            if (c != '\r') {
                line.append(c);
            }
            if (line.length() > MAX_LINE) {
                throw new IOException("HTTP line of more than " + MAX_LINE + " bytes");
            }
        }
    }

    /** A body, part by part; a part that is used up is followed by what {@link #nextPart} says. */
    private abstract class Body extends InputStream {
        private long left;

        /** The size of the next part; 0 at the end. */
        abstract long nextPart() throws IOException;

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            if (left == 0) {
                left = nextPart();
            }
            if (left == 0) {
                return -1;
            }
            int read = HttpConnection.this.read(target, offset, (int) Math.min(length, left));
            if (read < 0) {
                throw new EOFException("the connection ended early");
            }
            left -= read;
            return read;
        }
    }

    private final class SizedBody extends Body {
        private long size;

        private SizedBody(long size) {
            this.size = size;
        }

        @Override
        long nextPart() {
            long part = size;
            size = 0;
            return part;
        }
    }

    private final class ChunkedBody extends Body {
        private boolean first = true;
        private boolean ended;

        @Override
        long nextPart() throws IOException {
            if (ended) {
                return 0;
            }
            if (!first) {
                readLine();
            }
            first = false;
            String line = readLine();
            try {
                long size = Long.parseUnsignedLong(line.split(";", 2)[0].strip(), 16);
                ended = size == 0;
                return size;
            } catch (NumberFormatException e) {
                throw new IOException("bad HTTP chunk: " + line, e);
            }
        }
    }

    private final class RestOfConnection extends InputStream {
        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            return HttpConnection.this.read(target, offset, length);
        }
    }
}
