// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.rings;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A ring in a mapped file, whoever made it: messages of {@value #WORDS} words, {@value #CAPACITY} bytes of room. */
interface Transport {
    int WORDS = 7;
    int CAPACITY = 64 * 1024;

    /** One side, for the thread that asks for it: made by that thread, so that nothing of the other's lies beside it. */
    Sender sender();

    /** The other side, likewise. */
    Receiver receiver();

    interface Sender {
        /** Sends {@code first} and the numbers that follow it; false if there is no room. */
        boolean send(long first);
    }

    interface Receiver {
        /** Takes at most so many messages and adds up all their words; how many they were. */
        int receive(int limit);

        /** Takes one message, if there is one, and answers it before its room is free again. */
        void answer(Sender answers);

        /** Of all words received. */
        long sum();
    }

    static Transport of(String name) {
        return switch (name) {
            case "ring" -> new RingTransport();
            case "agrona" -> new AgronaTransport();
            default -> throw new IllegalArgumentException("a transport is ring or agrona; given: " + name);
        };
    }

    /** A file of that size, mapped; nobody else finds it. */
    static MemorySegment mapped(long size, Arena arena) {
        try {
            Path file = Files.createTempFile("ring", null);
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                return channel.map(FileChannel.MapMode.READ_WRITE, 0, size, arena);
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
