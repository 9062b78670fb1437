// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Frames of an agent that has gone mad, or is somebody else, from a seed: a protocol error at most, and memory stays bounded. */
@Timeout(600)
class FrameFuzzTest {
    private static final int STREAMS = Integer.getInteger("hvm.fuzz", 3_000);
    private static final long SEED = Long.getLong("hvm.fuzz.seed", 20260107);
    private static final int MOST_FRAMES = 20;
    /** For some 10 KiB of frames; a length that is believed before its bytes are there would ask for more. */
    private static final long MOST_ALLOCATED = 4 << 20;

    private final Random random = new Random(SEED);

    @Test
    void shouldTakeWholeFramesAndRefuseTheRest() {
        int frames = 0;
        long most = 0;
        for (int i = 0; i < STREAMS; i++) {
            byte[] stream = stream();
            boolean trusted = random.nextBoolean();
            long before = allocated();
            frames += read(stream, trusted).size();
            most = Math.max(most, allocated() - before);
        }
        System.out.println("fuzz seed=" + SEED + " frame_streams=" + STREAMS + " frames=" + frames
                + " frame_stream_allocates_kib=" + (most >> 10));
        assertThat(frames).isPositive();
        assertThat(most).isLessThan(MOST_ALLOCATED);
    }

    /** Before it is trusted the stream may begin with anything; the first whole frame behind it is found. */
    @Test
    void shouldFindTheFirstFrameBehindRubbish() throws Exception {
        for (int i = 0; i < STREAMS; i++) {
            byte[] rubbish = new byte[random.nextInt(300)];
            random.nextBytes(rubbish);
            var frame = new Frame(FrameType.STDIN, 7, new byte[] {1, 2, 3});
            ByteBuffer header = frame.encode();
            ByteBuffer all = ByteBuffer.allocate(rubbish.length + header.remaining())
                    .put(rubbish)
                    .put(header)
                    .flip();
            List<Frame> read = read(all.array(), false);
            assertThat(read).as("seed " + SEED + ", stream " + i).hasSize(1);
            assertThat(read.getFirst().stream()).isEqualTo(7);
        }
    }

    /** Bytes, by this thread so far. */
    private static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    private List<Frame> read(byte[] bytes, boolean trusted) {
        var frames = new ArrayList<Frame>();
        var reader = new FrameReader(Channels.newChannel(new ByteArrayInputStream(bytes)));
        if (trusted) {
            reader.trust();
        }
        try {
            while (true) {
                Frame frame = reader.next();
                frames.add(frame);
                useFields(frame);
            }
        } catch (EOFException | ProtocolException e) {
            return frames; // its end
        } catch (IOException e) {
            throw new AssertionError("seed " + SEED, e);
        }
    }

    private static void useFields(Frame frame) {
        try {
            Fields fields = Fields.decode(frame.payload());
            for (FieldTag tag : FieldTag.values()) {
                fields.texts(tag);
                fields.number(tag);
            }
            JobInfo.greeting(fields);
        } catch (ProtocolException e) {
            // as it should be
        }
    }

    private byte[] stream() {
        ByteBuffer bytes = ByteBuffer.allocate(MOST_FRAMES * (Frame.HEADER_SIZE + 600));
        for (int frame = random.nextInt(MOST_FRAMES); frame >= 0; frame--) {
            FrameType[] types = FrameType.values();
            bytes.put(new Frame(types[random.nextInt(types.length)], random.nextInt(), payload()).encode());
        }
        byte[] stream = new byte[random.nextInt(10) == 0 ? random.nextInt(bytes.position() + 1) : bytes.position()];
        bytes.flip().get(stream);
        for (int change = random.nextInt(6); change > 0 && stream.length > 0; change--) {
            stream[random.nextInt(stream.length)] = (byte) random.nextInt();
        }
        return stream;
    }

    private byte[] payload() {
        if (random.nextInt(3) == 0) {
            byte[] payload = new byte[random.nextInt(500)];
            random.nextBytes(payload);
            return payload;
        }
        var fields = new Fields();
        for (int field = random.nextInt(8); field > 0; field--) {
            byte[] value = new byte[random.nextInt(4) == 0 ? random.nextInt(40) : 1 << (1 + random.nextInt(3))];
            random.nextBytes(value);
            fields.bytes(FieldTag.values()[random.nextInt(FieldTag.values().length)], value);
        }
        return fields.encode();
    }
}
