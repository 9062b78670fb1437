// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** The guest's side of a window, as a thread that does as it is told, well or badly. */
final class StandInServer implements AutoCloseable {
    static final int CHANNELS = 4;
    static final long SIZE = WindowDescriptor.WINDOW_SIZE_MIN;
    private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();
    private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();

    final MemorySegment window;
    private final Arena arena = Arena.ofShared();
    private final Thread thread;
    private final long[] lastTag = new long[CHANNELS];
    private volatile boolean stop;
    private volatile boolean beats = true;

    /** What to answer: the words, among them offsets, in; status in the low 16 bits and tag out by {@link #answer}. */
    interface Function {
        void serve(StandInServer server, long channel, long head, long[] words);
    }

    private StandInServer(Path file, Function function) throws IOException {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            window = channel.map(FileChannel.MapMode.READ_WRITE, 0, SIZE, arena);
        }
        thread = Thread.ofPlatform().daemon().unstarted(() -> run(function));
    }

    static StandInServer begin(Path file, List<String> functions, Function function) throws IOException {
        var server = new StandInServer(file, function);
        server.publish(functions);
        server.thread.start();
        return server;
    }

    /** Answers each call with the sum of its words. */
    static void sum(StandInServer server, long channel, long head, long[] words) {
        long sum = head & WindowDescriptor.WINDOW_FUNCTION_MASK;
        for (long word : words) {
            sum += word;
        }
        server.answer(channel, head, WindowDescriptor.WINDOW_OK, sum);
    }

    void publish(List<String> functions) {
        int generation = WindowHeader.generation(window) + 1;
        window.set(ValueLayout.JAVA_LONG, WindowDescriptor.MAGIC_OFFSET, WindowDescriptor.WINDOW_MAGIC);
        window.set(ValueLayout.JAVA_INT, WindowDescriptor.REVISION_OFFSET, (int) AbiDescriptor.ABI_REVISION);
        window.set(ValueLayout.JAVA_LONG, WindowDescriptor.SIZE_OFFSET, SIZE);
        window.set(ValueLayout.JAVA_INT, WindowDescriptor.CHANNELS_OFFSET, CHANNELS);
        window.set(ValueLayout.JAVA_INT, WindowDescriptor.FUNCTIONS_OFFSET, functions.size());
        window.set(ValueLayout.JAVA_INT, WindowDescriptor.LIMIT_MS_OFFSET, 60_000);
        for (int i = 0; i < functions.size(); i++) {
            byte[] name = functions.get(i).getBytes(StandardCharsets.ISO_8859_1);
            long entry = WindowDescriptor.WINDOW_TABLE + i * WindowFunctionDescriptor.SIZE;
            window.asSlice(entry, WindowFunctionDescriptor.SIZE).fill((byte) 0);
            MemorySegment.copy(name, 0, window, ValueLayout.JAVA_BYTE, entry, name.length);
        }
        INT.setRelease(window, WindowDescriptor.GENERATION_OFFSET, generation);
        state(WindowDescriptor.WINDOW_SERVING);
    }

    void state(long state) {
        INT.setRelease(window, WindowDescriptor.STATE_OFFSET, (int) state);
    }

    void fallSilent() {
        beats = false;
    }

    void answer(long channel, long head, long status, long result) {
        LONG.setOpaque(window, channel + ChannelDescriptor.ARG_OFFSET, result);
        LONG.setRelease(window, channel + ChannelDescriptor.DONE_OFFSET, head & ~0xffffL | status);
    }

    private void run(Function function) {
        while (!stop) {
            if (beats) {
                LONG.setOpaque(window, WindowDescriptor.HEARTBEAT_OFFSET, System.nanoTime());
            }
            for (int i = 0; i < CHANNELS; i++) {
                serve(function, i);
            }
            Thread.yield();
        }
    }

    private void serve(Function function, int index) {
        long channel = WindowHeader.channelOffset(index);
        long head = (long) LONG.getAcquire(window, channel + ChannelDescriptor.HEAD_OFFSET);
        if ((head & ~0xffffL) == lastTag[index]) {
            return;
        }
        lastTag[index] = head & ~0xffffL;
        long[] words = new long[6];
        for (int i = 0; i < words.length; i++) {
            words[i] = (long) LONG.getOpaque(window, channel + ChannelDescriptor.ARG_OFFSET + 8L * i);
        }
        function.serve(this, channel, head, words);
    }

    @Override
    public void close() {
        stop = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        arena.close();
    }
}
