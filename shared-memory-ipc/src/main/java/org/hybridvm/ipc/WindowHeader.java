// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.hybridvm.ipc.HrtCallException.Reason;

/**
 * What a server says of itself in the window: copied once, then checked.
 *
 * @param generation of the server
 * @param heapSize of each channel, bytes
 * @param limitMillis no call takes longer
 * @param functions by their index
 */
record WindowHeader(int generation, int channels, long heapSize, int limitMillis, List<HrtFunction> functions) {
    private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();
    private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();

    /** @throws HrtCallException {@link Reason#NO_SERVER} or {@link Reason#CORRUPT} */
    static WindowHeader read(MemorySegment window) {
        if (state(window) != WindowDescriptor.WINDOW_SERVING) {
            throw new HrtCallException(
                    Reason.NO_SERVER,
                    "Nobody serves the window. Begin to: hvm call VM --list, or hvm-serve in the guest");
        }
        int generation = generation(window);
        require(LONG.get(window, WindowDescriptor.MAGIC_OFFSET), WindowDescriptor.WINDOW_MAGIC, "magic number");
        require(number(window, WindowDescriptor.REVISION_OFFSET), AbiDescriptor.ABI_REVISION, "ABI revision");
        require(LONG.get(window, WindowDescriptor.SIZE_OFFSET), window.byteSize(), "size");
        long channels = number(window, WindowDescriptor.CHANNELS_OFFSET);
        requireAtMost(channels, 1, WindowDescriptor.WINDOW_CHANNELS_MAX, "number of channels");
        long functions = number(window, WindowDescriptor.FUNCTIONS_OFFSET);
        requireAtMost(functions, 0, WindowDescriptor.WINDOW_FUNCTIONS_MAX, "number of functions");
        long limit = number(window, WindowDescriptor.LIMIT_MS_OFFSET);
        requireAtMost(limit, 1, WindowDescriptor.WINDOW_LIMIT_MAX_MS, "time limit");
        var header = new WindowHeader(
                generation, (int) channels, heapSize(window.byteSize(), channels), (int) limit, functions(window, (int)
                        functions));
        if (generation(window) != generation) {
            throw new HrtCallException(Reason.NO_SERVER, "Another server begins to serve the window; try again");
        }
        return header;
    }

    static int state(MemorySegment window) {
        return (int) INT.getAcquire(window, WindowDescriptor.STATE_OFFSET);
    }

    static int generation(MemorySegment window) {
        return (int) INT.getAcquire(window, WindowDescriptor.GENERATION_OFFSET);
    }

    static long heartbeat(MemorySegment window) {
        return (long) LONG.getOpaque(window, WindowDescriptor.HEARTBEAT_OFFSET);
    }

    /** Where channel {@code index} lies: {@code hvm_window_channel}. */
    static long channelOffset(int index) {
        return WindowDescriptor.WINDOW_CHANNELS + index * WindowDescriptor.WINDOW_CHANNEL_SIZE;
    }

    /** Where the heap of channel {@code index} begins: {@code hvm_window_heap}. */
    long heapOffset(int index) {
        return channelOffset(channels) + index * heapSize;
    }

    /** {@code hvm_window_heap_size}. */
    private static long heapSize(long size, long channels) {
        return (size - channelOffset((int) channels)) / channels & -AbiDescriptor.PAGE_SIZE;
    }

    private static List<HrtFunction> functions(MemorySegment window, int count) {
        var functions = new ArrayList<HrtFunction>(count);
        Set<String> names = new HashSet<>();
        for (int i = 0; i < count; i++) {
            MemorySegment entry = window.asSlice(
                    WindowDescriptor.WINDOW_TABLE + i * WindowFunctionDescriptor.SIZE, WindowFunctionDescriptor.SIZE);
            String name = text(entry, WindowFunctionDescriptor.NAME_OFFSET, WindowDescriptor.WINDOW_NAME_MAX);
            String summary = text(entry, WindowFunctionDescriptor.SUMMARY_OFFSET, WindowDescriptor.WINDOW_SUMMARY_MAX);
            if (name.isEmpty() || !names.add(name)) {
                throw corrupt("name of function " + i, "'" + name + "'", "one that no other has");
            }
            functions.add(new HrtFunction(name, summary, i));
        }
        return List.copyOf(functions);
    }

    /** Text up to its zero, or its end; what is not printable ASCII is shown as a question mark. */
    static String text(MemorySegment memory, long offset, long length) {
        byte[] bytes = memory.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
        int end = 0;
        while (end < bytes.length && bytes[end] != 0) {
            if (bytes[end] < ' ' || bytes[end] > '~') {
                bytes[end] = '?';
            }
            end++;
        }
        return new String(bytes, 0, end, StandardCharsets.US_ASCII);
    }

    private static long number(MemorySegment window, long offset) {
        return Integer.toUnsignedLong((int) INT.getOpaque(window, offset));
    }

    private static void require(Object found, long expected, String what) {
        long value = (long) found;
        if (value != expected) {
            throw corrupt(what, Long.toUnsignedString(value), Long.toUnsignedString(expected));
        }
    }

    private static void requireAtMost(long value, long least, long most, String what) {
        if (value < least || value > most) {
            throw corrupt(what, String.valueOf(value), least + " to " + most);
        }
    }

    static HrtCallException corrupt(String what, String value, String allowed) {
        return new HrtCallException(
                Reason.CORRUPT, "The window is corrupt: its %s is %s; allowed: %s".formatted(what, value, allowed));
    }
}
