// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.hybridvm.ipc.HrtCallException.Fault;
import org.hybridvm.ipc.HrtCallException.Reason;

/** The client's side of one channel, {@code struct hvm_channel}: posts a call, waits, checks the answer. One thread at a time. */
final class HrtChannel {
    private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();
    private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();
    private static final int ARGUMENTS = (int) WindowDescriptor.WINDOW_ARGUMENTS;
    private static final long STATUS_MASK = WindowDescriptor.WINDOW_STATUS_MASK;
    private static final long SILENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(WindowDescriptor.WINDOW_SILENCE_MS);

    /** A waiter looks so often, then gives its core away between looks, then sleeps, longer each time. */
    private static final int SPINS = 20_000;

    private static final int YIELDS = 200;
    private static final long SHORTEST_SLEEP_NANOS = 20_000;
    private static final long LONGEST_SLEEP_NANOS = 1_000_000;

    /** How often a spinning waiter asks whether the server is the same. */
    private static final int LOOK_AROUND = 64;

    private final MemorySegment window;
    private final long base;
    private final WindowHeader header;
    private int sequence;
    private long tag;

    HrtChannel(MemorySegment window, long base, WindowHeader header) {
        this.window = window;
        this.base = base;
        this.header = header;
        this.tag = (long) LONG.getAcquire(window, base + ChannelDescriptor.HEAD_OFFSET) & ~STATUS_MASK;
        this.sequence = (int) (tag >>> 32);
        if ((tag >>> 16 & 0xffff) != (header.generation() & 0xffff)) {
            tag = done() & ~STATUS_MASK; // another server's call, which nobody answers
        }
    }

    /** Whether the last call, of an earlier client too, has its answer. */
    boolean isIdle() {
        return (done() & ~STATUS_MASK) == tag;
    }

    /** @throws HrtCallException {@link Reason#INTERRUPTED} */
    void requireIdle(String function) {
        if (!isIdle()) {
            requireServer(function);
            throw new HrtCallException(
                    Reason.INTERRUPTED, "An earlier call, which was not waited for, still runs; wait, or close");
        }
    }

    long call(HrtFunction function, HrtArguments arguments, long limitMillis) {
        for (int i = 0; i < ARGUMENTS; i++) {
            LONG.setOpaque(window, argument(i), arguments.word(i));
        }
        return post(function, arguments.pointers(), limitMillis);
    }

    long callWords(HrtFunction function, long[] words, long limitMillis) {
        for (int i = 0; i < words.length; i++) {
            LONG.setOpaque(window, argument(i), words[i]);
        }
        return post(function, 0, limitMillis);
    }

    private long post(HrtFunction function, int pointers, long limitMillis) {
        requireServer(function.name());
        long number = function.index() | (long) pointers << WindowDescriptor.WINDOW_POINTERS_SHIFT;
        if (limitMillis != 0) {
            INT.setOpaque(window, base + ChannelDescriptor.LIMIT_MS_OFFSET, (int) limitMillis);
            number |= WindowDescriptor.WINDOW_LIMITED;
        }
        tag = (long) ++sequence << 32 | (header.generation() & 0xffffL) << 16;
        LONG.setRelease(window, base + ChannelDescriptor.HEAD_OFFSET, tag | number);
        return await(function, limitMillis == 0 ? header.limitMillis() : limitMillis);
    }

    private long await(HrtFunction function, long limitMillis) {
        for (int look = 1; look < SPINS; look++) {
            long done = done();
            if ((done & ~STATUS_MASK) == tag) {
                return answer(function, done);
            }
            if (look % LOOK_AROUND == 0 && !serverIsThere()) {
                return lastLook(function);
            }
            Thread.onSpinWait();
        }
        return awaitLonger(function, limitMillis);
    }

    private long awaitLonger(HrtFunction function, long limitMillis) {
        long begin = System.nanoTime();
        long most = TimeUnit.MILLISECONDS.toNanos(limitMillis) + SILENCE_NANOS;
        long heard = begin;
        long beat = WindowHeader.heartbeat(window);
        for (int look = 0; ; look++) {
            long done = done();
            if ((done & ~STATUS_MASK) == tag) {
                return answer(function, done);
            }
            if (!serverIsThere()) {
                return lastLook(function);
            }
            long now = System.nanoTime();
            long newBeat = WindowHeader.heartbeat(window);
            if (newBeat != beat) {
                beat = newBeat;
                heard = now;
            }
            if (now - heard > SILENCE_NANOS || now - begin > most) {
                throw new HrtCallException(
                        Reason.SILENT,
                        "The server does not answer (%s, for %d ms); it may have called the function. See: hvm list"
                                .formatted(function.name(), TimeUnit.NANOSECONDS.toMillis(now - begin)));
            }
            pause(look, function);
        }
    }

    private static void pause(int look, HrtFunction function) {
        if (look < YIELDS) {
            Thread.yield();
            return;
        }
        LockSupport.parkNanos(Math.min(LONGEST_SLEEP_NANOS, SHORTEST_SLEEP_NANOS << Math.min(6, (look - YIELDS) / 16)));
        if (Thread.currentThread().isInterrupted()) {
            throw new HrtCallException(
                    Reason.INTERRUPTED,
                    "Interrupted while waiting for %s, which goes on until its time limit".formatted(function.name()));
        }
    }

    /** The server is gone; its answer may have come just before. */
    private long lastLook(HrtFunction function) {
        long done = done();
        if ((done & ~STATUS_MASK) == tag) {
            return answer(function, done);
        }
        requireServer(function.name());
        throw new HrtCallException(Reason.RESTARTED, "The server changes"); // it came back between two looks
    }

    private boolean serverIsThere() {
        return WindowHeader.generation(window) == header.generation()
                && WindowHeader.state(window) != WindowDescriptor.WINDOW_NONE;
    }

    /** @throws HrtCallException if the server of this client is gone */
    private void requireServer(String function) {
        if (WindowHeader.generation(window) != header.generation()) {
            throw new HrtCallException(
                    Reason.RESTARTED,
                    "The server was begun anew during %s (generation %s, was %s); the function may have been called"
                            .formatted(
                                    function,
                                    Integer.toUnsignedString(WindowHeader.generation(window)),
                                    Integer.toUnsignedString(header.generation())));
        }
        if (WindowHeader.state(window) == WindowDescriptor.WINDOW_NONE) {
            throw new HrtCallException(
                    Reason.NOT_BEGUN,
                    "The server has ended and did not call %s; open the window again".formatted(function));
        }
    }

    /** @param done the word that says that the answer is there, and how the call ended */
    private long answer(HrtFunction function, long done) {
        long result = (long) LONG.getOpaque(window, argument(0));
        int status = (int) (done & STATUS_MASK);
        if (status == WindowDescriptor.WINDOW_OK) {
            return result;
        }
        throw failed(function, status, result);
    }

    private HrtCallException failed(HrtFunction function, int status, long result) {
        String name = function.name();
        return switch (status) {
            case (int) WindowDescriptor.WINDOW_NO_FUNCTION ->
                new HrtCallException(
                        Reason.NO_FUNCTION, "The server has no function %d (%s)".formatted(function.index(), name));
            case (int) WindowDescriptor.WINDOW_BAD_ARGUMENT ->
                new HrtCallException(
                        Reason.BAD_ARGUMENT,
                        "The server refuses argument %s of %s: not inside the channel's heap"
                                .formatted(Long.toUnsignedString(result), name));
            case (int) WindowDescriptor.WINDOW_FAULT -> new HrtCallException(name, fault());
            case (int) WindowDescriptor.WINDOW_LIMIT ->
                new HrtCallException(
                        Reason.TIME_LIMIT,
                        "Function %s was stopped at its time limit; the server allows %d ms"
                                .formatted(name, header.limitMillis()));
            case (int) WindowDescriptor.WINDOW_STOPPED ->
                new HrtCallException(Reason.STOPPED, "The server lost its HRT core during %s".formatted(name));
            default -> WindowHeader.corrupt("status of a call", String.valueOf(status), "0 to 5");
        };
    }

    private Fault fault() {
        MemorySegment told = window.asSlice(base + ChannelDescriptor.FAILURE_OFFSET, WindowFailureDescriptor.SIZE);
        return new Fault(
                (int) INT.getOpaque(told, WindowFailureDescriptor.VECTOR_OFFSET),
                (int) INT.getOpaque(told, WindowFailureDescriptor.SIGNAL_OFFSET),
                (long) LONG.getOpaque(told, WindowFailureDescriptor.ERROR_OFFSET),
                (long) LONG.getOpaque(told, WindowFailureDescriptor.INSTRUCTION_OFFSET),
                (long) LONG.getOpaque(told, WindowFailureDescriptor.ADDRESS_OFFSET),
                WindowHeader.text(told, WindowFailureDescriptor.WHERE_OFFSET, WindowDescriptor.WINDOW_WHERE_MAX));
    }

    private long done() {
        return (long) LONG.getAcquire(window, base + ChannelDescriptor.DONE_OFFSET);
    }

    private long argument(int index) {
        return base + ChannelDescriptor.ARG_OFFSET + 8L * index;
    }
}
