// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What happens to jobs when a time is over: warnings, limits, and SIGKILL for those that do not end. */
final class JobTimer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(JobTimer.class);
    private static final int SIGHUP = 1;
    private static final int SIGKILL = 9;
    private static final int SIGTERM = 15;
    private static final Duration KILL_AFTER = Duration.ofSeconds(2);

    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("job-timer").factory());

    void every(Duration period, Runnable action) {
        thread.scheduleWithFixedDelay(action, period.toMillis(), period.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** On the timer's thread. Does not block; nothing happens once it is closed. */
    void soon(Runnable action) {
        try {
            thread.execute(action);
        } catch (RejectedExecutionException e) {
            LOG.debug("the timer has ended", e);
        }
    }

    /** Ends the job after that time; at once if it is over. */
    void limit(Job job, Optional<Duration> limit) {
        limit.ifPresent(time -> after(time, () -> {
            job.markTimedOut();
            terminate(job);
        }));
    }

    /**
     * Sends a batch job the signal that it asked for before its time limit; at once if the moment is over, for whoever
     * should have sent it may be gone.
     *
     * @param since how long it has run
     */
    void warn(Job job, BatchFacts facts, Duration since) {
        if (facts.signal() > 0) {
            facts.timeLimit()
                    .ifPresent(limit ->
                            after(limit.minus(facts.signalAhead()).minus(since), () -> job.warn(facts.signal())));
        }
    }

    /** SIGTERM, then SIGKILL. */
    void terminate(Job job) {
        end(job, SIGTERM);
    }

    /** SIGHUP, as a terminal does, then SIGKILL. */
    void hangUp(Job job) {
        end(job, SIGHUP);
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }

    private void end(Job job, int signal) {
        job.signal(signal);
        after(KILL_AFTER, () -> job.signal(SIGKILL));
    }

    private void after(Duration time, Runnable action) {
        thread.schedule(action, Math.max(0, time.toMillis()), TimeUnit.MILLISECONDS);
    }
}
