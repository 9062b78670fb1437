// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.access;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who changed what: one JSON object a line, numbered without a gap, on disk before the answer leaves. A file that has grown
 * to its size is put aside ({@code audit.jsonl.1} is the youngest of those put aside). One thread writes, and takes all that
 * waits in one flush. May be used from any thread.
 */
public final class AuditLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AuditLog.class);
    private static final Set<StandardOpenOption> APPEND =
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.APPEND, StandardOpenOption.WRITE);
    private static final int LONGEST_LINE = 64 * 1024;

    private record Waiting(AuditEntry entry, CompletableFuture<Void> done) {}

    private static final Waiting END = new Waiting(null, null);
    private static final AuditEntry RESUMED = new AuditEntry(null, "hvmd", "", "", "audit", 200, null);

    private final Path file;
    private final long size;
    private final int files;
    private final Clock clock;
    private final BlockingQueue<Waiting> queue = new LinkedBlockingQueue<>();
    private final Thread writer;
    private FileChannel channel; // the writer's, as what follows
    private long sequence;
    private volatile boolean failed;

    /**
     * @param size at which a file is put aside, bytes
     * @param files how many are kept, the present one included
     */
    public AuditLog(Path file, long size, int files, Clock clock) throws IOException {
        this.file = file;
        this.size = size;
        this.files = files;
        this.clock = clock;
        sequence = Math.max(lastSequence(file), lastSequence(numbered(1)));
        open();
        endTornLine();
        writer = Thread.ofPlatform().daemon().name("audit").start(this::writeAll);
    }

    /**
     * Adds an entry.
     *
     * @return completes once it is on disk; fails with {@link HvmException} if it cannot be kept
     */
    public CompletableFuture<Void> write(AuditEntry entry) {
        var done = new CompletableFuture<Void>();
        queue.add(new Waiting(entry, done));
        return done;
    }

    /**
     * Nothing is changed that could not be written down: after a failure the log is tried again.
     *
     * @return fails with {@link HvmException} if the log cannot be written now
     */
    public CompletableFuture<Void> ready() {
        return failed ? write(RESUMED) : CompletableFuture.completedFuture(null);
    }

    /** Writes what waits, and ends. */
    @Override
    public void close() throws IOException {
        queue.add(END);
        try {
            writer.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        channel.close();
    }

    private void writeAll() {
        var batch = new ArrayList<Waiting>();
        boolean open = true;
        while (open) {
            try {
                batch.add(queue.take());
            } catch (InterruptedException e) {
                continue; // a stray one
            }
            queue.drainTo(batch);
            open = !batch.removeIf(one -> one == END);
            if (!batch.isEmpty()) {
                keep(batch);
            }
            batch.clear();
        }
    }

    private void keep(List<Waiting> batch) {
        long before = sequence;
        try {
            append(batch);
            failed = false;
            batch.forEach(one -> one.done().complete(null));
        } catch (IOException e) {
            sequence = before;
            failed = true;
            LOG.error("audit log cannot be written file={} entries={} reason={}", file, batch.size(), e.toString());
            batch.forEach(one -> one.done().completeExceptionally(unavailable(e)));
        }
    }

    private byte[] line(AuditEntry entry) {
        String text = Json.write(entry.toJson(++sequence, clock.instant().truncatedTo(ChronoUnit.MILLIS)));
        return (text + "\n").getBytes(StandardCharsets.UTF_8);
    }

    private void append(List<Waiting> batch) throws IOException {
        if (!channel.isOpen()) {
            open();
        }
        if (channel.size() >= size) {
            rotate();
        }
        long start = channel.size();
        try {
            for (Waiting one : batch) {
                ByteBuffer line = ByteBuffer.wrap(line(one.entry()));
                while (line.hasRemaining()) {
                    channel.write(line);
                }
            }
            channel.force(false);
        } catch (IOException e) {
            channel.truncate(start);
            throw e;
        }
    }

    private void rotate() throws IOException {
        channel.close();
        for (int number = files - 1; number > 1; number--) {
            if (Files.exists(numbered(number - 1))) {
                Files.move(numbered(number - 1), numbered(number), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        if (files > 1) {
            Files.move(file, numbered(1), StandardCopyOption.REPLACE_EXISTING);
        } else {
            Files.delete(file);
        }
        open();
    }

    private void open() throws IOException {
        channel = FileChannel.open(
                file, APPEND, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }

    /** hvmd was killed while it wrote: what was not finished was not answered either. */
    private void endTornLine() throws IOException {
        if (channel.size() > 0 && lastBytes(file, 1)[0] != '\n') {
            channel.write(ByteBuffer.wrap(new byte[] {'\n'}));
        }
    }

    private Path numbered(int number) {
        return file.resolveSibling(file.getFileName() + "." + number);
    }

    private static long lastSequence(Path file) throws IOException {
        if (!Files.exists(file)) {
            return 0;
        }
        String end = new String(lastBytes(file, LONGEST_LINE), StandardCharsets.UTF_8);
        return end.lines().mapToLong(AuditLog::sequenceOf).max().orElse(0);
    }

    private static long sequenceOf(String line) {
        try {
            return JsonObject.parse(line).number("sequence");
        } catch (HvmException e) {
            return 0; // the part of a line
        }
    }

    private static byte[] lastBytes(Path file, int most) throws IOException {
        try (var bytes = new RandomAccessFile(file.toFile(), "r")) {
            byte[] end = new byte[(int) Math.min(most, bytes.length())];
            bytes.seek(bytes.length() - end.length);
            bytes.readFully(end);
            return end;
        }
    }

    private HvmException unavailable(IOException cause) {
        return HvmException.of(ErrorCode.STORE_UNAVAILABLE, "hvmd cannot write its audit log, so it changes nothing")
                .value(file + (cause == null ? "" : " (" + cause.getMessage() + ")"))
                .allowed("a file system with free space that can be written")
                .hint("df -h " + file.toAbsolutePath().getParent() + "; what runs goes on")
                .cause(cause)
                .build();
    }
}
