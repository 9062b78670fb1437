// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/**
 * The standard streams of a batch job as files of the host. The guest may send no more than is written: a slow disk slows
 * the job down, a full one fails it. Calls come one after the other and may block.
 */
final class BatchFiles implements JobListener {
    private static final int WINDOW = 256 * 1024;

    private final BatchFacts facts;
    private final FileChannel stdout;
    private final FileChannel stderr;
    private final FileChannel stdin; // null: nothing
    private int stdinCredit;
    private Job job;

    private BatchFiles(BatchFacts facts) throws IOException {
        this.facts = facts;
        stdin = facts.stdin().isEmpty() ? null : FileChannel.open(Path.of(facts.stdin()), StandardOpenOption.READ);
        stdout = open(facts.stdout());
        stderr = facts.stderr().equals(facts.stdout()) ? stdout : open(facts.stderr());
    }

    /** @throws IOException if one cannot be opened; the message names it */
    static BatchFiles open(BatchFacts facts) throws IOException {
        return new BatchFiles(facts);
    }

    private FileChannel open(String file) throws IOException {
        Path path = Path.of(file);
        return FileChannel.open(
                path,
                Files.exists(path) && !Files.isRegularFile(path)
                        ? Set.of(StandardOpenOption.WRITE)
                        : Set.of(
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE,
                                facts.append() || facts.restarts() > 0
                                        ? StandardOpenOption.APPEND
                                        : StandardOpenOption.TRUNCATE_EXISTING));
    }

    /** Lets the streams flow. Called once its process exists, on the thread of the calls. */
    void begin(Job begun) {
        job = begun;
        job.grant(OutputStreamKind.STDOUT, WINDOW);
        job.grant(OutputStreamKind.STDERR, WINDOW);
        if (stdin == null) {
            job.closeStdin();
        } else {
            feed();
        }
    }

    @Override
    public void stdinCredit(int bytes) {
        stdinCredit += bytes;
        if (job != null && stdin != null) {
            feed();
        }
    }

    @Override
    public void output(OutputStreamKind stream, ByteBuffer bytes) {
        int size = bytes.remaining();
        boolean out = stream == OutputStreamKind.STDOUT;
        try {
            FileChannel file = out ? stdout : stderr;
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
        } catch (IOException e) {
            job.fail("the output file cannot be written: " + (out ? facts.stdout() : facts.stderr()) + " ("
                    + e.getMessage() + ")");
        }
        job.grant(stream, size);
    }

    @Override
    public void ended(JobResult result) {
        close();
    }

    void close() {
        for (FileChannel file : new FileChannel[] {stdin, stdout, stderr}) {
            try {
                if (file != null) {
                    file.close();
                }
            } catch (IOException e) {
                // all that was written has been written: these channels hold nothing back
            }
        }
    }

    private void feed() {
        try {
            while (stdinCredit > 0) {
                ByteBuffer bytes = ByteBuffer.allocate(Math.min(stdinCredit, WINDOW));
                if (stdin.read(bytes) < 0) {
                    stdinCredit = 0;
                    job.closeStdin();
                    return;
                }
                bytes.flip();
                stdinCredit -= bytes.remaining();
                job.stdin(bytes);
            }
        } catch (IOException e) {
            job.fail("the input file cannot be read: " + facts.stdin() + " (" + e.getMessage() + ")");
        }
    }
}
