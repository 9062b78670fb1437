// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

/** Layout of a ring's cells, and what a try comes to in C: {@code hvm/ring.h} tells the protocol. A test holds every number against the C header. */
public final class RingDescriptor {
    private RingDescriptor() {}

    public static final long RING_WORDS = 7L;
    public static final long RING_CELLS_MAX = 0x100000L;
    public static final long RING_OK = 0L;
    public static final long RING_EMPTY = 1L;
    public static final long RING_FULL = 2L;
    public static final long RING_CORRUPT = 3L;
    public static final long CELL_SIZE = 0x40L;

    /** Bytes of one cell. */
    public static final long SIZE = 0x40L;

    public static final long STATE_OFFSET = 0L;
    public static final long WORD_OFFSET = 8L;
}
