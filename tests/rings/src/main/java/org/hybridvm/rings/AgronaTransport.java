// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.rings;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.MessageHandler;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/** Agrona's ring, used as Agrona does: written by claiming, read in place and in batches. A record has 8 + 56 bytes. */
final class AgronaTransport implements Transport {
    private final MemorySegment memory =
            Transport.mapped(CAPACITY + RingBufferDescriptor.TRAILER_LENGTH, Arena.ofAuto());

    @Override
    public Sender sender() {
        return new AgronaSender(ring());
    }

    @Override
    public Receiver receiver() {
        return new AgronaReceiver(ring());
    }

    private OneToOneRingBuffer ring() {
        return new OneToOneRingBuffer(new UnsafeBuffer(memory.asByteBuffer()));
    }

    private static final class AgronaSender implements Sender {
        private final OneToOneRingBuffer ring;

        AgronaSender(OneToOneRingBuffer ring) {
            this.ring = ring;
        }

        @Override
        public boolean send(long first) {
            int index = ring.tryClaim(1, WORDS * Long.BYTES);
            if (index < 0) {
                return false;
            }
            var buffer = ring.buffer();
            for (int i = 0; i < WORDS; i++) {
                buffer.putLong(index + i * Long.BYTES, first + i);
            }
            ring.commit(index);
            return true;
        }
    }

    private static final class AgronaReceiver implements Receiver, MessageHandler {
        private final OneToOneRingBuffer ring;
        private Sender answers;
        private long sum;

        AgronaReceiver(OneToOneRingBuffer ring) {
            this.ring = ring;
        }

        @Override
        public int receive(int limit) {
            return ring.read(this, limit);
        }

        @Override
        public void answer(Sender sender) {
            answers = sender;
            if (ring.read(this, 1) == 0) {
                Thread.onSpinWait();
            }
        }

        @Override
        public void onMessage(int type, MutableDirectBuffer buffer, int index, int length) {
            for (int i = 0; i < WORDS; i++) {
                sum += buffer.getLong(index + i * Long.BYTES);
            }
            if (answers != null) {
                answers.send(sum);
            }
        }

        @Override
        public long sum() {
            return sum;
        }
    }
}
