// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/**
 * At most one hvmd has a state folder. The kernel drops the lock with the process, however that ends, so a lock file that
 * is left behind means nothing; the process id in it is for people, and for
 * {@code hvm daemon stop} if hvmd does not answer.
 */
public final class InstanceLock implements Closeable {
    private final FileChannel channel;

    private InstanceLock(FileChannel channel) {
        this.channel = channel;
    }

    /** @throws HvmException if another process has the lock */
    public static InstanceLock take(Path file) throws IOException {
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            if (tryLock(channel) == null) {
                throw HvmException.of(ErrorCode.WRONG_STATE, "Another hvmd has this state folder")
                        .value(file)
                        .owner("process " + Files.readString(file).strip())
                        .hint("hvm daemon status")
                        .build();
            }
            channel.truncate(0);
            channel.write(ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII)));
            return new InstanceLock(channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private static FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // this very process has it
        }
    }
}
