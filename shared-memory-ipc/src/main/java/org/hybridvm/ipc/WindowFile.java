// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.ipc.HrtCallException.Reason;

/**
 * A window's file, opened once in this JVM however many use it: record locks belong to the process, and whoever closes any
 * descriptor of the file would let go of all of them. Thread-safe.
 */
final class WindowFile {
    private static final Map<Object, WindowFile> OPEN = new HashMap<>(); // guarded by itself

    private final Object key;
    private final FileChannel channel;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;
    private int users; // guarded by OPEN

    private WindowFile(Object key, FileChannel channel, long size) throws IOException {
        this.key = key;
        this.channel = channel;
        this.memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, size, arena);
    }

    /** @throws HrtCallException {@link Reason#NO_WINDOW} */
    static WindowFile open(Path path) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            requireSize(path, attributes.size());
            synchronized (OPEN) {
                WindowFile file = OPEN.get(attributes.fileKey());
                if (file == null) {
                    file = map(path, attributes);
                    OPEN.put(file.key, file);
                }
                file.users++;
                return file;
            }
        } catch (IOException e) {
            throw new HrtCallException(Reason.NO_WINDOW, "The window cannot be opened: " + e, e);
        }
    }

    private static WindowFile map(Path path, BasicFileAttributes attributes) throws IOException {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            return new WindowFile(attributes.fileKey(), channel, attributes.size());
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static void requireSize(Path path, long size) {
        if (size < WindowDescriptor.WINDOW_SIZE_MIN || size > WindowDescriptor.WINDOW_SIZE_MAX) {
            throw new HrtCallException(
                    Reason.NO_WINDOW,
                    "No window: %s has %d bytes; allowed: %d to %d"
                            .formatted(path, size, WindowDescriptor.WINDOW_SIZE_MIN, WindowDescriptor.WINDOW_SIZE_MAX));
        }
    }

    /** All of it, until the last user has closed it. */
    MemorySegment memory() {
        return memory;
    }

    /** An exclusive lock on these bytes; empty if somebody has one. */
    Optional<FileLock> lock(long offset, long length) {
        try {
            return Optional.ofNullable(channel.tryLock(offset, length, false));
        } catch (OverlappingFileLockException e) {
            return Optional.empty(); // somebody in this JVM
        } catch (IOException e) {
            throw new HrtCallException(Reason.NO_WINDOW, "A channel of the window cannot be claimed: " + e, e);
        }
    }

    void close() {
        synchronized (OPEN) {
            if (--users > 0) {
                return;
            }
            OPEN.remove(key);
            arena.close();
            try {
                channel.close();
            } catch (IOException e) {
                throw new HrtCallException(Reason.NO_WINDOW, "The window cannot be closed: " + e, e);
            }
        }
    }
}
