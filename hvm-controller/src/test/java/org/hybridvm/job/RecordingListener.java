// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** Keeps what a job tells, and lets a test wait for it. */
final class RecordingListener implements JobListener {
    private static final long LIMIT_SECONDS = 10;

    final List<String> events = new CopyOnWriteArrayList<>();
    final List<String> reports = new CopyOnWriteArrayList<>();
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private final CompletableFuture<Void> running = new CompletableFuture<>();
    private final CompletableFuture<String> pending = new CompletableFuture<>();
    private final CompletableFuture<JobResult> result = new CompletableFuture<>();

    @Override
    public void accepted(Job job) {
        events.add("accepted");
    }

    @Override
    public void pending(String reason) {
        events.add("pending");
        pending.complete(reason);
    }

    @Override
    public void running() {
        events.add("running");
        running.complete(null);
    }

    @Override
    public synchronized void output(OutputStreamKind stream, ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        output.writeBytes(copy);
    }

    @Override
    public void report(String line) {
        reports.add(line);
    }

    @Override
    public void ended(JobResult end) {
        events.add("ended");
        result.complete(end);
    }

    void awaitRunning() throws Exception {
        running.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    String awaitPending() throws Exception {
        return pending.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    JobResult awaitEnd() throws Exception {
        return result.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    synchronized String output() {
        return output.toString(StandardCharsets.UTF_8);
    }
}
