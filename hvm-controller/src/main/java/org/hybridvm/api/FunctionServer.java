// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.ipc.WindowStatus;
import org.hybridvm.job.Job;
import org.hybridvm.job.JobListener;
import org.hybridvm.job.JobResult;
import org.hybridvm.job.OutputStreamKind;

/** The program that serves the window of one VM, as a job. */
final class FunctionServer implements JobListener {
    /** What a server may say in its life; more is not read. */
    private static final int MAX_WORDS = 64 * 1024;

    private final Set<String> libraries;
    private final CompletableFuture<JobResult> end = new CompletableFuture<>();
    private final ByteArrayOutputStream words = new ByteArrayOutputStream();
    private volatile Job job;
    private volatile int generation;

    FunctionServer(Set<String> libraries) {
        this.libraries = Set.copyOf(libraries);
    }

    void began(Job begun) {
        job = begun;
        begun.closeStdin();
        begun.grant(OutputStreamKind.STDOUT, 0, MAX_WORDS); // without credit its end would not be seen
        begun.grant(OutputStreamKind.STDERR, 0, MAX_WORDS);
    }

    Job job() {
        return job;
    }

    Set<String> libraries() {
        return libraries;
    }

    int generation() {
        return generation;
    }

    void generation(int number) {
        generation = number;
    }

    boolean lives() {
        return !end.isDone();
    }

    boolean serves(WindowStatus status) {
        return status.serves() && status.generation() == generation;
    }

    /** Whether it ended within that time. */
    boolean awaitEnd(Duration limit) {
        try {
            end.get(limit.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Why it did not begin; it has ended. */
    HvmException failure(String program) {
        JobResult result = end.join();
        String said = words.toString(StandardCharsets.UTF_8).strip();
        return HvmException.of(ErrorCode.WRONG_STATE, "The VM's window cannot be served")
                .value("%s: %s".formatted(program, said.isEmpty() ? "status " + result.status() : said))
                .owner("job " + job.number())
                .hint("hvm jobs " + job.number())
                .build();
    }

    @Override
    public void output(OutputStreamKind stream, ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        words.writeBytes(copy);
    }

    @Override
    public void report(String line) {
        words.writeBytes((line + "\n").getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void ended(JobResult result) {
        end.complete(result);
    }
}
