// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A message of the agent's channel: {@code struct hvm_frame} of hvm/frame.h and its payload.
 *
 * @param stream the job's number on this channel, 0 for the channel itself
 */
record Frame(FrameType type, int stream, byte[] payload) {
    static final int HEADER_SIZE = 20;
    static final int MAX_PAYLOAD = 65536;
    private static final int MAGIC = 0x464d5648;
    private static final byte VERSION = 2;

    private static final byte[] NOTHING = new byte[0];

    static Frame empty(FrameType type, int stream) {
        return new Frame(type, stream, NOTHING);
    }

    ByteBuffer encode() {
        ByteBuffer bytes = ByteBuffer.allocate(HEADER_SIZE + payload.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(MAGIC)
                .put(VERSION)
                .put((byte) type.code)
                .putShort((short) 0)
                .putInt(stream)
                .putInt(payload.length)
                .putInt(check(type.code, stream, payload.length))
                .put(payload);
        return bytes.flip();
    }

    /**
     * The fields of a header that was checked.
     *
     * @param type null if it is one that we do not know
     */
    record Header(FrameType type, int stream, int length) {}

    /** The header at the buffer's position, or null if the {@value #HEADER_SIZE} bytes there are none. */
    static Header decode(ByteBuffer buffer) {
        ByteBuffer header = buffer.slice().order(ByteOrder.LITTLE_ENDIAN);
        int type = Byte.toUnsignedInt(header.get(5));
        int stream = header.getInt(8);
        int length = header.getInt(12);
        boolean valid = header.getInt(0) == MAGIC
                && header.get(4) == VERSION
                && length >= 0
                && length <= MAX_PAYLOAD
                && header.getInt(16) == check(type, stream, length);
        return valid ? new Header(FrameType.of(type), stream, length) : null;
    }

    private static int check(int type, int stream, int length) {
        return ~(MAGIC + VERSION + type + stream + length);
    }
}
