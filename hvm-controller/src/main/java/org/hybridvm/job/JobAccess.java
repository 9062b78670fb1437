// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;
import org.hybridvm.access.Role;
import org.hybridvm.store.RequestKey;

/**
 * The jobs as one caller may see and change them. Those of others are to a user as if they were not there, like Slurm's
 * with {@code PrivateData=jobs}: not even whether a number is taken can be found out. Operators have all jobs. May be used
 * from any thread, but not from an event loop.
 */
public final class JobAccess {
    private final JobService jobs;
    private final Caller caller;

    JobAccess(JobService jobs, Caller caller) {
        this.jobs = jobs;
        this.caller = caller;
    }

    /** As {@link JobService} does it; the job is the caller's. */
    public Job run(JobRequest request, JobListener listener) {
        return jobs.run(caller, request.with(jobs.observer().environment(request.environment())), listener);
    }

    /** As {@link JobService#leave}. */
    public void leave(Job job, JobListener listener, boolean comesBack) {
        jobs.leave(job, listener, comesBack);
    }

    /** The same without a key: asked twice it makes two jobs. */
    public CompletableFuture<Submission.Accepted> submit(Submission submission) {
        return submit(submission, Optional.empty());
    }

    /** As {@link JobService} does it; the jobs are the caller's. */
    public CompletableFuture<Submission.Accepted> submit(Submission submission, Optional<RequestKey> request) {
        Submission traced = submission.with(jobs.observer().environment(submission.environment()));
        return jobs.submit(caller, traced, request);
    }

    /** All jobs that the caller may know of, oldest first. */
    public List<JobRecord> list() {
        return jobs.list().stream()
                .filter(record -> caller.sees(record.owner()))
                .toList();
    }

    /** Those of a page that the caller may know of, oldest first. */
    public List<JobRecord> page(JobPage page) {
        return jobs.page(page.and(record -> caller.sees(record.owner())));
    }

    /** @throws HvmException {@link ErrorCode#NO_SUCH_JOB}, also if it is somebody else's */
    public JobRecord find(int number) {
        JobRecord record = jobs.find(number);
        requireSeen(JobId.of(number), record);
        return record;
    }

    /** The job that is meant; of an array without a task the first. */
    public JobRecord find(JobId job) {
        return tasks(job).getFirst();
    }

    private void requireSeen(JobId job, JobRecord record) {
        if (!caller.sees(record.owner())) {
            throw JobRegister.noSuchJob(job, new SecurityException("it is " + record.owner() + "'s"));
        }
    }

    /** As {@link JobService#tasks}; an array has one owner. */
    public List<JobRecord> tasks(JobId job) {
        List<JobRecord> tasks = jobs.tasks(job);
        requireSeen(job, tasks.getFirst());
        return tasks;
    }

    public String log(int number) throws IOException {
        find(number);
        return jobs.log(number);
    }

    /**
     * The newest output of a run. It is its owner's, as a batch job's file is: operators do not see it, administrators do.
     *
     * @throws HvmException {@link ErrorCode#FORBIDDEN} if the job is somebody else's; {@link ErrorCode#WRONG_STATE} if it has
     *     ended
     */
    public OutputTail tail(int number, OutputStreamKind stream) {
        JobRecord record = find(number);
        if (record.owner().uid() != caller.uid() && !caller.has(Role.ADMIN)) {
            throw HvmException.of(ErrorCode.FORBIDDEN, "The output of a run is its owner's")
                    .value("job " + number)
                    .allowed("its owner, and administrators")
                    .owner("user " + record.owner().name())
                    .build();
        }
        return jobs.tail(number, stream);
    }

    public void signal(int number, long signal) {
        find(number);
        jobs.signal(number, signal);
    }

    /** As {@link JobService#stat}. */
    public Map<String, Object> stat(int number) {
        find(number);
        return jobs.stat(number);
    }

    public CompletableFuture<Void> cancel(int number) {
        find(number);
        return jobs.cancel(number);
    }

    public CompletableFuture<Void> hold(int number, boolean hold) {
        find(number);
        return jobs.hold(number, hold);
    }

    public CompletableFuture<Void> requeue(int number) {
        find(number);
        return jobs.requeue(number);
    }

    public Optional<String> reason(JobRecord record) {
        return jobs.reason(record);
    }

    /** As {@link JobService#why}; of others' jobs in the way it tells only how many. */
    public Map<String, Object> why(int number) {
        find(number);
        var facts = new LinkedHashMap<>(jobs.why(number));
        if (facts.get("blocked_by") instanceof List<?> all) {
            List<Integer> seen =
                    all.stream().map(Integer.class::cast).filter(this::isSeen).toList();
            facts.put("blocked_by", seen);
            if (seen.size() < all.size()) {
                facts.put("blocked_by_others", all.size() - seen.size());
            }
        }
        return facts;
    }

    /** Jobs in the way, for a message: by number as far as the caller may know of them. */
    String inWords(List<Integer> numbers) {
        List<Integer> seen = numbers.stream().filter(this::isSeen).toList();
        int others = numbers.size() - seen.size();
        var words = new ArrayList<String>();
        if (!seen.isEmpty()) {
            words.add("job " + seen.stream().map(String::valueOf).collect(Collectors.joining(", ")));
        }
        if (others > 0) {
            words.add(others == 1 ? "a job of another user" : others + " jobs of other users");
        }
        return String.join(", ", words);
    }

    private boolean isSeen(int number) {
        try {
            find(number);
            return true;
        } catch (HvmException e) {
            return false; // or it has just been forgotten
        }
    }
}
