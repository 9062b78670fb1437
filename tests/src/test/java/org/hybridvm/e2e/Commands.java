// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Runs commands of the host to their end, with a limit. */
final class Commands {
    /** One for each stream: the common pool has too few on two cores, and each of these blocks. */
    private static final Executor THREADS = Executors.newVirtualThreadPerTaskExecutor();

    private Commands() {}

    static ProcessBuilder builder(Path folder, Map<String, String> environment, List<String> words) {
        var builder = new ProcessBuilder(words).directory(folder.toFile());
        builder.environment().putAll(environment);
        return builder;
    }

    /** Runs a command with {@code input} on its standard input; a command that takes longer than the limit is killed. */
    static Outcome run(ProcessBuilder builder, byte[] input, Duration limit) {
        try {
            Process process = builder.start();
            CompletableFuture<byte[]> output =
                    CompletableFuture.supplyAsync(() -> read(process.getInputStream()), THREADS);
            CompletableFuture<byte[]> errors =
                    CompletableFuture.supplyAsync(() -> read(process.getErrorStream()), THREADS);
            CompletableFuture<Void> fed = CompletableFuture.runAsync(() -> feed(process, input), THREADS);
            boolean ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
            if (!ended) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
            String words = String.join(" ", builder.command());
            String said = new String(errors.join(), StandardCharsets.UTF_8);
            if (!ended) {
                throw new AssertionError("%s%ndid not end within %d s; its errors:%n%s%nits output:%n%s"
                        .formatted(words, limit.toSeconds(), said, new String(output.join(), StandardCharsets.UTF_8)));
            }
            fed.join();
            return new Outcome(words, process.exitValue(), output.join(), said);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static byte[] read(InputStream stream) {
        var bytes = new ByteArrayOutputStream();
        try (stream) {
            stream.transferTo(bytes);
        } catch (IOException e) {
            // the process was killed: what was read until then is what there is
        }
        return bytes.toByteArray();
    }

    private static void feed(Process process, byte[] input) {
        try (var stream = process.getOutputStream()) {
            stream.write(input);
        } catch (IOException e) {
            // the program ended before it had read all its input, which is its right
        }
    }
}
