// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

import java.lang.foreign.MemorySegment;
import java.util.function.LongConsumer;

/**
 * Memory that functions on HRT cores can reach: pass it to {@link HrtFunctions#call} for its address and its length. What
 * it holds may change at any time, if a function or a hostile guest writes there. {@link #close} gives it back.
 */
public final class HrtBuffer implements AutoCloseable {
    private final MemorySegment window;
    private final MemorySegment memory;
    private final long offset;
    private final LongConsumer giveBack;

    HrtBuffer(MemorySegment window, MemorySegment memory, long offset, LongConsumer giveBack) {
        this.window = window;
        this.memory = memory;
        this.offset = offset;
        this.giveBack = giveBack;
    }

    /** The bytes, aligned to a cache line; good until the client is closed. */
    public MemorySegment memory() {
        return memory;
    }

    public long size() {
        return memory.byteSize();
    }

    /** Where it lies in the window. */
    long offset() {
        return offset;
    }

    boolean isOf(MemorySegment other) {
        return window.equals(other);
    }

    /** Gives the memory back to the client's heap; a second time nothing happens. */
    @Override
    public void close() {
        giveBack.accept(offset);
    }
}
