// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WindowHeapTest {
    private static final long START = 0x20000;
    private static final long SIZE = 4096;

    @Test
    void shouldHandOutAllOfItAndTakeItBackAsOnePiece() {
        var heap = new WindowHeap(START, SIZE);
        for (int i = 0; i < SIZE / 64; i++) {
            assertThat(heap.take(1)).hasValue(START + i * 64);
        }
        assertThat(heap.take(0)).isEmpty();
        for (int i = 0; i < SIZE / 64; i += 2) {
            heap.give(START + i * 64);
        }
        assertThat(heap.take(65)).isEmpty();
        for (int i = 1; i < SIZE / 64; i += 2) {
            heap.give(START + i * 64);
        }
        assertThat(heap.take(SIZE)).hasValue(START);
    }

    @Test
    void shouldRefuseWhatCannotFit() {
        var heap = new WindowHeap(START, SIZE);
        assertThat(heap.take(SIZE + 1)).isEmpty();
        assertThat(heap.take(Long.MAX_VALUE)).isEmpty();
        heap.give(START); // nobody has it
        assertThat(heap.take(SIZE)).hasValue(START);
    }

    @Test
    void shouldNeverHandOutTheSameBytesTwice() {
        var heap = new WindowHeap(START, SIZE);
        var random = new Random(4);
        Map<Long, Long> taken = new HashMap<>();
        for (int i = 0; i < 20_000; i++) {
            if (random.nextBoolean()) {
                long bytes = random.nextInt(400);
                OptionalLong start = heap.take(bytes);
                start.ifPresent(at -> {
                    taken.forEach((other, length) -> assertThat(at + bytes <= other || other + length <= at)
                            .isTrue());
                    taken.put(at, Math.max(bytes, 1));
                });
            } else if (!taken.isEmpty()) {
                Long start = taken.keySet().iterator().next();
                taken.remove(start);
                heap.give(start);
            }
        }
        taken.keySet().forEach(heap::give);
        assertThat(heap.take(SIZE)).hasValue(START);
    }
}
