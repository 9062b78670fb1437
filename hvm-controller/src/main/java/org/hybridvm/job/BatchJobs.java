// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.io.IOException;
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
    private final JobTimer timer;
    private final Clock clock;

    BatchJobs(
            GuestMachines machines,
            Caller self,
            JobBooks books,
            JobRegister register,
            BatchQueue queue,
            CoreQueues cores,
            JobTimer timer,
            Clock clock) {
        this.machines = machines;
        this.self = self;
        this.books = books;
        this.register = register;
        this.queue = queue;
        this.cores = cores;
        this.timer = timer;
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
        Placement placement = Placement.of(machines, plan.request());
        GuestMachine machine = placement.machine();
        var lookup = new ProgramLookup(machine.name(), machine.mounts(), plan.directory());
        String program = Placement.find(lookup, plan.program(), submission.searchPath());
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
                    queue.add(records);
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
        if (!queue.replace(changed)) {
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
            job.get().markRequeued();
            timer.terminate(job.get());
            return CompletableFuture.completedFuture(null);
        }
        JobRecord again = record.waiting(record.batch().get().restarted());
        return books.add(List.of(again)).thenRun(() -> {
            register.leave(number);
            queue.add(List.of(again));
        });
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

    /** On the queue's thread. Once the record says RUNNING the job is never begun again, whatever happens. */
    @Override
    public boolean tryStart(GuestMachine machine, JobRecord record, BooleanSupplier claim) {
        Optional<Placement> place = machine.partitions().stream()
                .filter(one -> one.name().equals(record.partition()) && one.cores() >= record.cores())
                .findFirst()
                .map(partition -> new Placement(machine, partition));
        if (place.isEmpty()) {
            return false; // the VM was launched anew with another layout
        }
        Placement placement = place.get();
        CoreQueue holders = cores.of(placement);
        int total = placement.partition().cores();
        if (!holders.tryAcquire(record.number(), record.cores(), total).isEmpty()) {
            return false;
        }
        if (!claim.getAsBoolean()) {
            holders.release(record.number(), total);
            return false;
        }
        JobRecord running = record.running(clock.instant());
        try {
            books.add(List.of(running)).join();
        } catch (CompletionException e) {
            holders.release(record.number(), total);
            return false; // the disk is full; it goes on waiting
        }
        try {
            begin(placement, running);
        } catch (IOException | RuntimeException e) {
            String reason =
                    e instanceof IOException ? "a file of the job cannot be opened: " + e.getMessage() : e.getMessage();
            register.endAndKeep(running.ended(JobResult.failed(JobState.FAILED, reason), clock.instant()));
            holders.release(record.number(), total);
        }
        return true;
    }

    private void begin(Placement placement, JobRecord record) throws IOException {
        BatchFacts facts = record.batch().orElseThrow();
        BatchSpec spec = books.spec(record.number())
                .orElseThrow(
                        () -> HvmException.of(ErrorCode.STORE_DAMAGED, "What the job needs to be started is damaged")
                                .value("job " + record.number())
                                .hint("submit it again")
                                .build());
        var command = new GuestCommand(
                placement.partition().name(),
                placement.partition().kind(),
                record.cores(),
                RunOption.ofWords(facts.options()),
                spec.command(),
                BatchPlan.environment(record, spec.environment()),
                record.directory(),
                spec.identity().orElseGet(() -> GuestCommand.Identity.of(self)));
        BatchFiles files = BatchFiles.open(facts);
        var job = new Job(
                record.number(),
                record.owner(),
                placement.machine().name(),
                command,
                spec.places(),
                files,
                books.newLog(record.number()),
                clock,
                Optional.of(record));
        register.enter(job);
        job.keepBooks(now -> keepBooks(job, now, placement));
        var hearer = new InOrder(job);
        job.start(placement.machine(), hearer);
        hearer.run(() -> files.begin(job));
    }

    private CompletableFuture<Void> keepBooks(Job job, JobRecord record, Placement placement) {
        BatchFacts facts = record.batch().orElseThrow();
        return switch (record.state()) {
            case PENDING -> CompletableFuture.completedFuture(null); // the books know already that it runs
            case RUNNING -> {
                timer.warn(job, facts);
                timer.limit(job, facts.timeLimit());
                yield books.save(record);
            }
            default -> {
                CompletableFuture<Void> kept =
                        job.isRequeued() ? putBack(record.waiting(facts.restarted())) : register.endAndKeep(record);
                cores.of(placement)
                        .release(record.number(), placement.partition().cores());
                queue.changed();
                yield kept;
            }
        };
    }

    private CompletableFuture<Void> putBack(JobRecord record) {
        register.leave(record.number());
        return books.save(record).thenRun(() -> queue.add(List.of(record)));
    }

    private HvmException notWaiting(int number) {
        return register.wrongState(number, "PENDING, a batch job");
    }
}
