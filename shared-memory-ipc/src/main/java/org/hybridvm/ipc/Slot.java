// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.OptionalLong;

/**
 * The slot protocol over shared memory, the Java twin of {@code hvm/slot.h}: one cache line that changes owner with each
 * message. A slot has one client and one server; each side may be used by one thread at a time. Nothing here blocks.
 *
 * <p>Ordering: what the client wrote before {@link #publish} is seen by the server that {@link #take takes} the request,
 * and what the server wrote before {@link #answer} by the client that {@link #reap reaps} it.
 *
 * <p>The peer is not trusted: a request is copied once, and nothing of it is read again.
 */
public final class Slot {
    private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();
    private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();
    private static final int ARGS = (int) SlotDescriptor.SLOT_ARGS;
    private static final long CALL_NUMBER_MASK = 0xffffL;

    private final MemorySegment memory;

    /**
     * @param memory the slot, at least {@link SlotDescriptor#SIZE} bytes, aligned to a cache line
     * @throws IllegalArgumentException if it is smaller or not aligned
     */
    public Slot(MemorySegment memory) {
        if (memory.byteSize() < SlotDescriptor.SIZE) {
            throw new IllegalArgumentException(
                    "a slot has " + SlotDescriptor.SIZE + " bytes; given: " + memory.byteSize());
        }
        if (memory.address() % AbiDescriptor.CACHE_LINE != 0) {
            throw new IllegalArgumentException("a slot lies on a cache line of " + AbiDescriptor.CACHE_LINE
                    + " bytes; given: address 0x" + Long.toHexString(memory.address()));
        }
        this.memory = memory;
    }

    /** A request as the server holds it: its own copy. */
    public record Request(long tag, int number, long[] arguments) {}

    /** The word that identifies a request: sequence number and the low 16 bits of the slot's generation. */
    public static long tag(int sequence, int generation) {
        return (long) sequence << 32 | (generation & 0xffffL) << 16;
    }

    /** Of the slot's present owner. Constant while a thread is behind the slot. */
    public int generation() {
        return (int) INT.getAcquire(memory, SlotDescriptor.GENERATION_OFFSET);
    }

    /**
     * Client: post a request.
     *
     * @param tag differs from the last one by its sequence number
     * @param number of the call, 0 to 65535
     * @param arguments at most {@link SlotDescriptor#SLOT_ARGS}; those left out are 0
     * @throws IllegalArgumentException if there are more arguments, or the number or tag has bits it may not have
     */
    public void publish(long tag, int number, long... arguments) {
        if (arguments.length > ARGS) {
            throw new IllegalArgumentException(
                    "a request has at most " + ARGS + " arguments; given: " + arguments.length);
        }
        if ((number & ~CALL_NUMBER_MASK) != 0 || (tag & CALL_NUMBER_MASK) != 0) {
            throw new IllegalArgumentException("call number 0 to 65535, and a tag without one; given: number " + number
                    + ", tag 0x" + Long.toHexString(tag));
        }
        for (int i = 0; i < ARGS; i++) {
            LONG.setOpaque(memory, argument(i), i < arguments.length ? arguments[i] : 0L);
        }
        LONG.setRelease(memory, SlotDescriptor.HEAD_OFFSET, tag | number);
    }

    /** Client: the answer to the request with this tag, if it is there. */
    public OptionalLong reap(long tag) {
        if ((long) LONG.getAcquire(memory, SlotDescriptor.DONE_OFFSET) != tag) {
            return OptionalLong.empty();
        }
        return OptionalLong.of((long) LONG.getOpaque(memory, argument(0)));
    }

    /** Server: copy the posted request, or null if there is none beyond {@code lastTag}. */
    public Request take(long lastTag) {
        long head = (long) LONG.getAcquire(memory, SlotDescriptor.HEAD_OFFSET);
        long tag = head & ~CALL_NUMBER_MASK;
        if (tag == lastTag) {
            return null;
        }
        long[] arguments = new long[ARGS];
        for (int i = 0; i < ARGS; i++) {
            arguments[i] = (long) LONG.getOpaque(memory, argument(i));
        }
        return new Request(tag, (int) (head & CALL_NUMBER_MASK), arguments);
    }

    /** Server: answer the request with this tag. */
    public void answer(long tag, long result) {
        LONG.setOpaque(memory, argument(0), result);
        LONG.setRelease(memory, SlotDescriptor.DONE_OFFSET, tag);
    }

    /** Client: say that this side is about to sleep, or awake again. After saying so, look once more before sleeping. */
    public void clientSleeping(boolean sleeping) {
        announce(SlotDescriptor.CLIENT_SLEEPING_OFFSET, sleeping);
    }

    /** Server: the same for its side. */
    public void serverSleeping(boolean sleeping) {
        announce(SlotDescriptor.SERVER_SLEEPING_OFFSET, sleeping);
    }

    /** Client, after {@link #publish}: the server sleeps and must be woken. */
    public boolean serverNeedsWake() {
        return asleep(SlotDescriptor.SERVER_SLEEPING_OFFSET);
    }

    /** Server, after {@link #answer}: the client sleeps and must be woken. */
    public boolean clientNeedsWake() {
        return asleep(SlotDescriptor.CLIENT_SLEEPING_OFFSET);
    }

    private void announce(long offset, boolean sleeping) {
        INT.setOpaque(memory, offset, sleeping ? 1 : 0);
        VarHandle.fullFence();
    }

    private boolean asleep(long offset) {
        VarHandle.fullFence();
        return (int) INT.getOpaque(memory, offset) != 0;
    }

    private static long argument(int index) {
        return SlotDescriptor.ARG_OFFSET + Long.BYTES * (long) index;
    }
}
