// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

import org.hybridvm.ipc.HrtCallException.Reason;

/** The words of one call, and which of them are offsets of memory in the window. */
final class HrtArguments {
    private static final int MOST = (int) WindowDescriptor.WINDOW_ARGUMENTS;

    private final String function;
    private final long[] words = new long[MOST];

    private int pointers;
    private int count;

    HrtArguments(String function) {
        this.function = function;
    }

    void add(long value) {
        if (count == MOST) {
            throw tooMany(function);
        }
        words[count++] = value;
    }

    void addMemory(HrtBuffer buffer) {
        int pointer = count;
        add(buffer.offset());
        add(buffer.size());

        pointers |= 1 << pointer;
    }

    static HrtCallException tooMany(String function) {
        return new HrtCallException(
                Reason.BAD_ARGUMENT,
                "Too many arguments for %s; allowed: %d words, of which memory takes two".formatted(function, MOST));
    }

    String function() {
        return function;
    }

    int count() {
        return count;
    }

    long word(int index) {
        return words[index];
    }

    /** Bit i: word i is the offset of memory, and the next one its length. */
    int pointers() {
        return pointers;
    }
}
