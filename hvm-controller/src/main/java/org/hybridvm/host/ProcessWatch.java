// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches a process that is nobody's child any more: its end comes as an event, by a pidfd (pidfd_open(2)), within
 * microseconds; that it was stopped (SIGSTOP) or goes on is looked for, because Linux tells that to parents only.
 *
 * <p>One thread for each process. It ends with the process, and its descriptor is closed then.
 */
public final class ProcessWatch {
    /** How often is looked whether the process is stopped: one read of a file of /proc. */
    private static final Duration PERIOD = Duration.ofMillis(500);

    private static final Logger LOG = LoggerFactory.getLogger(ProcessWatch.class);

    private final long pid;
    private final int descriptor;
    private final Listener listener;
    private boolean stopped;

    private ProcessWatch(long pid, int descriptor, Listener listener) {
        this.pid = pid;
        this.descriptor = descriptor;
        this.listener = listener;
    }

    /** Hears of the process, from the watching thread, one call after the other; it may block that thread only. */
    public interface Listener {
        /** The process was stopped by a signal or a debugger. */
        void stopped(long pid);

        /** It goes on. */
        void continued(long pid);

        /** It is gone. The last call. */
        void ended(long pid);
    }

    /** Begins to watch. A process that is gone already is told of as ended. */
    public static void begin(long pid, Listener listener) {
        Posix.Result opened = Posix.pidfdOpen(pid);
        var watch = new ProcessWatch(pid, (int) opened.value(), listener);
        Thread.ofPlatform()
                .daemon()
                .name("watch " + pid)
                .start(opened.failed() ? () -> listener.ended(pid) : watch::run);
    }

    private void run() {
        try {
            while (!hasEnded()) {
                look();
            }
        } finally {
            Posix.close(descriptor);
        }
        listener.ended(pid);
    }

    private void look() {
        boolean now = QemuProcess.isStopped(pid);
        if (now == stopped) {
            return;
        }
        stopped = now;
        try {
            if (now) {
                listener.stopped(pid);
            } else {
                listener.continued(pid);
            }
        } catch (RuntimeException e) {
            LOG.error("a change of a process was not taken pid={}", pid, e);
        }
    }

    private boolean hasEnded() {
        Posix.Result result = Posix.awaitReadable(descriptor, (int) PERIOD.toMillis());
        if (result.failed() && result.errno() != Posix.EINTR) {
            throw new IllegalStateException("poll of a pidfd: errno " + result.errno());
        }
        return result.value() > 0;
    }
}
