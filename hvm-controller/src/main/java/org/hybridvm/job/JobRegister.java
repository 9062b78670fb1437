// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.Owner;

/**
 * The jobs that are known, by number: those that wait in the queue, those that live, and the last of those that ended. A job
 * is in one map all its life and only what is known of it is replaced, so that no reader misses it on its way. May be used
 * from any thread.
 */
final class JobRegister {
    /** What is known of a job at one point of its life. */
    private sealed interface Known {
        JobRecord record();

        /** It waits in the queue. */
        record Waiting(JobRecord record) implements Known {}

        /** It runs, or waits for cores with its caller. */
        record Living(Job job) implements Known {
            @Override
            public JobRecord record() {
                return job.keptRecord();
            }
        }

        record Ended(JobRecord record) implements Known {}
    }

    private final JobBooks books;
    private final BatchQueue queue;
    private final NavigableMap<Integer, Known> jobs = new ConcurrentSkipListMap<>();
    private final Map<Integer, Job> live = new ConcurrentHashMap<>(); // an index of it, for those who ask for all
    private final EndedJobs ends = new EndedJobs(JobBooks.KEPT_JOBS);
    private int lastNumber; // guarded by this
    private volatile JobObserver observer = JobObserver.NONE;

    JobRegister(JobBooks books, BatchQueue queue) {
        this.books = books;
        this.queue = queue;
    }

    /** @param number the highest that a job has had */
    synchronized void goOnAfter(int number) {
        lastNumber = number;
    }

    /** The first of {@code count} numbers that no job has had. */
    synchronized int nextNumbers(int count) {
        int first = lastNumber + 1;
        lastNumber += count;
        return first;
    }

    /** Batch jobs that wait for their turn. */
    void await(Collection<JobRecord> records) {
        records.forEach(record -> jobs.put(record.number(), new Known.Waiting(record)));
        records.forEach(record -> ends.remove(record.number()));
        queue.add(records);
    }

    /** A job that was taken out of the queue waits again, as the disk has it now. */
    void putBack(JobRecord record) {
        jobs.put(record.number(), new Known.Waiting(record));
        queue.put(record);
    }

    /** A job that runs, or waits for cores with its caller. */
    void enter(Job job) {
        live.put(job.number(), job);
        jobs.put(job.number(), new Known.Living(job));
        if (observer != JobObserver.NONE) {
            job.observe(observer);
        }
    }

    /** {@code watcher} hears of all jobs that live from now on. */
    void observe(JobObserver watcher) {
        observer = watcher;
    }

    JobObserver observer() {
        return observer;
    }

    Optional<Job> live(int number) {
        return jobs.get(number) instanceof Known.Living(Job job) ? Optional.of(job) : Optional.empty();
    }

    Collection<Job> live() {
        return live.values();
    }

    /** How a job ended; empty if it has not, or is forgotten. */
    Optional<JobRecord> ended(int number) {
        return jobs.get(number) instanceof Known.Ended(JobRecord record) ? Optional.of(record) : Optional.empty();
    }

    /** The job that its caller knows by that key, whether it lives or has ended. */
    Optional<JobRecord> byKey(Owner owner, String key) {
        return jobs.descendingMap().values().stream()
                .map(Known::record)
                .filter(record ->
                        record.handover().key().equals(key) && record.owner().uid() == owner.uid())
                .findFirst();
    }

    /** A job that lived is in the queue again. */
    void awaitAgain(Job job, JobRecord record) {
        live.remove(job.number(), job);
        await(List.of(record));
    }

    /** Remembers how a job ended, and forgets those that ended first if there are too many; what is on disk is the caller's. */
    void end(JobRecord record) {
        jobs.put(record.number(), new Known.Ended(record));
        live.remove(record.number());
        for (int number : ends.add(record)) {
            if (jobs.get(number) instanceof Known.Ended oldest && jobs.remove(number, oldest)) {
                books.forget(number); // else it was put back into the queue meanwhile
            }
        }
    }

    /** All jobs that are known, as they are on disk, oldest first. */
    List<JobRecord> list() {
        return jobs.values().stream().map(Known::record).toList();
    }

    /** Some of them, oldest first: costs what it shows, however many there are. */
    List<JobRecord> page(JobPage page) {
        NavigableMap<Integer, Known> behind = jobs.tailMap(page.after(), false);
        return (page.newest() ? behind.descendingMap() : behind)
                .values().stream()
                        .map(Known::record)
                        .filter(page.wanted())
                        .limit(page.limit())
                        .sorted(Comparator.comparingInt(JobRecord::number))
                        .toList();
    }

    /** How many of the jobs of that user wait or run. */
    long countAlive(Owner owner) {
        return jobs.values().stream()
                .filter(known -> !(known instanceof Known.Ended))
                .filter(known -> known.record().owner().uid() == owner.uid())
                .count();
    }

    /** @throws HvmException {@link ErrorCode#NO_SUCH_JOB} */
    JobRecord find(int number) {
        return Optional.ofNullable(jobs.get(number))
                .map(Known::record)
                .orElseThrow(() -> noSuchJob(JobId.of(number), null));
    }

    /** @param cause for the audit log, if there is one that the caller may not know of; else null */
    static HvmException noSuchJob(JobId job, SecurityException cause) {
        return HvmException.of(ErrorCode.NO_SUCH_JOB, "No such job")
                .value(job)
                .allowed("the last " + JobBooks.KEPT_JOBS + " jobs")
                .hint("hvm jobs")
                .cause(cause)
                .build();
    }

    /** The jobs that are meant: one, or all tasks of the array whose first it is. */
    List<JobRecord> tasks(JobId job) {
        if (job.task().isEmpty()) {
            JobRecord record = find(job.number());
            if (record.batch().filter(facts -> facts.arrayJob() == job.number()).isEmpty()) {
                return List.of(record);
            }
        }
        List<JobRecord> tasks = list().stream().filter(job::means).toList();
        if (tasks.isEmpty()) {
            throw noSuchJob(job, null);
        }
        return tasks;
    }

    HvmException wrongState(int number, String allowed) {
        return HvmException.of(ErrorCode.WRONG_STATE, "The job is not in a state for this")
                .value(number + " (" + find(number).state() + ")")
                .allowed(allowed)
                .hint("hvm info " + number)
                .build();
    }
}
