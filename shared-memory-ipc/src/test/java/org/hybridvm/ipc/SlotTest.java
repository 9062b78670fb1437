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
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SlotTest {
    private static final int MESSAGES = 50_000;

    private final MemorySegment memory = Arena.ofAuto().allocate(SlotDescriptor.SIZE, AbiDescriptor.CACHE_LINE);
    private final Slot slot = new Slot(memory);

    @Test
    void shouldHandTheRequestToTheServerAndTheAnswerToTheClient() {
        long tag = Slot.tag(1, 7);

        slot.publish(tag, 231, 1, 2, 3);
        Slot.Request request = slot.take(0);

        assertThat(request.tag()).isEqualTo(tag);
        assertThat(request.number()).isEqualTo(231);
        assertThat(request.arguments()).containsExactly(1, 2, 3, 0, 0, 0);
        assertThat(slot.reap(tag)).isEmpty();
        slot.answer(tag, -38);
        assertThat(slot.reap(tag)).hasValue(-38);
    }

    @Test
    void shouldTakeARequestOnce() {
        assertThat(slot.take(0)).isNull();
        slot.publish(Slot.tag(1, 7), 1);
        assertThat(slot.take(Slot.tag(1, 7))).isNull();
    }

    @Test
    void shouldNotTakeAnAnswerToAnEarlierOwnerForItsOwn() {
        slot.publish(Slot.tag(1, 8), 1);
        slot.answer(Slot.tag(1, 7), 5);
        assertThat(slot.reap(Slot.tag(1, 8))).isEmpty();
    }

    @Test
    void shouldWrapItsSequence() {
        assertThat(Slot.tag(-1, 0x12345)).isEqualTo(0xffffffff23450000L);
        assertThat(Slot.tag(0, 0)).isZero();
    }

    @Test
    void shouldKeepItsCopyWhenTheClientChangesTheSlot() {
        slot.publish(Slot.tag(1, 7), 1, 10);
        Slot.Request request = slot.take(0);

        memory.set(ValueLayout.JAVA_LONG, SlotDescriptor.ARG_OFFSET, 666);

        assertThat(request.arguments()[0]).isEqualTo(10);
    }

    @Test
    void shouldTellEachSideThatTheOtherSleeps() {
        assertThat(slot.serverNeedsWake()).isFalse();
        slot.serverSleeping(true);
        slot.clientSleeping(true);
        assertThat(slot.serverNeedsWake()).isTrue();
        assertThat(slot.clientNeedsWake()).isTrue();
        slot.serverSleeping(false);
        assertThat(slot.serverNeedsWake()).isFalse();
    }

    @Test
    void shouldRefuseMemoryThatIsNoSlot() {
        assertThatThrownBy(() -> new Slot(memory.asSlice(0, 256)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a slot has 512 bytes; given: 256");
        MemorySegment large = Arena.ofAuto().allocate(1024, AbiDescriptor.CACHE_LINE);
        assertThatThrownBy(() -> new Slot(large.asSlice(8)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("on a cache line of 64 bytes");
    }

    @Test
    void shouldRefuseRequestsThatDoNotFit() {
        assertThatThrownBy(() -> slot.publish(Slot.tag(1, 7), 1, 1, 2, 3, 4, 5, 6, 7))
                .hasMessage("a request has at most 6 arguments; given: 7");
        assertThatThrownBy(() -> slot.publish(Slot.tag(1, 7), 65536)).hasMessageContaining("given: number 65536");
        assertThatThrownBy(() -> slot.publish(5, 1)).hasMessageContaining("tag 0x5");
    }

    /** Whatever is in the hot line: a request within its bounds, an answer, or none. */
    @Test
    void shouldGiveWrongRequestsAndAnswersAtWorst() {
        var random = new Random(1);
        long last = 0;
        int taken = 0;
        int reaped = 0;
        for (int i = 0; i < 200_000; i++) {
            long word = random.nextInt(4) == 0 ? Slot.tag(1, 7) : random.nextLong();
            memory.set(ValueLayout.JAVA_LONG, 8L * random.nextInt(8), word);
            Slot.Request request = slot.take(last);
            if (request != null) {
                assertThat(request.number()).isBetween(0, 0xffff);
                assertThat(request.tag()).isNotEqualTo(last);
                last = request.tag();
                taken++;
            }
            reaped += slot.reap(Slot.tag(1, 7)).isPresent() ? 1 : 0;
        }
        assertThat(taken).isPositive();
        assertThat(reaped).isPositive();
    }

    @Test
    void shouldServeAnotherThread() throws InterruptedException {
        Thread server = Thread.ofPlatform().daemon().start(() -> {
            long last = 0;
            for (int i = 0; i < MESSAGES; i++) {
                Slot.Request request = awaitRequest(slot, last);
                last = request.tag();
                slot.answer(last, sum(request));
            }
        });

        exchange(slot, 3);

        server.join();
    }

    @Test
    void shouldSpeakWithTheCServerOverASharedFile(@TempDir Path folder) throws IOException, InterruptedException {
        Path file = Files.write(folder.resolve("slot"), new byte[(int) AbiDescriptor.PAGE_SIZE]);
        Process server = new ProcessBuilder("build/slot-echo", file.toString(), String.valueOf(MESSAGES))
                .inheritIO()
                .start();
        try (Arena arena = Arena.ofShared();
                FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MemorySegment shared = channel.map(FileChannel.MapMode.READ_WRITE, 0, AbiDescriptor.PAGE_SIZE, arena);

            exchange(new Slot(shared), 5);

            assertThat(server.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(server.exitValue()).isZero();
        } finally {
            server.destroyForcibly();
        }
    }

    /** The client's side, with a sequence that wraps. */
    private static void exchange(Slot slot, int generation) {
        for (int i = 0; i < MESSAGES; i++) {
            long tag = Slot.tag(i - MESSAGES / 2, generation);
            long x = i * 0x9e3779b97f4a7c15L;
            slot.publish(tag, i & 0xffff, x, x + 1, x + 2, x + 3, x + 4, x + 5);
            long expected = (i & 0xffff) + x + 2 * (x + 1) + 3 * (x + 2) + 4 * (x + 3) + 5 * (x + 4) + 6 * (x + 5);
            assertThat(awaitAnswer(slot, tag)).isEqualTo(expected);
        }
    }

    private static long sum(Slot.Request request) {
        long sum = request.number();
        for (int i = 0; i < request.arguments().length; i++) {
            sum += request.arguments()[i] * (i + 1);
        }
        return sum;
    }

    private static Slot.Request awaitRequest(Slot slot, long last) {
        Slot.Request request;
        while ((request = slot.take(last)) == null) {
            Thread.yield();
        }
        return request;
    }

    private static long awaitAnswer(Slot slot, long tag) {
        OptionalLong answer;
        while ((answer = slot.reap(tag)).isEmpty()) {
            Thread.yield();
        }
        return answer.getAsLong();
    }
}
