// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.nio.ByteBuffer;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

/** Hands a process's calls to a listener that may block, in their order and on a thread of its own. */
final class InOrder implements GuestProcess.Listener {
    private final GuestProcess.Listener listener;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofVirtual().name("batch-job").factory());

    InOrder(GuestProcess.Listener listener) {
        this.listener = listener;
    }

    /** Does something between two of the calls; nothing once the last has come. */
    void run(Runnable action) {
        try {
            thread.execute(action);
        } catch (RejectedExecutionException e) {
            // the process has ended
        }
    }

    @Override
    public void stdinCredit(int bytes) {
        run(() -> listener.stdinCredit(bytes));
    }

    @Override
    public void output(OutputStreamKind stream, ByteBuffer bytes) {
        run(() -> listener.output(stream, bytes));
    }

    @Override
    public void report(String line) {
        run(() -> listener.report(line));
    }

    @Override
    public void exited(int status) {
        last(() -> listener.exited(status));
    }

    @Override
    public void signalled(int signal) {
        last(() -> listener.signalled(signal));
    }

    @Override
    public void lost(String reason) {
        last(() -> listener.lost(reason));
    }

    private void last(Runnable end) {
        run(end);
        thread.shutdown();
    }
}
