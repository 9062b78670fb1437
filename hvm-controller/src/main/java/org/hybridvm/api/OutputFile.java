// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;
import org.hybridvm.job.BatchFacts;
import org.hybridvm.job.JobRecord;

/** An output file of a batch job, read from some byte on while it grows. */
final class OutputFile implements AttachedOutput {
    private static final int PIECE = 64 * 1024;

    private static final long LOOK_AGAIN_MS = 50;

    private final Vertx vertx;
    private final int job;
    private final Path file;
    private final Caller caller;
    private long position;

    private OutputFile(Vertx vertx, int job, Path file, Caller caller, long position) {
        this.vertx = vertx;
        this.job = job;
        this.file = file;
        this.caller = caller;
        this.position = position;
    }

    /** @param caller with whose rights it is read: the job's owner can put a link where his output was */
    static OutputFile of(Vertx vertx, JobRecord record, boolean stderr, long from, Caller caller) {
        BatchFacts facts = record.batch().orElseThrow();
        Path file = Path.of(stderr ? facts.stderr() : facts.stdout());
        return new OutputFile(vertx, record.number(), file, caller, from);
    }

    /** What follows. A file that became shorter was begun anew. */
    @Override
    public Piece read() {
        return new Piece(0, caller.look(this::readNow));
    }

    /** A file tells nobody that it has grown. */
    @Override
    public void whenMore(Runnable more) {
        vertx.setTimer(LOOK_AGAIN_MS, ignored -> more.run());
    }

    @Override
    public HvmException noInput() {
        return HvmException.of(ErrorCode.WRONG_STATE, "A batch job takes its input from a file")
                .value(job)
                .hint("hvm submit --input FILE")
                .build();
    }

    private Buffer readNow() {
        try {
            return read(file.toRealPath());
        } catch (NoSuchFileException e) {
            return Buffer.buffer(); // the job has not begun
        } catch (IOException e) {
            throw HvmException.of(ErrorCode.HOST_PERMISSION, "The job's output cannot be read")
                    .value(file + " (" + e.getMessage() + ")")
                    .cause(e)
                    .build();
        }
    }

    private Buffer read(Path real) throws IOException {
        requireRegular(real); // to open a pipe would wait for its writer
        try (var channel = FileChannel.open(real, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
            if (channel.size() < position) {
                position = 0;
            }
            var bytes = ByteBuffer.allocate(PIECE);
            int read = channel.read(bytes, position);
            position += Math.max(0, read);
            return Buffer.buffer(read <= 0 ? new byte[0] : Arrays.copyOf(bytes.array(), read));
        }
    }

    private static void requireRegular(Path real) {
        if (!Files.isRegularFile(real, LinkOption.NOFOLLOW_LINKS)) {
            throw HvmException.of(ErrorCode.WRONG_STATE, "The job's output is not read by hvmd")
                    .value(real)
                    .allowed("a regular file")
                    .hint("read it yourself")
                    .build();
        }
    }
}
