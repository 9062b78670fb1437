// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/**
 * Takes frames out of a byte stream whose beginning may be the rest of something that was meant for somebody else: until
 * {@link #trust} is called, bytes that begin no frame are skipped; afterwards they are an error.
 */
final class FrameReader {
    private final ReadableByteChannel channel;
    private final ByteBuffer buffer =
            ByteBuffer.allocate(2 * (Frame.HEADER_SIZE + Frame.MAX_PAYLOAD)).flip();
    private boolean trusted;

    FrameReader(ReadableByteChannel channel) {
        this.channel = channel;
    }

    /** From now on the stream consists of whole frames. */
    void trust() {
        trusted = true;
    }

    /**
     * The next frame of a known type.
     *
     * @throws EOFException at the end of the stream
     * @throws ProtocolException if a trusted stream does not hold a frame
     */
    Frame next() throws IOException {
        while (true) {
            Frame.Header header = nextHeader();
            byte[] payload = new byte[header.length()];
            fill(payload.length);
            buffer.get(payload);
            if (header.type() != null) {
                return new Frame(header.type(), header.stream(), payload);
            }
            if (trusted) {
                throw new ProtocolException("a frame of unknown type");
            }
        }
    }

    private Frame.Header nextHeader() throws IOException {
        while (true) {
            fill(Frame.HEADER_SIZE);
            Frame.Header header = Frame.decode(buffer);
            if (header != null) {
                buffer.position(buffer.position() + Frame.HEADER_SIZE);
                return header;
            }
            if (trusted) {
                throw new ProtocolException("bytes that are no frame");
            }
            buffer.get();
        }
    }

    private void fill(int wanted) throws IOException {
        if (buffer.remaining() >= wanted) {
            return;
        }
        buffer.compact();
        while (buffer.position() < wanted) {
            if (channel.read(buffer) < 0) {
                throw new EOFException("the stream ended");
            }
        }
        buffer.flip();
    }
}
