// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * One message of a run stream, the protocol {@value #PROTOCOL} that {@code GET /v1/jobs/run} switches to. An 8-byte
 * header, little-endian, then the payload:
 *
 * <pre>
 *   0  u8   type, see {@link Type}
 *   1  u8   stream: 0 stdin, 1 stdout, 2 stderr; 0 where it has no meaning
 *   2  u16  zero
 *   4  u32  length of the payload, at most {@value #MAX_PAYLOAD}, of RUN {@value #MAX_REQUEST}
 * </pre>
 *
 * The client begins with RUN; hvmd answers with JOB or with REFUSED, which ends the stream.
 *
 * A client that loses the connection sends RUN again on another one, with the same {@code key} and the number of
 * {@code reports} that it has; CREDIT then says from which byte on it wants its output, and hvmd's from which on its input
 * is wanted. After END the client closes, when it has all of it.
 *
 * Nobody sends DATA that the other side has not allowed by CREDIT before; so neither side, nor hvmd between them, ever
 * has to hold more than the windows that were granted, and signals and the end are never stuck behind data.
 */
public record RunFrame(Type type, int stream, byte[] payload) {
    public static final String PROTOCOL = "hvm-run/2";
    public static final int HEADER_SIZE = 8;
    public static final int MAX_PAYLOAD = 64 * 1024;

    /** Arguments and environment at their largest (ARG_MAX is 2 MiB), escaped. */
    public static final int MAX_REQUEST = 4 * 1024 * 1024;

    /** No stream is as long. */
    private static final long MAX_OFFSET = 1L << 62;

    public static final int STDIN = 0;
    public static final int STDOUT = 1;
    public static final int STDERR = 2;

    private static final byte[] NOTHING = new byte[0];

    /** What a frame means, who sends it and what it carries. */
    public enum Type {
        /** Both: bytes of the stream. */
        DATA(1),
        /** Client: the stream (stdin) has ended. */
        DATA_END(2),
        /** Both: u64, bytes of the stream that the sender has for good; u32, how many more it takes behind those. */
        CREDIT(3),
        /** Client: u32, the number of the signal to send to the program. */
        SIGNAL(4),
        /** Client, first: what to run, as JSON. */
        RUN(5),
        /** hvmd: it is not run; the problem as JSON. Nothing follows. */
        REFUSED(6),
        /** hvmd: the job's number and place, as JSON. */
        JOB(7),
        /** hvmd: the job waits; why, as text. */
        PENDING(8),
        /** hvmd: the program runs. */
        RUNNING(9),
        /** hvmd: a line of the job's report, as text. */
        REPORT(10),
        /** hvmd, last: the result as JSON. */
        END(11);

        private static final Type[] BY_CODE = new Type[values().length + 1];

        static {
            for (Type type : values()) {
                BY_CODE[type.code] = type;
            }
        }

        private final int code;

        Type(int code) {
            this.code = code;
        }
    }

    /**
     * The fields of a frame's header.
     *
     * @param length of the payload that follows
     */
    public record Header(Type type, int stream, int length) {
        /** @throws IllegalArgumentException if this is no header of the protocol; the message says why */
        public static Header decode(ByteBuffer bytes) {
            ByteBuffer header = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
            int code = Byte.toUnsignedInt(header.get(0));
            int stream = Byte.toUnsignedInt(header.get(1));
            int length = header.getInt(4);
            if (code == 0 || code >= Type.BY_CODE.length) {
                throw new IllegalArgumentException("unknown frame type " + code);
            }
            if (stream > STDERR || header.getShort(2) != 0) {
                throw new IllegalArgumentException("bad frame stream " + stream);
            }
            Type type = Type.BY_CODE[code];
            int limit = type == Type.RUN ? MAX_REQUEST : MAX_PAYLOAD;
            if (length < 0 || length > limit) {
                throw new IllegalArgumentException(
                        "frame of " + Integer.toUnsignedString(length) + " bytes, limit " + limit);
            }
            return new Header(type, stream, length);
        }
    }

    public static RunFrame data(int stream, byte[] bytes) {
        return new RunFrame(Type.DATA, stream, bytes);
    }

    public static RunFrame dataEnd(int stream) {
        return new RunFrame(Type.DATA_END, stream, NOTHING);
    }

    public static RunFrame credit(int stream, long taken, int window) {
        return new RunFrame(
                Type.CREDIT,
                stream,
                ByteBuffer.allocate(Long.BYTES + Integer.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(taken)
                        .putInt(window)
                        .array());
    }

    public static RunFrame signal(int number) {
        return new RunFrame(Type.SIGNAL, 0, encode(number));
    }

    public static RunFrame running() {
        return new RunFrame(Type.RUNNING, 0, NOTHING);
    }

    /** @throws IllegalArgumentException if the request is longer than a frame can be */
    public static RunFrame run(String request) {
        byte[] bytes = request.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_REQUEST) {
            throw new IllegalArgumentException("a request of " + bytes.length + " bytes, limit " + MAX_REQUEST);
        }
        return new RunFrame(Type.RUN, 0, bytes);
    }

    /** A frame that carries text; what is too long for a frame is cut off. */
    public static RunFrame text(Type type, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return new RunFrame(type, 0, bytes.length <= MAX_PAYLOAD ? bytes : Arrays.copyOf(bytes, MAX_PAYLOAD));
    }

    /** Header and payload. */
    public byte[] encode() {
        return ByteBuffer.allocate(HEADER_SIZE + payload.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) type.code)
                .put((byte) stream)
                .putShort((short) 0)
                .putInt(payload.length)
                .put(payload)
                .array();
    }

    public String text() {
        return new String(payload, StandardCharsets.UTF_8);
    }

    /** What CREDIT carries. */
    public record Credit(long taken, int window) {}

    /** @throws IllegalArgumentException if the payload is none, or a number is negative or out of reason */
    public Credit credit() {
        if (payload.length != Long.BYTES + Integer.BYTES) {
            throw new IllegalArgumentException("a credit of " + payload.length + " bytes");
        }
        ByteBuffer bytes = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
        var credit = new Credit(bytes.getLong(), bytes.getInt());
        if (credit.taken < 0 || credit.taken > MAX_OFFSET || credit.window < 0) {
            throw new IllegalArgumentException("the credit " + credit);
        }
        return credit;
    }

    /**
     * The number that SIGNAL carries.
     *
     * @throws IllegalArgumentException if the payload is none, or the number is above {@link Integer#MAX_VALUE}
     */
    public int number() {
        if (payload.length != Integer.BYTES) {
            throw new IllegalArgumentException("a number of " + payload.length + " bytes");
        }
        int number = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN).getInt();
        if (number < 0) {
            throw new IllegalArgumentException("the number " + Integer.toUnsignedString(number));
        }
        return number;
    }

    private static byte[] encode(int number) {
        return ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(number)
                .array();
    }
}
