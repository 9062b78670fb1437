// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Stream;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.Owner;

/**
 * The jobs that are known, by number: those in the queue, those that live, and the last of those that ended. May be used
 * from any thread.
 */
final class JobRegister {
    private final JobBooks books;
    private final BatchQueue queue;
    private final Map<Integer, Job> live = new ConcurrentHashMap<>();
    private final NavigableMap<Integer, JobRecord> ended = new ConcurrentSkipListMap<>();
    private int lastNumber; // guarded by this
    private volatile JobObserver observer = JobObserver.NONE;

    /** @param lastNumber the highest that a job has had */
    JobRegister(JobBooks books, BatchQueue queue, int lastNumber) {
        this.books = books;
        this.queue = queue;
        this.lastNumber = lastNumber;
    }

    /** The first of {@code count} numbers that no job has had. */
    synchronized int nextNumbers(int count) {
        int first = lastNumber + 1;
        lastNumber += count;
        return first;
    }

    /** A job that runs, or waits for cores with its caller. */
    void enter(Job job) {
        live.put(job.number(), job);
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
        return Optional.ofNullable(live.get(number));
    }

    Collection<Job> live() {
        return live.values();
    }

    /** How a job ended; empty if it has not, or is forgotten. */
    Optional<JobRecord> ended(int number) {
        return Optional.ofNullable(ended.get(number));
    }

    /** The job that its caller knows by that key, whether it lives or has ended. */
    Optional<JobRecord> byKey(Owner owner, String key) {
        return Stream.concat(live.values().stream().map(Job::record), ended.descendingMap().values().stream())
                .filter(record ->
                        record.handover().key().equals(key) && record.owner().uid() == owner.uid())
                .findFirst();
    }

    /** It does not live any more: it is in the queue again. */
    void leave(Job job) {
        live.remove(job.number(), job);
    }

    /** Its end is not the last word: it is in the queue again. */
    void forgetEnd(JobRecord record) {
        ended.remove(record.number(), record);
    }

    /** Remembers how a job ended, and forgets the oldest if there are too many; what is on disk is the caller's. */
    void end(JobRecord record) {
        ended.put(record.number(), record);
        live.remove(record.number());
        while (ended.size() > JobBooks.KEPT_JOBS) {
            books.forget(ended.pollFirstEntry().getKey());
        }
    }

    /** The same, and puts it on disk. */
    CompletableFuture<Void> endAndKeep(JobRecord record) {
        end(record);
        return books.save(record);
    }

    /** All jobs that are known, oldest first. */
    List<JobRecord> list() {
        // In the order in which jobs go, so that none is missed on its way.
        var byNumber = new TreeMap<Integer, JobRecord>();
        queue.list().forEach(record -> byNumber.put(record.number(), record));
        live.values().forEach(job -> byNumber.put(job.number(), job.record()));
        byNumber.putAll(ended);
        return List.copyOf(byNumber.values());
    }

    /** @throws HvmException {@link ErrorCode#NO_SUCH_JOB} */
    JobRecord find(int number) {
        return live(number)
                .map(Job::record)
                .or(() -> queue.find(number))
                .or(() -> live(number).map(Job::record)) // it may have begun between the looks
                .or(() -> ended(number))
                .orElseThrow(() -> noSuchJob(number, null));
    }

    /** @param cause for the audit log, if there is one that the caller may not know of; else null */
    static HvmException noSuchJob(int number, SecurityException cause) {
        return HvmException.of(ErrorCode.NO_SUCH_JOB, "No such job")
                .value(number)
                .allowed("the last " + JobBooks.KEPT_JOBS + " jobs")
                .hint("hvm jobs")
                .cause(cause)
                .build();
    }

    /** The jobs that a number means: one, or all tasks of the array whose first it is. */
    List<JobRecord> tasks(int number) {
        JobRecord record = find(number);
        if (record.batch().filter(facts -> facts.arrayJob() == number).isEmpty()) {
            return List.of(record);
        }
        return list().stream()
                .filter(one ->
                        one.batch().filter(facts -> facts.arrayJob() == number).isPresent())
                .toList();
    }

    HvmException wrongState(int number, String allowed) {
        return HvmException.of(ErrorCode.WRONG_STATE, "The job is not in a state for this")
                .value(number + " (" + find(number).state() + ")")
                .allowed(allowed)
                .hint("hvm info " + number)
                .build();
    }
}
