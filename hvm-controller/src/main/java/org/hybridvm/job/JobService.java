// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/**
 * Runs programs in guests and keeps the books about them. Methods may be called from any thread, but look at files, so
 * not from an event loop.
 */
public final class JobService implements AutoCloseable {
    /** A VM of this name is meant when several are up and the caller named none. */
    public static final String DEFAULT_VM = "default";

    /** The highest signal number of Linux. */
    public static final int MAX_SIGNAL = 64;

    private static final int SIGHUP = 1;
    private static final int SIGKILL = 9;
    private static final int SIGTERM = 15;
    private static final Duration KILL_AFTER = Duration.ofSeconds(2);
    private static final Duration SAVE_AGAIN = Duration.ofSeconds(5);

    private final GuestMachines machines;
    private final GuestCommand.Identity caller;
    private final JobBooks books;
    private final Clock clock;
    private final Map<String, CoreQueue> queues = new ConcurrentHashMap<>();
    private final Map<Integer, Job> live = new ConcurrentHashMap<>();
    private final Set<Integer> servers = ConcurrentHashMap.newKeySet(); // jobs that give way to others
    private final NavigableMap<Integer, JobRecord> ended = new ConcurrentSkipListMap<>();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("job-timer").factory());
    private final BatchQueue batch;
    private int lastNumber; // guarded by this

    /** @param caller whom jobs run as: the user of hvmd, because its socket admits nobody else */
    public JobService(GuestMachines machines, GuestCommand.Identity caller, JobBooks books, Clock clock) {
        this.machines = machines;
        this.caller = caller;
        this.books = books;
        this.clock = clock;
        JobBooks.Recovered recovered = books.recover();
        recovered.records().forEach(record -> ended.put(record.number(), record));
        lastNumber = recovered.lastNumber();
        recovered.records().stream()
                .filter(record -> !record.state().isTerminal())
                .forEach(record -> ended.remove(record.number()));
        batch = new BatchQueue(new QueueSite(), clock);
        batch.add(recovered.records().stream()
                .filter(record -> !record.state().isTerminal())
                .toList());
        batch.begin();
        timer.scheduleWithFixedDelay(
                books::saveAgain, SAVE_AGAIN.toMillis(), SAVE_AGAIN.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * Checks the request and starts the job, or queues it until its cores are free.
     *
     * @throws HvmException if it cannot run as asked; then there is no job
     */
    public Job run(JobRequest request, JobListener listener) {
        GuestMachine machine = choose(request.vm());
        GuestMachine.Partition partition = choosePartition(machine, request);
        requireCores(machine, partition, request.cores());

        var lookup = new ProgramLookup(machine.name(), machine.mounts(), request.directory());
        lookup.requireDirectory();
        ProgramLookup.Program program = lookup.find(request.program(), request.searchPath());
        program.hostFile().ifPresent(file -> ProgramCheck.requireRunnable(file, request.program()));

        var arguments = new ArrayList<String>();
        arguments.add(program.argument());
        arguments.addAll(request.arguments());
        var command = new GuestCommand(
                partition.name(),
                partition.kind(),
                partition.kind() == PartitionKind.HRT ? request.cores() : 0,
                request.options(),
                arguments,
                request.environment(),
                request.directory().toString(),
                request.asRoot() ? GuestCommand.Identity.ROOT : caller);
        return start(machine, partition, command, lookup.places(), request.timeLimit(), listener);
    }

    /**
     * Starts a server: a program of the guest's own, a Linux process that takes its HRT cores itself. It does not wait for
     * them, and it gives way: it gets SIGTERM as soon as another job waits for the partition's cores.
     *
     * @param request of the HRT kind; options have no meaning
     * @throws HvmException if it cannot run, or its cores are not free; then there is no job
     */
    public Job serve(JobRequest request, JobListener listener) {
        GuestMachine machine = choose(request.vm());
        GuestMachine.Partition partition = choosePartition(machine, request);
        requireCores(machine, partition, request.cores());
        var arguments = new ArrayList<String>(List.of(request.program()));
        arguments.addAll(request.arguments());
        var command = new GuestCommand(
                partition.name(),
                PartitionKind.LINUX,
                request.cores(),
                Set.of(),
                arguments,
                request.environment(),
                request.directory().toString(),
                request.asRoot() ? GuestCommand.Identity.ROOT : caller);
        Job job = newJob(machine, command, "", listener);
        CoreQueue queue = queue(machine, partition);
        List<Integer> inTheWay = queue.tryAcquire(job.number(), command.cores(), partition.cores());
        if (!inTheWay.isEmpty()) {
            throw noFreeCore(machine, partition, command.cores(), inTheWay);
        }
        servers.add(job.number());
        begin(job, listener);
        keepBooksWith(job, queue, partition, request.timeLimit());
        job.start(machine);
        return job;
    }

    /** Whom jobs run as. */
    public GuestCommand.Identity caller() {
        return caller;
    }

    /** All jobs that are known, oldest first. */
    public List<JobRecord> list() {
        var byNumber = new TreeMap<>(ended);
        batch.list().forEach(record -> byNumber.put(record.number(), record));
        live.values().forEach(job -> byNumber.put(job.number(), job.record()));
        return List.copyOf(byNumber.values());
    }

    /** @throws HvmException {@link ErrorCode#NO_SUCH_JOB} */
    public JobRecord find(int number) {
        Job job = live.get(number);
        JobRecord record = job == null ? ended.get(number) : job.record();
        if (record == null) {
            record = batch.find(number).orElse(null);
        }
        if (record == null) {
            record = ended.get(number); // it may have ended between the looks
        }
        if (record == null) {
            throw noSuchJob(number);
        }
        return record;
    }

    /** @throws HvmException if there is no such job, or it has ended */
    public void signal(int number, int signal) {
        if (signal < 1 || signal > MAX_SIGNAL) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "No such signal")
                    .value(signal)
                    .allowed("1 to " + MAX_SIGNAL)
                    .build();
        }
        Job job = live.get(number);
        if (job == null && batch.find(number).isPresent()) {
            cancel(number).join();
            return;
        }
        if (job == null) {
            throw HvmException.of(ErrorCode.WRONG_STATE, "The job has ended")
                    .value(number + " (" + find(number).state() + ")")
                    .allowed("PENDING, RUNNING")
                    .build();
        }
        job.signal(signal);
    }

    /** The job's caller went away: SIGHUP, as a terminal does, then SIGKILL. */
    public void hangUp(Job job) {
        job.signal(SIGHUP);
        killLater(job);
    }

    /** The report of a job as text, empty if it reported nothing. */
    public String log(int number) throws IOException {
        find(number);
        Path file = books.logFile(number);
        return Files.exists(file) ? Files.readString(file) : "";
    }

    /**
     * Takes a batch job into the queue. Looks at files, and does not wait for the disk.
     *
     * @return completes once it is on disk; fails with {@link HvmException} if it cannot be kept
     * @throws HvmException if it could never run as asked; then there is no job
     */
    public CompletableFuture<Submission.Accepted> submit(Submission submission) {
        BatchPlan plan = BatchPlan.of(submission, clock);
        BatchOptions options = plan.options();
        GuestMachine machine = choose(options.vm);
        var request = new JobRequest(
                options.vm,
                options.partition,
                options.linux ? PartitionKind.LINUX : PartitionKind.HRT,
                options.cores(),
                RunOption.ofWords(options.runOptions),
                plan.program(),
                submission.arguments(),
                plan.directory(),
                submission.environment(),
                submission.searchPath(),
                false,
                options.timeLimit);
        GuestMachine.Partition partition = choosePartition(machine, request);
        requireCores(machine, partition, request.cores());
        var lookup = new ProgramLookup(machine.name(), machine.mounts(), plan.directory());
        lookup.requireDirectory();
        ProgramLookup.Program program = lookup.find(plan.program(), submission.searchPath());
        program.hostFile().ifPresent(file -> ProgramCheck.requireRunnable(file, plan.program()));
        int tasks = Math.max(1, options.array.size());
        if (submission.testOnly()) {
            return CompletableFuture.completedFuture(new Submission.Accepted(List.of(), options.warnings));
        }
        int first = nextNumbers(tasks);
        List<JobRecord> records = plan.records(machine.name(), partition, first, clock.instant());
        var spec = new BatchSpec(plan.command(program.argument()), submission.environment(), lookup.places());
        return books.addBatch(records, spec).thenApply(ignored -> {
            batch.add(records);
            return new Submission.Accepted(
                    records.stream().map(JobRecord::number).toList(), options.warnings);
        });
    }

    /** The jobs that a number means: one, or all tasks of the array whose first it is. */
    public List<JobRecord> tasks(int number) {
        JobRecord record = find(number);
        if (record.batch().filter(facts -> facts.arrayJob() == number).isEmpty()) {
            return List.of(record);
        }
        return list().stream()
                .filter(one ->
                        one.batch().filter(facts -> facts.arrayJob() == number).isPresent())
                .toList();
    }

    /**
     * Ends a job: one that waits at once, one that runs by SIGTERM, two seconds later SIGKILL.
     *
     * @return completes once that is on disk or the signal is sent
     * @throws HvmException if there is no such job, or it has ended
     */
    public CompletableFuture<Void> cancel(int number) {
        Optional<JobRecord> waits = batch.remove(number);
        if (waits.isPresent()) {
            JobRecord record = waits.get()
                    .ended(JobResult.failed(JobState.CANCELLED, "cancelled while it waited"), clock.instant());
            ended.put(number, record);
            batch.changed();
            return books.save(record);
        }
        Job job = live.get(number);
        if (job == null) {
            throw wrongState(number, "PENDING, RUNNING");
        }
        job.markCancelled();
        job.signal(SIGTERM);
        killLater(job);
        return CompletableFuture.completedFuture(null);
    }

    /**
     * Holds a batch job that waits, or lets it go.
     *
     * @return completes once that is on disk
     */
    public CompletableFuture<Void> hold(int number, boolean hold) {
        JobRecord record = batch.find(number).orElseThrow(() -> wrongState(number, "PENDING, a batch job"));
        JobRecord changed = record.waiting(record.batch().orElseThrow().withHeld(hold));
        if (!batch.replace(changed)) {
            throw wrongState(number, "PENDING, a batch job");
        }
        return books.add(List.of(changed)).thenRun(batch::changed);
    }

    /**
     * Puts a batch job back into the queue under its number; one that runs is ended first.
     *
     * @return completes once that is on disk or the job was asked to end
     */
    public CompletableFuture<Void> requeue(int number) {
        JobRecord record = find(number);
        Job job = live.get(number);
        if (record.batch().isEmpty() || (job == null && !record.state().isTerminal())) {
            throw wrongState(number, "a batch job that runs or has ended");
        }
        if (job != null) {
            job.markRequeued();
            job.signal(SIGTERM);
            killLater(job);
            return CompletableFuture.completedFuture(null);
        }
        JobRecord again = record.waiting(record.batch().get().restarted());
        return books.add(List.of(again)).thenRun(() -> {
            ended.remove(number);
            batch.add(List.of(again));
        });
    }

    /** Slurm's word for why a job waits; empty if it does not. */
    public Optional<String> reason(JobRecord record) {
        if (record.state() != JobState.PENDING) {
            return Optional.empty();
        }
        return Optional.of(batch.why(record.number())
                .map(BatchQueue.Blocked::reason)
                .orElse(record.batch().isPresent() ? "None" : "Resources"));
    }

    /** Why a job waits: the reason, the jobs in the way, since when, and when it could start. */
    public Map<String, Object> why(int number) {
        JobRecord record = find(number);
        var facts = new LinkedHashMap<String, Object>();
        facts.put("job", number);
        facts.put("state", record.state());
        reason(record).ifPresent(reason -> facts.put("reason", reason));
        if (record.state() == JobState.PENDING) {
            facts.put("since", record.submitted());
            batch.why(number).ifPresent(blocked -> {
                facts.put("since", blocked.since());
                facts.put("blocked_by", blocked.jobs());
                blocked.estimate().ifPresent(start -> facts.put("estimated_start", start));
            });
        }
        return facts;
    }

    /** What the queue of batch jobs sees of this service. */
    private final class QueueSite implements BatchQueue.Site {
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
                return JobService.this.tasks(number);
            } catch (HvmException e) {
                return List.of(); // forgotten
            }
        }

        @Override
        public boolean isFirstOfItsName(JobRecord record) {
            String name = record.batch().orElseThrow().name();
            return list().stream()
                    .noneMatch(one -> one.number() < record.number()
                            && !one.state().isTerminal()
                            && one.batch()
                                    .filter(facts -> facts.name().equals(name))
                                    .isPresent());
        }

        @Override
        public List<JobRecord> running() {
            return live.values().stream().map(Job::record).toList();
        }

        @Override
        public boolean tryStart(GuestMachine machine, JobRecord record, BooleanSupplier claim) {
            return startBatch(machine, record, claim);
        }
    }

    /** On the queue's thread. Once the record says RUNNING the job is never begun again, whatever happens. */
    private boolean startBatch(GuestMachine machine, JobRecord record, BooleanSupplier claim) {
        Optional<GuestMachine.Partition> partition = machine.partitions().stream()
                .filter(one -> one.name().equals(record.partition()))
                .findFirst();
        if (partition.isEmpty() || partition.get().cores() < record.cores()) {
            return false; // the VM was launched anew with another layout
        }
        CoreQueue queue = queue(machine, partition.get());
        if (!queue.tryAcquire(record.number(), record.cores(), partition.get().cores())
                .isEmpty()) {
            return false;
        }
        if (!claim.getAsBoolean()) {
            queue.release(record.number(), partition.get().cores());
            return false;
        }
        JobRecord running = record.running(clock.instant());
        try {
            books.add(List.of(running)).join();
        } catch (CompletionException e) {
            queue.release(record.number(), partition.get().cores());
            return false; // the disk is full; it goes on waiting
        }
        try {
            begin(machine, partition.get(), queue, running);
        } catch (IOException | RuntimeException e) {
            String reason =
                    e instanceof IOException ? "a file of the job cannot be opened: " + e.getMessage() : e.getMessage();
            JobRecord failed = running.ended(JobResult.failed(JobState.FAILED, reason), clock.instant());
            ended.put(failed.number(), failed);
            books.save(failed);
            queue.release(record.number(), partition.get().cores());
        }
        return true;
    }

    private void begin(GuestMachine machine, GuestMachine.Partition partition, CoreQueue queue, JobRecord record)
            throws IOException {
        BatchFacts facts = record.batch().orElseThrow();
        BatchSpec spec = books.spec(record.number())
                .orElseThrow(
                        () -> HvmException.of(ErrorCode.STORE_DAMAGED, "What the job needs to be started is damaged")
                                .value("job " + record.number())
                                .hint("submit it again")
                                .build());
        var command = new GuestCommand(
                partition.name(),
                partition.kind(),
                record.cores(),
                RunOption.ofWords(facts.options()),
                spec.command(),
                BatchPlan.environment(record, spec.environment()),
                record.directory(),
                caller);
        BatchFiles files = BatchFiles.open(facts);
        var job = new Job(
                record.number(),
                machine.name(),
                command,
                spec.places(),
                files,
                books.newLog(record.number()),
                clock,
                Optional.of(record));
        live.put(job.number(), job);
        job.keepBooks(now -> keepBatchBooks(job, now, queue, partition.cores()));
        var hearer = new InOrder(job);
        job.start(machine, hearer);
        hearer.run(() -> files.begin(job));
    }

    private CompletableFuture<Void> keepBatchBooks(Job job, JobRecord record, CoreQueue queue, int cores) {
        if (record.state() == JobState.PENDING) {
            return CompletableFuture.completedFuture(null); // the books know already that it runs
        }
        BatchFacts facts = record.batch().orElseThrow();
        if (record.state() == JobState.RUNNING
                && facts.signal() > 0
                && facts.timeLimit().isPresent()) {
            Duration ahead = facts.timeLimit().get().minus(facts.signalAhead());
            timer.schedule(() -> job.warn(facts.signal()), Math.max(0, ahead.toMillis()), TimeUnit.MILLISECONDS);
        }
        CompletableFuture<Void> kept;
        if (record.state().isTerminal() && job.isRequeued()) {
            JobRecord again = record.waiting(facts.restarted());
            live.remove(record.number());
            kept = books.save(again).thenRun(() -> batch.add(List.of(again)));
        } else {
            kept = keepBooks(job, record, facts.timeLimit());
        }
        if (record.state().isTerminal()) {
            queue.release(record.number(), cores);
            batch.changed();
        }
        return kept;
    }

    private HvmException wrongState(int number, String allowed) {
        return HvmException.of(ErrorCode.WRONG_STATE, "The job is not in a state for this")
                .value(number + " (" + find(number).state() + ")")
                .allowed(allowed)
                .hint("hvm info " + number)
                .build();
    }

    private synchronized int nextNumbers(int count) {
        int first = lastNumber + 1;
        lastNumber += count;
        return first;
    }

    /** The jobs that run or wait on a VM. */
    public List<JobRecord> liveOn(String vm) {
        return live.values().stream()
                .map(Job::record)
                .filter(record -> record.vm().equals(vm))
                .toList();
    }

    @Override
    public void close() {
        batch.close();
        timer.shutdownNow();
    }

    private Job start(
            GuestMachine machine,
            GuestMachine.Partition partition,
            GuestCommand command,
            String places,
            Optional<Duration> timeLimit,
            JobListener listener) {
        Job job = newJob(machine, command, places, listener);
        begin(job, listener);
        if (partition.kind() == PartitionKind.LINUX) {
            job.keepBooks(record -> keepBooks(job, record, timeLimit));
            job.start(machine);
            return job;
        }
        CoreQueue queue = queue(machine, partition);
        keepBooksWith(job, queue, partition, timeLimit);
        List<Integer> inTheWay =
                queue.acquire(job.number(), command.cores(), partition.cores(), () -> job.start(machine));
        if (!inTheWay.isEmpty()) {
            job.tellPending(waiting(machine, partition, command.cores(), inTheWay));
            inTheWay.stream().filter(servers::contains).map(live::get).forEach(JobService::giveWay);
        }
        return job;
    }

    private Job newJob(GuestMachine machine, GuestCommand command, String places, JobListener listener) {
        int number = nextNumber();
        return new Job(number, machine.name(), command, places, listener, books.newLog(number), clock);
    }

    private void begin(Job job, JobListener listener) {
        live.put(job.number(), job);
        listener.accepted(job);
    }

    private CoreQueue queue(GuestMachine machine, GuestMachine.Partition partition) {
        return queues.computeIfAbsent(machine.name() + "/" + partition.name(), ignored -> new CoreQueue());
    }

    private void keepBooksWith(
            Job job, CoreQueue queue, GuestMachine.Partition partition, Optional<Duration> timeLimit) {
        job.keepBooks(record -> {
            CompletableFuture<Void> kept = keepBooks(job, record, timeLimit);
            if (record.state().isTerminal()) {
                servers.remove(job.number());
                queue.release(job.number(), partition.cores());
                batch.changed();
            }
            return kept;
        });
    }

    private static void giveWay(Job server) {
        if (server != null) { // else it has just ended
            server.signal(SIGTERM);
        }
    }

    private CompletableFuture<Void> keepBooks(Job job, JobRecord record, Optional<Duration> timeLimit) {
        CompletableFuture<Void> kept = books.save(record);
        if (record.state() == JobState.RUNNING) {
            timeLimit.ifPresent(
                    limit -> timer.schedule(() -> endByLimit(job), limit.toMillis(), TimeUnit.MILLISECONDS));
        }
        if (record.state().isTerminal()) {
            ended.put(record.number(), record);
            live.remove(record.number());
            while (ended.size() > JobBooks.KEPT_JOBS) {
                books.forget(ended.pollFirstEntry().getKey());
            }
        }
        return kept;
    }

    private void endByLimit(Job job) {
        job.markTimedOut();
        job.signal(SIGTERM);
        killLater(job);
    }

    private void killLater(Job job) {
        timer.schedule(() -> job.signal(SIGKILL), KILL_AFTER.toMillis(), TimeUnit.MILLISECONDS);
    }

    private synchronized int nextNumber() {
        return ++lastNumber;
    }

    /** The partitions of VM {@code name}. */
    public List<GuestMachine.Partition> partitions(String name) {
        return choose(Optional.of(name)).partitions();
    }

    private GuestMachine choose(Optional<String> name) {
        if (name.isPresent()) {
            return machines.find(name.get()).orElseThrow(() -> noSuchVm(name.get()));
        }
        List<GuestMachine> running = machines.running();
        if (running.isEmpty()) {
            throw HvmException.of(ErrorCode.NO_VM, "No VM is up")
                    .hint("hvm launch")
                    .build();
        }
        if (running.size() == 1) {
            return running.getFirst();
        }
        return running.stream()
                .filter(machine -> machine.name().equals(DEFAULT_VM))
                .findFirst()
                .orElseThrow(() -> HvmException.of(ErrorCode.VM_AMBIGUOUS, "Several VMs are up and none was named")
                        .allowed(names(running))
                        .hint("hvm run --vm " + running.getFirst().name() + " -- PROGRAM")
                        .build());
    }

    private static GuestMachine.Partition choosePartition(GuestMachine machine, JobRequest request) {
        List<GuestMachine.Partition> ofKind = machine.partitions().stream()
                .filter(partition -> partition.kind() == request.kind())
                .toList();
        return ofKind.stream()
                .filter(partition -> request.partition().isEmpty()
                        || partition.name().equals(request.partition().get()))
                .findFirst()
                .orElseThrow(() -> HvmException.of(ErrorCode.NO_SUCH_PARTITION, "No such partition")
                        .value(request.partition().orElse("an HRT partition"))
                        .allowed(ofKind.stream()
                                .map(GuestMachine.Partition::name)
                                .collect(Collectors.joining(", ")))
                        .owner(machine.name())
                        .hint("hvm info " + machine.name())
                        .build());
    }

    private static void requireCores(GuestMachine machine, GuestMachine.Partition partition, int cores) {
        if (partition.kind() == PartitionKind.LINUX || (cores >= 1 && cores <= partition.cores())) {
            return;
        }
        throw HvmException.of(ErrorCode.TOO_MANY_CORES, "The partition does not have that many cores")
                .value(cores)
                .allowed(partition.cores() == 1 ? "1" : "1 to " + partition.cores())
                .owner(machine.name() + "/" + partition.name())
                .hint("hvm run --cores " + partition.cores() + " ..., or a layout with more cores")
                .build();
    }

    private HvmException noFreeCore(
            GuestMachine machine, GuestMachine.Partition partition, int cores, List<Integer> inTheWay) {
        String jobs = inTheWay.stream().map(String::valueOf).collect(Collectors.joining(", "));
        return HvmException.of(ErrorCode.HOST_RESOURCES, "No HRT core is free")
                .value("%d of %d cores of %s/%s".formatted(cores, partition.cores(), machine.name(), partition.name()))
                .owner("job " + jobs)
                .hint("hvm jobs; hvm cancel " + inTheWay.getFirst() + "; or a layout with more cores")
                .build();
    }

    private static String waiting(
            GuestMachine machine, GuestMachine.Partition partition, int cores, List<Integer> inTheWay) {
        return "waits for %d of %d cores of %s/%s (before it: job %s)"
                .formatted(
                        cores,
                        partition.cores(),
                        machine.name(),
                        partition.name(),
                        inTheWay.stream().map(String::valueOf).collect(Collectors.joining(", ")));
    }

    private HvmException noSuchVm(String name) {
        List<GuestMachine> running = machines.running();
        return HvmException.of(ErrorCode.NO_SUCH_VM, "No such VM is up")
                .value(name)
                .allowed(running.isEmpty() ? "none is up" : names(running))
                .hint("hvm list")
                .build();
    }

    private HvmException noSuchJob(int number) {
        return HvmException.of(ErrorCode.NO_SUCH_JOB, "No such job")
                .value(number)
                .allowed("the last " + JobBooks.KEPT_JOBS + " jobs")
                .hint("hvm jobs")
                .build();
    }

    private static String names(List<GuestMachine> machines) {
        return machines.stream().map(GuestMachine::name).collect(Collectors.joining(", "));
    }
}
