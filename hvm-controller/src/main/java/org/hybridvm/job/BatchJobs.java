// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;
import org.hybridvm.store.RequestKey;
import org.hybridvm.store.RequestTable;

/** Batch jobs: taken into the queue, held, and put back. May be used from any thread. */
final class BatchJobs {
    private final GuestMachines machines;
    private final JobBooks books;
    private final JobRegister register;
    private final BatchQueue queue;
    private final Admission admission;
    private final JobKeeper keeper;
    private final Clock clock;
    private final Set<Integer> requeued = ConcurrentHashMap.newKeySet(); // until the disk has it

    BatchJobs(
            GuestMachines machines,
            JobBooks books,
            JobRegister register,
            BatchQueue queue,
            Admission admission,
            JobKeeper keeper,
            Clock clock) {
        this.machines = machines;
        this.books = books;
        this.register = register;
        this.queue = queue;
        this.admission = admission;
        this.keeper = keeper;
        this.clock = clock;
    }

    /** As {@link JobService#submit}. */
    CompletableFuture<Submission.Accepted> submit(
            JobAccess seen, Caller caller, Submission submission, Optional<RequestKey> request) {
        Optional<RequestTable.Earlier> earlier = request.flatMap(books::earlier);
        if (earlier.isPresent()) {
            return CompletableFuture.completedFuture(Submission.Accepted.of(earlier.get()));
        }
        BatchPlan plan = BatchPlan.of(submission, clock);
        BatchOptions options = plan.options();
        requireSeen(seen, options.dependency);
        Admission.requireModest(caller, options.priority);
        Placement placement = Placement.of(new SeenMachines(machines, caller), plan.request());
        GuestMachine machine = placement.machine();
        var lookup = new ProgramLookup(machine.name(), machine.mounts(), plan.directory());
        String program = Placement.find(caller, lookup, plan.program(), submission.searchPath());
        new FileLookup(machine)
                .require(plan.records(caller.owner(), machine.name(), placement.partition(), 1, clock.instant())
                        .getFirst()
                        .batch()
                        .orElseThrow());
        int count = Math.max(1, options.array.size());
        if (submission.testOnly()) {
            admission.require(caller.owner(), count);
            return CompletableFuture.completedFuture(new Submission.Accepted(List.of(), options.warnings));
        }
        admission.enter(caller.owner(), count);
        int first = register.nextNumbers(count);
        List<JobRecord> records =
                plan.records(caller.owner(), machine.name(), placement.partition(), first, clock.instant());
        var spec = new BatchSpec(
                Optional.of(GuestCommand.Identity.of(caller)), plan.command(program), plan.passed(), lookup.places());
        var accepted =
                new Submission.Accepted(records.stream().map(JobRecord::number).toList(), options.warnings);
        return books.addBatch(records, spec, request, accepted.toText())
                .thenApply(ignored -> {
                    register.await(records);
                    return accepted;
                })
                .whenComplete((ignored, failure) -> admission.entered(caller.owner(), count))
                .exceptionally(BatchJobs::answerOfTheFirst);
    }

    /** The same request came twice at a time: the other one was quicker. */
    private static Submission.Accepted answerOfTheFirst(Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        if (cause instanceof RequestTable.Repeated repeated) {
            return Submission.Accepted.of(repeated.earlier());
        }
        throw failure instanceof CompletionException known ? known : new CompletionException(failure);
    }

    /** What a dependency waits for must be there, and nothing that the caller may not know of. */
    private static void requireSeen(JobAccess seen, String dependency) {
        if (!dependency.isEmpty()) {
            Dependency.parse(dependency).terms().stream()
                    .map(Dependency.Term::job)
                    .filter(job -> job.number() > 0)
                    .forEach(seen::find);
        }
    }

    /** Ends a job that waits in the queue; empty if it does not. The answer completes once that is on disk. */
    Optional<CompletableFuture<Void>> cancel(int number) {
        if (register.live(number).isPresent()) {
            return Optional.empty(); // one that waits with its caller lives
        }
        return queue.take(number).map(record -> {
            JobRecord end =
                    record.ended(JobResult.failed(JobState.CANCELLED, "cancelled while it waited"), clock.instant());
            return books.save(end).thenRun(() -> {
                register.end(end);
                queue.left(number);
            });
        });
    }

    /** As {@link JobService#hold}. */
    CompletableFuture<Void> hold(int number, boolean hold) {
        if (queue.find(number).filter(one -> one.batch().isPresent()).isEmpty()) {
            throw notWaiting(number);
        }
        JobRecord record = queue.take(number).orElseThrow(() -> notWaiting(number));
        JobRecord changed = record.waiting(record.batch().orElseThrow().withHeld(hold));
        return books.add(List.of(changed))
                .whenComplete((ignored, failure) -> register.putBack(failure == null ? changed : record));
    }

    /** As {@link JobService#requeue}. */
    CompletableFuture<Void> requeue(int number) {
        if (!requeued.add(number)) {
            throw register.wrongState(number, "a batch job that nobody else puts back");
        }
        try {
            return putBack(number).whenComplete((ignored, failure) -> requeued.remove(number));
        } catch (RuntimeException e) {
            requeued.remove(number);
            throw e;
        }
    }

    private CompletableFuture<Void> putBack(int number) {
        JobRecord record = register.find(number);
        Optional<Job> job = register.live(number);
        if (record.batch().isEmpty() || (job.isEmpty() && !record.state().isTerminal())) {
            throw register.wrongState(number, "a batch job that runs or has ended");
        }
        if (job.isPresent()) {
            return keeper.end(job.get(), Handover.Asked.REQUEUE);
        }
        JobRecord again = record.waiting(record.batch().get().restarted());
        return books.add(List.of(again)).thenRun(() -> register.await(List.of(again)));
    }

    /** Slurm's word for why a job waits; empty if it does not. */
    Optional<String> reason(JobRecord record) {
        if (record.state() != JobState.PENDING) {
            return Optional.empty();
        }
        return Optional.of(queue.why(record.number())
                .map(BatchQueue.Blocked::reason)
                .orElse(record.batch().isPresent() ? "None" : "Resources"));
    }

    /** As {@link JobService#why}. */
    Map<String, Object> why(int number) {
        JobRecord record = register.find(number);
        var facts = new LinkedHashMap<String, Object>();
        facts.put("job", number);
        facts.put("state", record.state());
        reason(record).ifPresent(reason -> facts.put("reason", reason));
        if (record.state() == JobState.PENDING) {
            facts.put("since", record.submitted());
            queue.why(number).ifPresent(blocked -> {
                facts.put("since", blocked.since());
                facts.put("blocked_by", blocked.jobs());
                blocked.estimate().ifPresent(start -> facts.put("estimated_start", start));
            });
        }
        return facts;
    }

    private HvmException notWaiting(int number) {
        return register.wrongState(number, "PENDING, a batch job");
    }
}
