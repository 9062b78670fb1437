// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The client's end of a WebSocket (RFC 6455) on a connection to hvmd: whole messages, no extensions. One thread may read
 * while others write.
 */
final class WebSocketChannel implements Closeable {
    static final int TEXT = 1;
    static final int BINARY = 2;

    private static final int CLOSE = 8;
    private static final int PING = 9;
    private static final int PONG = 10;
    private static final int FINAL = 0x80;
    private static final int MASKED = 0x80;
    private static final int LONGEST = 16 << 20;

    private final HttpConnection connection;

    WebSocketChannel(HttpConnection connection) {
        this.connection = connection;
    }

    /** A message; {@code type} is {@link #TEXT} or {@link #BINARY}. */
    record Message(int type, byte[] bytes) {
        String text() {
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    /** @return null once hvmd has ended the conversation */
    Message read() throws IOException {
        while (true) {
            byte[] head = new byte[2];
            try {
                connection.readFully(head);
            } catch (EOFException e) {
                return null;
            }
            byte[] payload = new byte[length(head[1] & 0x7f)];
            connection.readFully(payload);
            switch (head[0] & 0xf) {
                case TEXT, BINARY -> {
                    return new Message(head[0] & 0xf, payload);
                }
                case PING -> write(PONG, payload, payload.length);
                case CLOSE -> {
                    return null;
                }
                default -> {} // a pong that nobody asked for
            }
        }
    }

    /** Sends one message, the first {@code length} bytes of {@code payload}. */
    synchronized void write(int type, byte[] payload, int length) throws IOException {
        ByteBuffer frame = ByteBuffer.allocate(length + 14);
        frame.put((byte) (FINAL | type));
        if (length < 126) {
            frame.put((byte) (MASKED | length));
        } else {
            frame.put((byte) (MASKED | 126)).putShort((short) length);
        }
        frame.putInt(0); // on a Unix socket or in TLS no proxy needs to be kept from understanding it
        connection.write(frame.put(payload, 0, length).flip());
    }

    private int length(int code) throws IOException {
        if (code < 126) {
            return code;
        }
        byte[] more = new byte[code == 126 ? 2 : 8];
        connection.readFully(more);
        long length = code == 126
                ? ByteBuffer.wrap(more).getShort() & 0xffff
                : ByteBuffer.wrap(more).getLong();
        if (length < 0 || length > LONGEST) {
            throw new IOException("hvmd sent a message of " + length + " bytes");
        }
        return (int) length;
    }

    @Override
    public void close() throws IOException {
        connection.close();
    }
}
