// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What is kept of a run's output for those who look on. */
class OutputTailTest {
    private final OutputTail tail = new OutputTail();

    @Test
    void shouldKeepTheNewestBytesHoweverTheyCome() {
        var random = new Random(5);
        byte[] all = new byte[OutputTail.LIMIT * 3];
        random.nextBytes(all);
        for (int at = 0; at < all.length; ) {
            int size = Math.min(all.length - at, 1 + random.nextInt(70_000));
            tail.append(at, ByteBuffer.wrap(all, at, size));
            at += size;
            int oldest = Math.max(0, at - OutputTail.LIMIT);
            OutputTail.Piece piece = tail.read(0, OutputTail.LIMIT);
            assertThat(piece.from()).isEqualTo(oldest);
            assertThat(piece.bytes()).isEqualTo(Arrays.copyOfRange(all, oldest, at));
        }
        assertThat(tail.read(all.length - 3L, 2).bytes())
                .isEqualTo(Arrays.copyOfRange(all, all.length - 3, all.length - 1));
    }

    @Test
    void shouldKeepTheEndOfWhatIsLongerThanAllThatIsKept() {
        byte[] all = new byte[OutputTail.LIMIT + 10];
        new Random(6).nextBytes(all);
        tail.append(0, ByteBuffer.wrap(all));
        OutputTail.Piece piece = tail.read(0, all.length);
        assertThat(piece.from()).isEqualTo(10);
        assertThat(piece.bytes()).isEqualTo(Arrays.copyOfRange(all, 10, all.length));
    }

    @Test
    void shouldNotDoubleWhatComesAgainAfterTheCallerCameBack() {
        append(0, "abcd");
        append(2, "cdef");
        append(1, "bc");
        assertThat(read(0)).isEqualTo("abcdef");
        assertThat(tail.end()).isEqualTo(6);
    }

    @Test
    void shouldBeginAnewBehindWhatIsMissing() {
        append(0, "abcd");
        append(100, "xyz");
        assertThat(tail.read(2, 10).from()).isEqualTo(100);
        assertThat(read(2)).isEqualTo("xyz");
    }

    @Test
    void shouldHaveNothingBeforeAPositionIsReached() {
        append(0, "abcd");
        assertThat(read(9)).isEmpty();
        assertThat(tail.read(9, 10).from()).isEqualTo(9);
    }

    @Test
    void shouldTellOnceWhenThereIsMore() {
        var told = new AtomicInteger();
        append(0, "ab");
        tail.whenBehind(1, told::incrementAndGet);
        assertThat(told).hasValue(1);
        tail.whenBehind(2, told::incrementAndGet);
        assertThat(told).hasValue(1);
        append(2, "c");
        append(3, "d");
        assertThat(told).hasValue(2);
    }

    @Test
    void shouldTellTheEndAndNobodyWhoHasGone() {
        var told = new AtomicInteger();
        var gone = new AtomicInteger();
        Runnable leaving = gone::incrementAndGet;
        tail.whenBehind(0, told::incrementAndGet);
        tail.whenBehind(0, leaving);
        tail.forget(leaving);
        tail.close();
        tail.whenBehind(0, told::incrementAndGet);
        assertThat(told).hasValue(2);
        assertThat(gone).hasValue(0);
    }

    private void append(long position, String text) {
        tail.append(position, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    private String read(long position) {
        return new String(tail.read(position, 100).bytes(), StandardCharsets.UTF_8);
    }
}
