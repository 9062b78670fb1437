// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.hybridvm.JsonObject;

/** A connection to hvmd that sends just what a test wants: any bytes, any header, frames of a WebSocket. */
final class RawClient implements Closeable {
    private static final int MASKED = 0x80;

    private final SocketChannel channel;
    private final InputStream input;

    RawClient(Path socket) throws IOException {
        channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        input = new BufferedInputStream(Channels.newInputStream(channel));
    }

    /** An answer, whole. Names of headers are in lower case. */
    record Answer(int status, Map<String, String> headers, String body) {
        JsonObject json() {
            return JsonObject.parse(body);
        }

        String type() {
            return headers.getOrDefault("content-type", "").split(";")[0];
        }
    }

    /** A frame of a WebSocket. */
    record Message(int opcode, byte[] payload) {
        String text() {
            return new String(payload, StandardCharsets.UTF_8);
        }

        /** Of a closing frame. */
        int closeCode() {
            return (payload[0] & 0xff) << 8 | payload[1] & 0xff;
        }
    }

    static Answer request(Path socket, String method, String path, Map<String, String> headers, String body)
            throws IOException {
        try (var client = new RawClient(socket)) {
            client.send(method, path, headers, body);
            return client.answer();
        }
    }

    static Answer get(Path socket, String path) throws IOException {
        return request(socket, "GET", path, Map.of(), null);
    }

    static Answer post(Path socket, String path, String body) throws IOException {
        return request(socket, "POST", path, Map.of(), body);
    }

    void send(String method, String path, Map<String, String> headers, String body) throws IOException {
        byte[] content = body == null ? new byte[0] : body.getBytes(StandardCharsets.UTF_8);
        var head = new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: hvmd\r\n");
        var all = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
        all.put("Connection", "close");
        all.put("Content-Length", String.valueOf(content.length));
        all.putAll(headers);
        all.forEach(
                (name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
        write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
        write(content);
    }

    void write(byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    /** What comes until hvmd closes the connection, or nothing more comes for {@code millis}. */
    byte[] received(int millis) throws IOException {
        channel.configureBlocking(false);
        var all = new ByteArrayOutputStream();
        try (Selector selector = Selector.open()) {
            channel.register(selector, SelectionKey.OP_READ);
            ByteBuffer buffer = ByteBuffer.allocate(16 * 1024);
            while (selector.select(millis) > 0 && channel.read(buffer) >= 0) {
                selector.selectedKeys().clear();
                all.write(buffer.array(), 0, buffer.position());
                buffer.clear();
            }
        }
        return all.toByteArray();
    }

    Answer answer() throws IOException {
        Answer head = head();
        return new Answer(head.status(), head.headers(), new String(body(head).readAllBytes(), StandardCharsets.UTF_8));
    }

    /** The answer up to its body. */
    Answer head() throws IOException {
        String first = line();
        var headers = new TreeMap<String, String>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            String[] parts = line.split(":", 2);
            headers.put(parts[0].toLowerCase(Locale.ROOT), parts[1].strip());
        }
        return new Answer(Integer.parseInt(first.split(" ")[1]), headers, "");
    }

    /** The lines of a body as they come. */
    BufferedReader lines(Answer head) {
        return new BufferedReader(new InputStreamReader(body(head), StandardCharsets.UTF_8));
    }

    private InputStream body(Answer head) {
        if (head.headers().containsKey("transfer-encoding")) {
            return new Chunks();
        }
        String length = head.headers().get("content-length");
        return length == null ? input : new Sized(Integer.parseInt(length));
    }

    /** Becomes a WebSocket, or answers why not. */
    Answer webSocket(String path) throws IOException {
        send(
                "GET",
                path,
                Map.of(
                        "Connection", "Upgrade",
                        "Upgrade", "websocket",
                        "Sec-WebSocket-Version", "13",
                        "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                null);
        Answer head = head();
        return head.status() == 101
                ? head
                : new Answer(
                        head.status(), head.headers(), new String(body(head).readAllBytes(), StandardCharsets.UTF_8));
    }

    /** Sends a frame; all frames of a client are masked. */
    void frame(int opcode, byte[] payload) throws IOException {
        var frame = new ByteArrayOutputStream();
        frame.write(0x80 | opcode);
        if (payload.length < 126) {
            frame.write(MASKED | payload.length);
        } else {
            frame.write(MASKED | 126);
            frame.write(payload.length >> 8);
            frame.write(payload.length);
        }
        frame.writeBytes(new byte[4]); // a mask of zeros changes nothing
        frame.writeBytes(payload);
        write(frame.toByteArray());
    }

    Message message() throws IOException {
        int opcode = read() & 0xf;
        long length = read();
        if (length >= 126) {
            int bytes = length == 126 ? 2 : 8;
            length = 0;
            for (int i = 0; i < bytes; i++) {
                length = length << 8 | read();
            }
        }
        byte[] payload = input.readNBytes((int) length);
        return new Message(opcode, payload);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private int read() throws IOException {
        int value = input.read();
        if (value < 0) {
            throw new EOFException("hvmd closed the connection");
        }
        return value;
    }

    private String line() throws IOException {
        var line = new StringBuilder();
        for (int c = read(); c != '\n'; c = read()) {
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    private final class Sized extends InputStream {
        private int left;

        private Sized(int size) {
            left = size;
        }

        @Override
        public int read() throws IOException {
            return left-- > 0 ? RawClient.this.read() : -1;
        }
    }

    private final class Chunks extends InputStream {
        private int left;
        private boolean first = true;

        @Override
        public int read() throws IOException {
            if (left == 0) {
                if (!first) {
                    line();
                }
                first = false;
                left = Integer.parseInt(line(), 16);
                if (left == 0) {
                    left = -1;
                }
            }
            if (left < 0) {
                return -1;
            }
            left--;
            return RawClient.this.read();
        }

        /** As much as is there, so that lines are not held back. */
        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int first = read();
            if (first < 0) {
                return -1;
            }
            target[offset] = (byte) first;
            int count = 1;
            while (count < length && left > 0 && input.available() > 0) {
                target[offset + count++] = (byte) read();
            }
            return count;
        }
    }
}
