// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.rings;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.hybridvm.ipc.Ring;

/** {@link Ring}: every message is copied and checked. */
final class RingTransport implements Transport {
    private final MemorySegment memory = Transport.mapped(CAPACITY, Arena.ofAuto());

    @Override
    public Sender sender() {
        return new RingSender(new Ring(memory));
    }

    @Override
    public Receiver receiver() {
        return new RingReceiver(new Ring(memory));
    }

    private static final class RingSender implements Sender {
        private final Ring ring;
        private final Ring.Message message = new Ring.Message();

        RingSender(Ring ring) {
            this.ring = ring;
        }

        @Override
        public boolean send(long first) {
            message.kind = 1;
            for (int i = 0; i < WORDS; i++) {
                message.words[i] = first + i;
            }
            return ring.push(message);
        }
    }

    private static final class RingReceiver implements Receiver {
        private final Ring ring;
        private final Ring.Message message = new Ring.Message();
        private long sum;

        RingReceiver(Ring ring) {
            this.ring = ring;
        }

        @Override
        public int receive(int limit) {
            int count = 0;
            while (count < limit && ring.pop(message)) {
                addUp();
                count++;
            }
            return count;
        }

        @Override
        public void answer(Sender answers) {
            if (ring.take(message)) {
                addUp();
                answers.send(sum);
                ring.drop();
            } else {
                Thread.onSpinWait();
            }
        }

        private void addUp() {
            for (int i = 0; i < WORDS; i++) {
                sum += message.words[i];
            }
        }

        @Override
        public long sum() {
            return sum;
        }
    }
}
