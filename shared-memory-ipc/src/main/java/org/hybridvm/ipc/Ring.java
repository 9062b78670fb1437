// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * One side's view of a ring of messages from one producer to one consumer, the Java twin of {@code hvm/ring.h}. The other
 * side has a view of its own over the same memory: another object, another process, C. One thread at a time uses a view,
 * and it only pushes or only pops. Nothing here blocks.
 *
 * <p>Ordering: what the producer wrote before {@link #push} is seen by the consumer that {@link #pop pops} the message.
 *
 * <p>The peer is not trusted: a message is copied once, the ring's memory holds no index or length, and a state that the
 * peer may not leave ends in a {@link CorruptRingException}. Whatever the memory holds and however it changes meanwhile,
 * a call answers or throws that after a bounded number of steps. Only the memory's owner can do more: with its arena closed,
 * or confined to another thread, {@link MemorySegment} tells which exception follows.
 */
public final class Ring extends RingView {
    private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle().withInvokeExactBehavior();
    // The words are accessed plainly, between the acquire and the release of the state: as opaque ones, each access has
    // its bounds and its arena checked again, and a push and a pop take 20 ns instead of 9.
    private static final int WORDS = (int) RingDescriptor.RING_WORDS;
    private static final long KIND_MASK = 0xffff_ffffL;

    // Behind the fields of RingView, so that they have their cache lines for themselves.
    private long p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15;

    /** A message as its sender or its receiver holds it. To be used again and again; not safe for several threads. */
    public static final class Message {
        /** The users': which function, which status; 32 bits. */
        public int kind;

        /** {@link RingDescriptor#RING_WORDS} words. */
        public final long[] words = new long[WORDS];
    }

    /**
     * A view of a ring that is empty, its peer's first turn 0. Zeroed memory is an empty ring.
     *
     * @param memory the cells: a power of two of them, {@link RingDescriptor#CELL_SIZE} bytes each, aligned to a cache line
     * @throws IllegalArgumentException if it is of another size, not aligned, or read-only
     */
    public Ring(MemorySegment memory) {
        this(memory, 0);
    }

    /**
     * The same with another first turn, for memory that has been a ring before: what was left there, and a peer that has
     * not noticed, is corrupt then instead of believed.
     *
     * @param turn with which both sides begin; even
     * @throws IllegalArgumentException if the turn is odd, or for the memory as above
     */
    public Ring(MemorySegment memory, int turn) {
        super(memory, turn);
    }

    /** Of the ring: so many messages can be on their way. */
    public int cells() {
        return last + 1;
    }

    /** Makes the memory of a ring just opened an empty one: by either side, before the other one looks at it. */
    public void clear() {
        for (int cell = 0; cell <= last; cell++) {
            LONG.setRelease(memory, offset(cell), free());
        }
    }

    /**
     * Producer: whether the next message has room.
     *
     * @throws CorruptRingException if the consumer broke the ring
     */
    public boolean hasRoom() {
        return hasRoom(offset(next));
    }

    /**
     * Producer: send a message.
     *
     * @return false if the ring is full
     * @throws CorruptRingException if the consumer broke the ring
     */
    public boolean push(Message message) {
        long cell = offset(next);
        if (!hasRoom(cell)) {
            return false;
        }
        long[] words = message.words;
        for (int i = 0; i < WORDS; i++) {
            LONG.set(memory, cell + word(i), words[i]);
        }
        LONG.setRelease(memory, cell, state(turn + 1, message.kind));
        advance();
        return true;
    }

    /**
     * Producer: send as many messages as there is room for, in order, each visible at once.
     *
     * @return how many were sent
     * @throws CorruptRingException if the consumer broke the ring; those before the broken cell were sent
     */
    public int pushMany(Message... messages) {
        int sent = 0;
        while (sent < messages.length && push(messages[sent])) {
            sent++;
        }
        return sent;
    }

    /**
     * Consumer: whether there is a message. Reads one word.
     *
     * @throws CorruptRingException if the producer broke the ring
     */
    public boolean hasMessage() {
        return isMessage((long) LONG.getOpaque(memory, offset(next)));
    }

    /**
     * Consumer: copy the next message. What is in it is the producer's word for it: to be checked before acting on it, the
     * copy will not change. The cell stays taken until {@link #drop}: who answers first and drops then answers sooner,
     * because the store to the cell waits for its line.
     *
     * @param message becomes the message; unchanged if there is none
     * @return false if the ring is empty
     * @throws CorruptRingException if the producer broke the ring
     */
    public boolean take(Message message) {
        long cell = offset(next);
        long state = (long) LONG.getAcquire(memory, cell);
        if (!isMessage(state)) {
            return false;
        }
        message.kind = (int) state;
        long[] words = message.words;
        for (int i = 0; i < WORDS; i++) {
            words[i] = (long) LONG.get(memory, cell + word(i));
        }
        VarHandle.loadLoadFence(); // each word is read once, and has been when this returns
        return true;
    }

    /** Consumer: free the cell of the message that {@link #take} copied, once; without one the ring is spoilt. */
    public void drop() {
        LONG.setRelease(memory, offset(next), state(turn + 2, 0));
        advance();
    }

    /**
     * Consumer: {@link #take} the next message and {@link #drop} it.
     *
     * @param message becomes the message; unchanged if there is none
     * @return false if the ring is empty
     * @throws CorruptRingException if the producer broke the ring
     */
    public boolean pop(Message message) {
        if (!take(message)) {
            return false;
        }
        drop();
        return true;
    }

    private boolean hasRoom(long cell) {
        long state = (long) LONG.getAcquire(memory, cell);
        if (state == free()) {
            return true;
        }
        if (turnOf(state) != turn - 1) {
            throw new CorruptRingException("producer", next, state, turn, turn - 1);
        }
        return false;
    }

    private boolean isMessage(long state) {
        if (turnOf(state) == turn + 1) {
            return true;
        }
        if (state != free()) {
            throw new CorruptRingException("consumer", next, state, turn, turn + 1);
        }
        return false;
    }

    private void advance() {
        next = (next + 1) & last;
        if (next == 0) {
            turn += 2;
        }
    }

    private long free() {
        return state(turn, 0);
    }

    private static long state(int turn, int kind) {
        return (long) turn << 32 | (kind & KIND_MASK);
    }

    private static int turnOf(long state) {
        return (int) (state >>> 32);
    }

    private static long offset(int cell) {
        return RingDescriptor.CELL_SIZE * cell;
    }

    private static long word(int index) {
        return RingDescriptor.WORD_OFFSET + (long) Long.BYTES * index;
    }
}
