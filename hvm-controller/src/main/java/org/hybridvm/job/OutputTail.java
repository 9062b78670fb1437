// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The newest bytes of an output stream of a job, for those who look on beside its caller. It waits for nobody: who takes them
 * more slowly than the caller does misses what has been overwritten, and learns how much that was. Positions are bytes since
 * the job began. May be used from any thread, and does not block.
 */
public final class OutputTail {
    /** So much is kept. */
    public static final int LIMIT = 256 * 1024;

    private static final int FIRST_SIZE = 4 * 1024;

    private byte[] ring = new byte[0]; // byte N is at N modulo its size, a power of two; guarded by this
    private long begin; // guarded by this
    private long end; // guarded by this
    private boolean closed; // guarded by this
    private final List<Runnable> waiting = new ArrayList<>(); // guarded by this

    /**
     * Some bytes of the stream.
     *
     * @param from the position of the first; later than asked for if those before are not kept
     */
    public record Piece(long from, byte[] bytes) {}

    /** Bytes that came at {@code position}: what is there already is left out, and what is missing before them is lost. */
    void append(long position, ByteBuffer bytes) {
        List<Runnable> told;
        synchronized (this) {
            if (position + bytes.remaining() <= end) {
                return;
            }
            if (position > end) {
                begin = position;
                end = position;
            }
            bytes.position(bytes.position() + (int) (end - position));
            keep(bytes);
            told = takeWaiting();
        }
        told.forEach(Runnable::run);
    }

    /** Nothing more comes. */
    void close() {
        List<Runnable> told;
        synchronized (this) {
            closed = true;
            told = takeWaiting();
        }
        told.forEach(Runnable::run);
    }

    /** Where the next byte will be. */
    public synchronized long end() {
        return end;
    }

    /** At most {@code most} bytes from a position on, none if it has not been reached. */
    public synchronized Piece read(long position, int most) {
        long from = Math.max(position, begin);
        byte[] bytes = new byte[Math.clamp(end - from, 0, most)];
        get(from, bytes);
        return new Piece(from, bytes);
    }

    /** Runs {@code more} once, as soon as there are bytes behind {@code position} or nothing more comes. It must not block. */
    public void whenBehind(long position, Runnable more) {
        synchronized (this) {
            if (!closed && end <= position) {
                waiting.add(more);
                return;
            }
        }
        more.run();
    }

    /** Who waits does so no more. */
    public synchronized void forget(Runnable more) {
        waiting.remove(more);
    }

    private List<Runnable> takeWaiting() {
        List<Runnable> told = List.copyOf(waiting);
        waiting.clear();
        return told;
    }

    private void keep(ByteBuffer bytes) {
        int tooMany = bytes.remaining() - LIMIT;
        if (tooMany > 0) {
            bytes.position(bytes.position() + tooMany);
            end += tooMany;
            begin = end;
        }
        grow(Math.min(LIMIT, end - begin + bytes.remaining()));
        put(bytes);
        begin = Math.max(begin, end - ring.length);
    }

    /** What is kept has other places in a larger ring. */
    private void grow(long wanted) {
        if (wanted > ring.length) {
            byte[] kept = read(begin, LIMIT).bytes();
            ring = new byte[(int) Math.max(FIRST_SIZE, Long.highestOneBit(wanted - 1) << 1)];
            end = begin;
            put(ByteBuffer.wrap(kept));
        }
    }

    private void put(ByteBuffer bytes) {
        while (bytes.hasRemaining()) {
            int place = (int) (end % ring.length);
            int size = Math.min(bytes.remaining(), ring.length - place);
            bytes.get(ring, place, size);
            end += size;
        }
    }

    private void get(long from, byte[] bytes) {
        for (int done = 0; done < bytes.length; ) {
            int place = (int) ((from + done) % ring.length);
            int size = Math.min(bytes.length - done, ring.length - place);
            System.arraycopy(ring, place, bytes, done, size);
            done += size;
        }
    }
}
