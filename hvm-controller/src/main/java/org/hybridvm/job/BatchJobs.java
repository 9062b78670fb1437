// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;
import org.hybridvm.access.Role;
import org.hybridvm.store.RequestKey;
import org.hybridvm.store.RequestTable;

/** Batch jobs: taken into the queue, begun when it is their turn, and put back. May be used from any thread. */
final class BatchJobs implements BatchQueue.Site {
    private final GuestMachines machines;
    private final Caller self;
    private final JobBooks books;
    private final JobRegister register;
    private final BatchQueue queue;
    private final CoreQueues cores;
    private final JobKeeper keeper;
    private final Clock clock;

    BatchJobs(
            GuestMachines machines,
            Caller self,
            JobBooks books,
            JobRegister register,
            BatchQueue queue,
            CoreQueues cores,
            JobKeeper keeper,
            Clock clock) {
        this.machines = machines;
        this.self = self;
        this.books = books;
        this.register = register;
        this.queue = queue;
        this.cores = cores;
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
        requireModest(caller, options.priority);
        Placement placement = Placement.of(new SeenMachines(machines, caller), plan.request());
        GuestMachine machine = placement.machine();
        var lookup = new ProgramLookup(machine.name(), machine.mounts(), plan.directory());
        String program = Placement.find(caller, lookup, plan.program(), submission.searchPath());
        plan.files().forEach(lookup::requireStream);
        new FileLookup(machine)
                .require(plan.records(caller.owner(), machine.name(), placement.partition(), 1, clock.instant())
                        .getFirst()
                        .batch()
                        .orElseThrow());
        if (submission.testOnly()) {
            return CompletableFuture.completedFuture(new Submission.Accepted(List.of(), options.warnings));
        }
        int first = register.nextNumbers(Math.max(1, options.array.size()));
        List<JobRecord> records =
                plan.records(caller.owner(), machine.name(), placement.partition(), first, clock.instant());
        var spec = new BatchSpec(
                Optional.of(GuestCommand.Identity.of(caller)),
                plan.command(program),
                submission.environment(),
                lookup.places());
        var accepted =
                new Submission.Accepted(records.stream().map(JobRecord::number).toList(), options.warnings);
        return books.addBatch(records, spec, request, accepted.toText())
                .thenApply(ignored -> {
                    register.await(records);
                    return accepted;
                })
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
                    .filter(job -> job > 0)
                    .forEach(seen::find);
        }
    }

    private static void requireModest(Caller caller, int priority) {
        if (priority > 0 && !caller.has(Role.OPERATOR)) {
            throw HvmException.of(ErrorCode.FORBIDDEN, "Only operators may raise a job's priority")
                    .value(priority)
                    .allowed("0 or less, by --nice")
                    .owner("the administrator of this host")
                    .build();
        }
    }

    /** Ends a job that waits in the queue; empty if it does not. The answer completes once that is on disk. */
    Optional<CompletableFuture<Void>> cancel(int number) {
        return queue.remove(number).map(record -> {
            CompletableFuture<Void> kept = register.endAndKeep(
                    record.ended(JobResult.failed(JobState.CANCELLED, "cancelled while it waited"), clock.instant()));
            queue.changed();
            return kept;
        });
    }

    /** As {@link JobService#hold}. */
    CompletableFuture<Void> hold(int number, boolean hold) {
        JobRecord record = queue.find(number).orElseThrow(() -> notWaiting(number));
        JobRecord changed = record.waiting(record.batch().orElseThrow().withHeld(hold));
        if (!register.replace(changed)) {
            throw notWaiting(number);
        }
        return books.add(List.of(changed)).thenRun(queue::changed);
    }

    /** As {@link JobService#requeue}. */
    CompletableFuture<Void> requeue(int number) {
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

    @Override
    public Optional<GuestMachine> machine(String vm) {
        try {
            return machines.find(vm);
        } catch (HvmException e) {
            return Optional.empty(); // it is there, and no job can run on it now
        }
    }

    @Override
    public List<JobRecord> tasks(int number) {
        try {
            return register.tasks(number);
        } catch (HvmException e) {
            return List.of(); // forgotten
        }
    }

    @Override
    public boolean isFirstOfItsName(JobRecord record) {
        String name = record.batch().orElseThrow().name();
        return register.list().stream()
                .noneMatch(one -> one.number() < record.number()
                        && !one.state().isTerminal()
                        && one.owner().uid() == record.owner().uid()
                        && one.batch()
                                .filter(facts -> facts.name().equals(name))
                                .isPresent());
    }

    @Override
    public List<JobRecord> running() {
        return register.live().stream().map(Job::record).toList();
    }

    /** On the queue's thread. Once the record says RUNNING the job is begun no more than once, whatever happens. */
    @Override
    public boolean tryStart(GuestMachine machine, JobRecord record, BooleanSupplier claim) {
        Optional<Placement> place = placement(machine, record);
        if (place.isEmpty()) {
            return false; // the VM was launched anew with another layout
        }
        CoreQueue holders = cores.of(place.get());
        int total = place.get().partition().cores();
        if (!holders.tryAcquire(record.number(), record.cores(), total).isEmpty()) {
            return false;
        }
        if (!claim.getAsBoolean()) {
            holders.release(record.number());
            return false;
        }
        JobRecord running = record.running(clock.instant(), machine.greeting().life());
        try {
            books.add(List.of(running)).join();
        } catch (CompletionException e) {
            holders.release(record.number());
            return false; // the disk is full; it goes on waiting
        }
        var job = new Job(running, books.newLog(record.number()), clock, Job.NOBODY);
        register.enter(job);
        keeper.keep(job, Optional.of(running));
        begin(place.get(), job);
        return true;
    }

    /** Begins a job that another hvmd was about to begin when it ended. */
    void beginAgain(GuestMachine machine, Job job) {
        try {
            begin(Placement.on(machine, job.record()), job);
        } catch (HvmException e) {
            job.fail(e.getMessage());
        }
    }

    private static Optional<Placement> placement(GuestMachine machine, JobRecord record) {
        return machine.partitions().stream()
                .filter(one -> one.name().equals(record.partition()) && one.cores() >= record.cores())
                .findFirst()
                .map(partition -> new Placement(machine, partition));
    }

    private void begin(Placement placement, Job job) {
        JobRecord record = job.record();
        try {
            BatchSpec spec = books.spec(record.number())
                    .orElseThrow(() -> HvmException.of(
                                    ErrorCode.STORE_DAMAGED, "What the job needs to be started is damaged")
                            .value("job " + record.number())
                            .hint("submit it again")
                            .build());
            job.begin(placement.machine(), command(placement, record, spec), spec.places());
        } catch (HvmException e) {
            job.fail(e.getMessage());
        }
    }

    private GuestCommand command(Placement placement, JobRecord record, BatchSpec spec) {
        BatchFacts facts = record.batch().orElseThrow();
        return new GuestCommand(
                placement.partition().name(),
                placement.partition().kind(),
                record.cores(),
                RunOption.ofWords(facts.options()),
                spec.command(),
                BatchPlan.environment(record, spec.environment()),
                record.directory(),
                spec.identity().orElseGet(() -> GuestCommand.Identity.of(self)),
                Optional.of(StreamFiles.of(facts)));
    }

    private HvmException notWaiting(int number) {
        return register.wrongState(number, "PENDING, a batch job");
    }
}
