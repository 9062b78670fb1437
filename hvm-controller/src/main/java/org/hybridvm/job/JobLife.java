// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Function;

/** The states of a job: the one that was taken last, what was handed to the books, and what is on disk. May be used from any thread. */
final class JobLife {
    /** @param since when the state was taken */
    private record Status(JobState state, Instant since, Optional<JobResult> result) {}

    private final JobRecord accepted;
    private final JobVerdict verdict;
    private final Clock clock;
    private final StateMachine<Status> status;
    private final Object writing = new Object(); // held while a record is handed to the books
    private Status lastWritten; // guarded by writing
    private volatile Status told; // is on disk
    private volatile Instant started;
    private volatile String agent;

    JobLife(JobRecord accepted, JobVerdict verdict, Clock clock) {
        this.accepted = accepted;
        this.verdict = verdict;
        this.clock = clock;
        this.started = accepted.started().orElse(null);
        this.agent = accepted.handover().agent();
        Instant since = accepted.ended().or(accepted::started).orElse(accepted.submitted());
        Status first = new Status(accepted.state(), since, accepted.result());
        this.lastWritten = first;
        this.told = first;
        this.status = new StateMachine<>(
                first,
                present -> present.state().isTerminal(),
                (from, to) -> from.state() == JobState.PENDING || to.state().isTerminal());
    }

    JobState state() {
        return status.get().state();
    }

    /** How it ended. */
    JobResult result() {
        return status.get().result().orElseThrow();
    }

    JobRecord record() {
        return record(status.get());
    }

    /** As the books have it, so that what is told outlives hvmd. */
    JobRecord keptRecord() {
        return record(told);
    }

    private JobRecord record(Status present) {
        boolean begun = started != null && present.state() != JobState.PENDING;
        JobRecord record = (begun ? accepted.running(started, agent) : accepted).asked(verdict.asked());
        return present.state().isTerminal()
                ? record.ended(present.result().orElseThrow(), present.since()).used(verdict.usage())
                : record;
    }

    /** {@code watcher} hears of the present state and of all that follow, when they are taken. */
    void observe(Consumer<JobRecord> watcher) {
        status.addListener(present -> watcher.accept(record(present)));
    }

    /**
     * From now on writes every state into the books first, the present one at once, and tells {@code hearer} when they have
     * it. A job that cannot be kept ends. Outside any lock.
     */
    void keepBooks(Function<JobRecord, CompletableFuture<Void>> books, Consumer<JobRecord> hearer) {
        status.addListener(present -> {
            CompletableFuture<Void> written;
            synchronized (writing) {
                lastWritten = present;
                written = books.apply(record(present));
            }
            written.whenComplete((ignored, failure) -> {
                if (failure == null) {
                    told = present;
                    hearer.accept(record(present));
                } else {
                    end(JobResult.failed(JobState.FAILED, reason(failure)));
                }
            });
        });
    }

    /** As {@link Job#ask}. */
    CompletableFuture<Void> ask(Handover.Asked end, Function<JobRecord, CompletableFuture<Void>> books) {
        synchronized (writing) {
            if (lastWritten.state().isTerminal()) {
                return CompletableFuture.completedFuture(null);
            }
            verdict.ask(end);
            return books.apply(record(lastWritten));
        }
    }

    /**
     * It runs now, if it waited.
     *
     * @param life of the agent that is to begin it
     */
    void begin(String life) {
        started = clock.instant();
        agent = life;
        status.stepIf(
                present -> present.state() == JobState.PENDING,
                new Status(JobState.RUNNING, started, Optional.empty()));
    }

    void end(JobResult result) {
        status.step(ended(result));
    }

    /** Ends it if it waits; false if it does not. */
    boolean endWaiting(JobResult result) {
        return status.stepIf(present -> present.state() == JobState.PENDING, ended(result));
    }

    private Status ended(JobResult result) {
        return new Status(result.state(), clock.instant(), Optional.of(result));
    }

    private static String reason(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause.getMessage();
    }
}
