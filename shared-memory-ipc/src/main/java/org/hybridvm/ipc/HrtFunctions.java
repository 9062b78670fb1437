// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

import java.lang.foreign.MemorySegment;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.hybridvm.ipc.HrtCallException.Reason;

/**
 * Named functions on HRT cores, for a program of the host: calls go through the window that host and guest share, without
 * an exit of the VM. {@code hvm call VM --window} tells the file and sees that somebody serves it.
 *
 * <pre>{@code
 * try (HrtFunctions functions = HrtFunctions.open(window)) {
 *     long total = functions.call("sum", numbers); // a byte[]: the function gets its address and its length
 * }
 * }</pre>
 *
 * <p>Thread-safe: calls of several threads take turns; who wants them at the same time opens one for each. A server
 * carries out one call at a time. After {@link Reason#RESTARTED}, {@link Reason#SILENT} and {@link Reason#NOT_BEGUN} close
 * it and open another.
 *
 * <p>Nothing of the guest is trusted: a hostile one can have calls fail, each with an {@link HrtCallException} and within
 * its time limit and some seconds, or have them answer nonsense.
 */
public final class HrtFunctions implements AutoCloseable {
    private final WindowFile file;
    private final MemorySegment window;
    private final WindowHeader header;
    private final Map<String, HrtFunction> byName = new HashMap<>();
    private final FileLock lock;
    private final HrtChannel channel;
    private final WindowHeap heap; // guarded by itself
    private final List<Long> inUse = new ArrayList<>(); // memory of a call that nobody waited for
    private long limitMillis;
    private boolean closed;

    private HrtFunctions(WindowFile file, WindowHeader header, int index, FileLock lock) {
        this.file = file;
        this.window = file.memory();
        this.header = header;
        this.lock = lock;
        this.channel = new HrtChannel(window, WindowHeader.channelOffset(index), header);
        this.heap = new WindowHeap(header.heapOffset(index), header.heapSize());
        header.functions().forEach(function -> byName.put(function.name(), function));
    }

    /**
     * Opens a window and claims one of its channels, until {@link #close} or the end of this process.
     *
     * @throws HrtCallException {@link Reason#NO_WINDOW}, {@link Reason#NO_SERVER}, {@link Reason#NO_CHANNEL}, {@link
     *     Reason#CORRUPT}
     */
    public static HrtFunctions open(Path window) {
        WindowFile file = WindowFile.open(window);
        try {
            return claim(file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static HrtFunctions claim(WindowFile file) {
        WindowHeader header = WindowHeader.read(file.memory());
        for (int i = 0; i < header.channels(); i++) {
            long offset = WindowHeader.channelOffset(i);
            Optional<FileLock> lock = file.lock(offset, WindowDescriptor.WINDOW_CHANNEL_SIZE);
            if (lock.isPresent()) {
                var functions = new HrtFunctions(file, header, i, lock.get());
                if (functions.channel.isIdle()) {
                    return functions;
                }
                release(lock.get());
            }
        }
        throw new HrtCallException(
                Reason.NO_CHANNEL,
                "All %d channels of the window have clients; allowed: one client each".formatted(header.channels()));
    }

    /** What the server offers, by its index. */
    public List<HrtFunction> functions() {
        return header.functions();
    }

    /** The server, which has another number when it was begun anew. */
    public int generation() {
        return header.generation();
    }

    /** The longest that the server lets a call take. */
    public Duration serverTimeLimit() {
        return Duration.ofMillis(header.limitMillis());
    }

    /** For the calls that follow; zero: the server's own, which is the most in any case. In steps of a millisecond. */
    public synchronized void timeLimit(Duration limit) {
        if (limit.isNegative()) {
            throw new IllegalArgumentException("a time limit is not negative; given: " + limit);
        }
        limitMillis = limit.isZero() ? 0 : Math.max(1, Math.min(limit.toMillis(), header.limitMillis()));
    }

    /**
     * Memory for arguments and results.
     *
     * @throws HrtCallException {@link Reason#HEAP_FULL}
     */
    public synchronized HrtBuffer allocate(long bytes) {
        requireOpen();
        if (bytes < 0) {
            throw new IllegalArgumentException("a buffer has 0 bytes or more; given: " + bytes);
        }
        return buffer(bytes);
    }

    /**
     * Calls a function and waits for its result, a 64-bit word.
     *
     * @param arguments at most six words: a {@code Long}, {@code Integer}, {@code Short} or {@code Byte} is one; a {@code
     *     Double} or {@code Float} is one, the bits of a double; a {@code byte[]} or {@link HrtBuffer} is two, address
     *     and length. What is passed as {@code byte[]} is a copy that lives as long as the call
     * @throws HrtCallException see {@link Reason}
     */
    public long call(String function, Object... arguments) {
        return call(find(function), arguments);
    }

    /** The same, with a function that {@link #find} found: quicker, for a call that is made often. */
    public synchronized long call(HrtFunction function, Object... arguments) {
        requireOpen();
        channel.requireIdle(function.name());
        giveBack();
        var copies = new ArrayList<HrtBuffer>();
        var words = new HrtArguments(function.name());
        try {
            for (Object argument : arguments) {
                add(words, argument, copies);
            }
            return channel.call(function, words, limitMillis);
        } finally {
            if (channel.isIdle()) {
                copies.forEach(HrtBuffer::close);
            } else {
                copies.forEach(copy -> inUse.add(copy.offset())); // the function may still use it
            }
        }
    }

    /** A call with words only, up to six: the quickest. */
    public synchronized long callWords(HrtFunction function, long... words) {
        requireOpen();
        channel.requireIdle(function.name());
        if (words.length > WindowDescriptor.WINDOW_ARGUMENTS) {
            throw HrtArguments.tooMany(function.name());
        }
        return channel.callWords(function, words, limitMillis);
    }

    /** @throws HrtCallException {@link Reason#NO_FUNCTION}; its message lists those that there are */
    public HrtFunction find(String name) {
        HrtFunction function = byName.get(name);
        if (function == null) {
            String names = functions().stream().map(HrtFunction::name).collect(Collectors.joining(", "));
            throw new HrtCallException(Reason.NO_FUNCTION, "No such function: %s; allowed: %s".formatted(name, names));
        }
        return function;
    }

    /** Lets go of the channel. Buffers are of no more use. A second time nothing happens. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            release(lock);
            file.close();
        }
    }

    private void add(HrtArguments words, Object argument, List<HrtBuffer> copies) {
        switch (argument) {
            case Long number -> words.add(number);
            case Integer number -> words.add(number);
            case Short number -> words.add(number);
            case Byte number -> words.add(number);
            case Double number -> words.add(Double.doubleToRawLongBits(number));
            case Float number -> words.add(Double.doubleToRawLongBits(number));
            case HrtBuffer buffer -> words.addMemory(requireOwn(words, buffer));
            case byte[] bytes -> {
                HrtBuffer copy = buffer(bytes.length);
                copies.add(copy);
                MemorySegment.copy(MemorySegment.ofArray(bytes), 0, copy.memory(), 0, bytes.length);
                words.addMemory(copy);
            }
            case null -> throw cannotBePassed(words, "null");
            default -> throw cannotBePassed(words, argument.getClass().getName());
        }
    }

    private static HrtCallException cannotBePassed(HrtArguments words, String type) {
        return new HrtCallException(
                Reason.BAD_ARGUMENT,
                "Argument %d of %s cannot be passed: %s; allowed: integers, doubles, byte[], HrtBuffer"
                        .formatted(words.count(), words.function(), type));
    }

    private HrtBuffer requireOwn(HrtArguments words, HrtBuffer buffer) {
        synchronized (heap) {
            if (heap.has(buffer.offset()) && buffer.isOf(window)) {
                return buffer;
            }
        }
        throw new HrtCallException(
                Reason.BAD_ARGUMENT,
                "Argument %d of %s is a buffer of another client, or was closed"
                        .formatted(words.count(), words.function()));
    }

    private HrtBuffer buffer(long bytes) {
        synchronized (heap) {
            long offset = heap.take(bytes)
                    .orElseThrow(() -> new HrtCallException(
                            Reason.HEAP_FULL,
                            "No room for %d bytes in the channel's heap; allowed: %d in all. A larger window: the layout's"
                                            .formatted(bytes, header.heapSize())
                                    + " field window"));
            return new HrtBuffer(window, window.asSlice(offset, bytes), offset, this::giveBack);
        }
    }

    private void giveBack(long offset) {
        synchronized (heap) {
            heap.give(offset);
        }
    }

    private void giveBack() {
        inUse.forEach(this::giveBack);
        inUse.clear();
    }

    private void requireOpen() {
        if (closed) {
            throw new HrtCallException(Reason.CLOSED, "This client was closed");
        }
    }

    private static void release(FileLock lock) {
        try {
            lock.release();
        } catch (java.io.IOException e) {
            throw new HrtCallException(Reason.NO_WINDOW, "A channel cannot be let go of: " + e, e);
        }
    }
}
