// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Who has what of a channel's heap: first fit, in cache lines. What is free is known here only, never in the shared memory.
 * For one thread at a time.
 */
final class WindowHeap {
    private final TreeMap<Long, Long> free = new TreeMap<>(); // start to length
    private final Map<Long, Long> taken = new HashMap<>();

    /** Of the bytes from {@code start} on; both are multiples of a cache line. */
    WindowHeap(long start, long size) {
        free.put(start, size);
    }

    /** Where {@code bytes} bytes are free, from now on no more; empty if there are not so many in a row. */
    OptionalLong take(long bytes) {
        if (bytes > Long.MAX_VALUE - AbiDescriptor.CACHE_LINE) {
            return OptionalLong.empty();
        }
        long length = Math.max(bytes, 1) + AbiDescriptor.CACHE_LINE - 1 & -AbiDescriptor.CACHE_LINE;
        for (Map.Entry<Long, Long> piece : free.entrySet()) {
            long start = piece.getKey();
            long rest = piece.getValue() - length;
            if (rest >= 0) {
                free.remove(start);
                if (rest > 0) {
                    free.put(start + length, rest);
                }
                taken.put(start, length);
                return OptionalLong.of(start);
            }
        }
        return OptionalLong.empty();
    }

    boolean has(long start) {
        return taken.containsKey(start);
    }

    /** Gives back what {@link #take} gave; nothing happens if it was given back before. */
    void give(long start) {
        Long length = taken.remove(start);
        if (length == null) {
            return;
        }
        long from = start;
        long to = start + length;
        Map.Entry<Long, Long> before = free.lowerEntry(start);
        if (before != null && before.getKey() + before.getValue() == from) {
            from = before.getKey();
        }
        Long after = free.remove(to);
        if (after != null) {
            to += after;
        }
        free.put(from, to - from);
    }
}
