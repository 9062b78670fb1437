// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
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
        live.values().forEach(job -> byNumber.put(job.number(), job.record()));
        return List.copyOf(byNumber.values());
    }

    /** @throws HvmException {@link ErrorCode#NO_SUCH_JOB} */
    public JobRecord find(int number) {
        Job job = live.get(number);
        JobRecord record = job == null ? ended.get(number) : job.record();
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

    /** The jobs that run or wait on a VM. */
    public List<JobRecord> liveOn(String vm) {
        return live.values().stream()
                .map(Job::record)
                .filter(record -> record.vm().equals(vm))
                .toList();
    }

    @Override
    public void close() {
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
