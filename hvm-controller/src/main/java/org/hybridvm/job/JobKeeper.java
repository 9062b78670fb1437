// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Writes each state of a job into the books, and does what follows from it: limits, cores, the queue. */
final class JobKeeper {
    private final JobBooks books;
    private final JobRegister register;
    private final BatchQueue queue;
    private final CoreQueues cores;
    private final JobTimer timer;
    private final Clock clock;

    JobKeeper(JobBooks books, JobRegister register, BatchQueue queue, CoreQueues cores, JobTimer timer, Clock clock) {
        this.books = books;
        this.register = register;
        this.queue = queue;
        this.cores = cores;
        this.timer = timer;
        this.clock = clock;
    }

    /**
     * Keeps the books of a job from now on.
     *
     * @param known its record as it is on disk, or none: that state is not written again
     */
    void keep(Job job, Optional<JobRecord> known) {
        job.keepBooks(record -> {
            boolean onDisk = known.filter(one -> one.state() == record.state()).isPresent();
            return switch (record.state()) {
                case PENDING -> onDisk ? done() : books.save(record);
                case RUNNING -> {
                    watch(job, record);
                    yield onDisk ? done() : books.add(List.of(record));
                }
                default -> end(job, record);
            };
        });
    }

    /** Puts on disk what somebody asks of a job, then has it ended. */
    CompletableFuture<Void> end(Job job, Handover.Asked asked) {
        return job.ask(asked, record -> books.add(List.of(record))).thenRun(() -> timer.terminate(job));
    }

    private void watch(Job job, JobRecord record) {
        Duration since = Duration.between(record.started().orElse(clock.instant()), clock.instant());
        record.batch().ifPresent(facts -> timer.warn(job, facts, since));
        Optional<Duration> limit = record.batch()
                .map(BatchFacts::timeLimit)
                .orElse(record.handover().timeLimit());
        timer.limit(job, limit.map(time -> time.minus(since)));
    }

    private CompletableFuture<Void> end(Job job, JobRecord record) {
        queue.forget(record.number()); // before its cores: who has claimed it has taken them already
        if (job.asked() == Handover.Asked.REQUEUE) {
            JobRecord again = record.waiting(record.batch().orElseThrow().restarted());
            return books.save(again, job::kept).thenRun(() -> {
                register.awaitAgain(job, again);
                free(record);
            });
        }
        return books.save(record, job::kept).thenRun(() -> {
            register.end(record); // not before, so that nobody sees an end that a crash could take back
            free(record);
        });
    }

    private void free(JobRecord record) {
        cores.of(record.vm(), record.partition()).release(record.number());
        queue.changed();
    }

    private static CompletableFuture<Void> done() {
        return CompletableFuture.completedFuture(null);
    }
}
