// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.soak;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.hybridvm.JsonObject;

/** A connection to hvmd's Unix socket that stays open for many exchanges, as those of busy clients do. For one thread. */
final class Exchange implements Closeable {
    private final SocketChannel channel;
    private final ByteBuffer input = ByteBuffer.allocate(64 * 1024).flip();

    Exchange(Path socket) throws IOException {
        channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** Header names are in lower case. */
    record Answer(int status, Map<String, String> headers, String body) {
        JsonObject json() {
            return JsonObject.parse(body);
        }
    }

    Answer get(String path) throws IOException {
        return ask("GET", path, Map.of(), "");
    }

    Answer ask(String method, String path, Map<String, String> headers, String body) throws IOException {
        byte[] content = body.getBytes(StandardCharsets.UTF_8);
        var head = new StringBuilder(
                method + " " + path + " HTTP/1.1\r\nHost: hvmd\r\nContent-Length: " + content.length + "\r\n");
        headers.forEach((name, value) -> head.append(name + ": " + value + "\r\n"));
        byte[] start = head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII);
        ByteBuffer all = ByteBuffer.allocate(start.length + content.length)
                .put(start)
                .put(content)
                .flip();
        while (all.hasRemaining()) {
            channel.write(all);
        }
        return answer();
    }

    private Answer answer() throws IOException {
        int status = Integer.parseInt(line().split(" ")[1]);
        var headers = new HashMap<String, String>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
        byte[] body = new byte[Integer.parseInt(headers.getOrDefault("content-length", "0"))];
        for (int at = 0; at < body.length; ) {
            fill();
            int part = Math.min(input.remaining(), body.length - at);
            input.get(body, at, part);
            at += part;
        }
        return new Answer(status, headers, new String(body, StandardCharsets.UTF_8));
    }

    private String line() throws IOException {
        var line = new StringBuilder();
        while (true) {
            fill();
            char c = (char) Byte.toUnsignedInt(input.get());
            if (c == '\n') {
                return line.toString();
            }
            if (c != '\r') {
                line.append(c);
            }
        }
    }

    private void fill() throws IOException {
        if (!input.hasRemaining()) {
            input.clear();
            int read = channel.read(input);
            input.flip();
            if (read < 0) {
                throw new EOFException("hvmd has closed the connection");
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
