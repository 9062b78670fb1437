// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

import java.lang.foreign.MemorySegment;

/** What a side of a {@link Ring} knows. It writes this with every message, so nothing of another thread's may lie near. */
abstract class RingView extends RingPadding {
    final MemorySegment memory;

    /** The last cell. */
    final int last;

    /** The next cell. */
    int next;

    /** Of a free cell in this round. */
    int turn;

    RingView(MemorySegment memory, int turn) {
        long cells = memory.byteSize() / RingDescriptor.CELL_SIZE;
        if (memory.byteSize() % RingDescriptor.CELL_SIZE != 0
                || Long.bitCount(cells) != 1
                || cells > RingDescriptor.RING_CELLS_MAX) {
            throw new IllegalArgumentException("a ring has a power of two of cells of " + RingDescriptor.CELL_SIZE
                    + " bytes, at most " + RingDescriptor.RING_CELLS_MAX + "; given: " + memory.byteSize() + " bytes");
        }
        if (memory.address() % AbiDescriptor.CACHE_LINE != 0) {
            throw new IllegalArgumentException("a ring lies on a cache line of " + AbiDescriptor.CACHE_LINE
                    + " bytes; given: address 0x" + Long.toHexString(memory.address()));
        }
        if (memory.isReadOnly()) {
            throw new IllegalArgumentException("both sides of a ring write to it; given: read-only memory");
        }
        if ((turn & 1) != 0) {
            throw new IllegalArgumentException("a ring's first turn is even; given: 0x" + Integer.toHexString(turn));
        }
        this.memory = memory;
        this.last = (int) cells - 1;
        this.turn = turn;
    }
}

/** Two cache lines, because processors fetch them in pairs. HotSpot lays a class's fields behind its parent's. */
abstract class RingPadding {
    private long p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15;
}
