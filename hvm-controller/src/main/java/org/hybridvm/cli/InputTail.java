// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/** The end of a stream: what was sent of it and may be lost. Bounded by what the receiver allows. Not thread-safe. */
final class InputTail {
    private final Deque<byte[]> pieces = new ArrayDeque<>();
    private long begin; // of the first piece in the stream
    private long end;

    void add(byte[] piece) {
        pieces.add(piece);
        end += piece.length;
    }

    /** Bytes of the stream so far. */
    long end() {
        return end;
    }

    /** The receiver has the first {@code accepted} bytes of the stream; whole pieces of them are forgotten. */
    void forget(long accepted) {
        while (!pieces.isEmpty() && begin + pieces.peek().length <= accepted) {
            begin += pieces.poll().length;
        }
    }

    /** What follows byte {@code accepted}. */
    List<byte[]> after(long accepted) {
        forget(accepted);
        var rest = new ArrayList<byte[]>(pieces);
        if (!rest.isEmpty() && accepted > begin) {
            byte[] first = rest.getFirst();
            rest.set(0, Arrays.copyOfRange(first, (int) (accepted - begin), first.length));
        }
        return rest;
    }
}
