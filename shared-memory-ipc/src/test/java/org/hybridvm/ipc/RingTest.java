// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RingTest {
    private static final int CELLS = 8;
    private static final int MESSAGES = 100_000;
    private static final int FUZZ_ROUNDS = 200_000;

    private final MemorySegment memory = cells(CELLS);
    private final Ring producer = new Ring(memory);
    private final Ring consumer = new Ring(memory);
    private final Ring.Message message = new Ring.Message();

    @Test
    void shouldHandOverMessagesInOrderWithEveryBit() {
        for (int n = 0; n < CELLS; n++) {
            assertThat(producer.push(message(n))).isTrue();
        }
        for (int n = 0; n < CELLS; n++) {
            assertNext(consumer, n);
        }
        assertThat(consumer.hasMessage()).isFalse();
        assertThat(consumer.pop(message)).isFalse();
    }

    @Test
    void shouldTakeNoMoreThanItHasCellsAndLoseNone() {
        for (int n = 0; n < CELLS; n++) {
            assertThat(producer.hasRoom()).isTrue();
            producer.push(message(n));
        }
        assertThat(producer.hasRoom()).isFalse();
        assertThat(producer.push(message(CELLS))).isFalse();
        assertNext(consumer, 0);
        assertThat(producer.push(message(CELLS))).isTrue();
        for (int n = 1; n <= CELLS; n++) {
            assertNext(consumer, n);
        }
    }

    @Test
    void shouldPushManyAsFarAsThereIsRoom() {
        var many = new Ring.Message[CELLS + 3];
        for (int n = 0; n < many.length; n++) {
            many[n] = message(n);
        }
        assertThat(producer.pushMany()).isZero();
        assertThat(producer.pushMany(many)).isEqualTo(CELLS);
        assertThat(producer.pushMany(many)).isZero();
        assertNext(consumer, 0);
        assertThat(producer.pushMany(many)).isOne();
    }

    @Test
    void shouldKeepAMessageUntilItIsDropped() {
        producer.push(message(1));
        assertThat(consumer.take(message)).isTrue();
        assertThat(consumer.take(message)).isTrue();
        assertSame(message, 1);
        consumer.drop();
        assertThat(consumer.take(message)).isFalse();
    }

    @Test
    void shouldBeARingWithOneCellToo() {
        MemorySegment one = cells(1);
        var from = new Ring(one);
        var to = new Ring(one);
        for (int n = 0; n < 10; n++) {
            assertThat(from.push(message(n))).isTrue();
            assertThat(from.push(message(n))).isFalse();
            assertNext(to, n);
        }
    }

    @Test
    void shouldWrapItsTurn() {
        var from = new Ring(memory, -8);
        var to = new Ring(memory, -8);
        from.clear();
        for (int n = 0; n < 20 * CELLS; n++) {
            assertThat(to.pop(message)).isFalse();
            assertThat(from.push(message(n))).isTrue();
            assertNext(to, n);
        }
        assertThat(to.cells()).isEqualTo(CELLS);
    }

    @Test
    void shouldKeepItsCopyWhenTheProducerChangesTheCell() {
        producer.push(message(3));
        consumer.pop(message);

        memory.fill((byte) 0xff);

        assertSame(message, 3);
    }

    @Test
    void shouldTellWhichCellIsCorruptAndWhatIsAllowed() {
        memory.set(ValueLayout.JAVA_LONG, 0, 0x5_0000_0007L);

        assertThatThrownBy(() -> consumer.pop(message))
                .isInstanceOf(CorruptRingException.class)
                .hasMessage("consumer: cell 0 of the ring has a state that its peer may not leave: 0x500000007;"
                        + " allowed: turn 0x0 with kind 0, or turn 0x1");
        assertThatThrownBy(consumer::hasMessage).isInstanceOf(CorruptRingException.class);
        assertThatThrownBy(() -> producer.push(message))
                .isInstanceOf(CorruptRingException.class)
                .hasMessageStartingWith("producer: cell 0")
                .hasMessageEndingWith("or turn 0xffffffff");
        assertThatThrownBy(producer::hasRoom).isInstanceOf(CorruptRingException.class);
    }

    @Test
    void shouldGoOnAsIfNothingHadBeenWhenTheCellIsMended() {
        memory.set(ValueLayout.JAVA_LONG, 0, 0x5_0000_0000L);
        assertThatThrownBy(() -> producer.push(message(1))).isInstanceOf(CorruptRingException.class);

        producer.clear();

        assertThat(producer.push(message(1))).isTrue();
        assertNext(consumer, 1);
    }

    @Test
    void shouldFindWhatAnEarlierRingLeftCorrupt() {
        producer.push(message(1));
        var next = new Ring(memory, 64);

        assertThatThrownBy(() -> next.pop(message)).isInstanceOf(CorruptRingException.class);
    }

    @Test
    void shouldRefuseMemoryThatIsNoRing() {
        assertThatThrownBy(() -> new Ring(memory.asSlice(0, 192)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a ring has a power of two of cells of 64 bytes, at most 1048576; given: 192 bytes");
        assertThatThrownBy(() -> new Ring(memory.asSlice(0, 0))).hasMessageEndingWith("given: 0 bytes");
        assertThatThrownBy(() -> new Ring(memory.asSlice(0, 100))).hasMessageEndingWith("given: 100 bytes");
        assertThatThrownBy(() -> new Ring(memory.asSlice(8, 64))).hasMessageContaining("on a cache line of 64 bytes");
        assertThatThrownBy(() -> new Ring(memory.asReadOnly())).hasMessageEndingWith("given: read-only memory");
        assertThatThrownBy(() -> new Ring(memory, 3)).hasMessage("a ring's first turn is even; given: 0x3");
    }

    @Test
    void shouldHandOverBetweenTwoThreads() throws InterruptedException {
        Thread sender = Thread.ofPlatform().daemon().start(() -> {
            for (int n = 0; n < MESSAGES; n++) {
                Ring.Message sent = message(n);
                while (!producer.push(sent)) {
                    Thread.yield();
                }
            }
        });

        for (int n = 0; n < MESSAGES; n++) {
            while (!consumer.hasMessage()) {
                Thread.yield();
            }
            assertNext(consumer, n);
        }

        sender.join();
    }

    @Test
    void shouldSpeakWithACPeerOverASharedFile(@TempDir Path folder) throws IOException, InterruptedException {
        Path file = Files.write(folder.resolve("rings"), new byte[2 * CELLS * (int) RingDescriptor.CELL_SIZE]);
        Process peer = new ProcessBuilder(
                        "build/ring-echo", file.toString(), String.valueOf(CELLS), String.valueOf(MESSAGES))
                .inheritIO()
                .start();
        try (Arena arena = Arena.ofShared();
                FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long size = CELLS * RingDescriptor.CELL_SIZE;
            MemorySegment both = channel.map(FileChannel.MapMode.READ_WRITE, 0, 2 * size, arena);

            exchange(new Ring(both.asSlice(0, size)), new Ring(both.asSlice(size, size)));

            assertThat(peer.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(peer.exitValue()).isZero();
        } finally {
            peer.destroyForcibly();
        }
    }

    /** As many requests on their way as there is room for. */
    private void exchange(Ring requests, Ring answers) {
        int sent = 0;
        for (int n = 0; n < MESSAGES; n++) {
            while (!answers.pop(message)) {
                if (sent == MESSAGES || !requests.push(message(sent))) {
                    Thread.yield();
                } else {
                    sent++;
                }
            }
            assertThat(message.kind).isEqualTo(~n);
            assertThat(message.words[0]).isEqualTo(7 * word(n, 0) + 21);
            assertThat(message.words[6]).isEqualTo(~word(n, 6));
        }
    }

    /** Rubbish in any word at any time: every try answers or finds the ring corrupt, and nothing else. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void shouldAnswerOrFindTheRingCorruptWhateverTheMemoryHolds(long seed) {
        var random = new Random(seed);
        int done = 0;
        int corrupt = 0;
        for (int i = 0; i < FUZZ_ROUNDS; i++) {
            if (random.nextInt(8) == 0) {
                spoil(random);
            }
            boolean push = random.nextBoolean();
            try {
                done += (push ? producer.push(message(i)) : consumer.pop(message)) ? 1 : 0;
            } catch (CorruptRingException e) {
                corrupt++;
                if (random.nextInt(16) == 0) {
                    (push ? producer : consumer).clear();
                }
            }
        }
        assertThat(done).isPositive();
        assertThat(corrupt).isPositive();
    }

    @Test
    void shouldEndBesideAThreadThatWritesRubbishAllTheTime() throws InterruptedException {
        var over = new AtomicBoolean();
        Thread hostile = Thread.ofPlatform().daemon().start(() -> {
            var random = new Random(5);
            while (!over.get()) {
                spoil(random);
            }
        });
        for (int i = 0; i < FUZZ_ROUNDS; i++) {
            try {
                producer.push(message(i));
                consumer.pop(message);
            } catch (CorruptRingException e) {
                producer.clear();
            }
        }
        over.set(true);
        hostile.join();
    }

    /** What fits, what almost fits, and rubbish: mostly states, for they get farthest. */
    private void spoil(Random random) {
        long word = random.nextInt(4) == 0 ? random.nextInt(8) : 0;
        long value = random.nextInt(4) == 0 ? random.nextLong() : (long) (random.nextInt(64) - 2) << 32;
        memory.set(ValueLayout.JAVA_LONG, RingDescriptor.CELL_SIZE * random.nextInt(CELLS) + 8 * word, value);
    }

    private void assertNext(Ring ring, int n) {
        assertThat(ring.hasMessage()).isTrue();
        assertThat(ring.pop(message)).isTrue();
        assertSame(message, n);
    }

    private static void assertSame(Ring.Message message, int n) {
        assertThat(message.kind).isEqualTo(~n);
        for (int i = 0; i < message.words.length; i++) {
            assertThat(message.words[i]).isEqualTo(word(n, i));
        }
    }

    private static Ring.Message message(int n) {
        var message = new Ring.Message();
        message.kind = ~n;
        for (int i = 0; i < message.words.length; i++) {
            message.words[i] = word(n, i);
        }
        return message;
    }

    private static long word(int n, int index) {
        return n * 0x9e3779b97f4a7c15L + index;
    }

    private static MemorySegment cells(int count) {
        return Arena.ofAuto().allocate(count * RingDescriptor.CELL_SIZE, AbiDescriptor.CACHE_LINE);
    }
}
