// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;
import org.hybridvm.access.Quotas;
import org.hybridvm.store.RequestKey;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs programs in guests and keeps the books about them. Methods may be called from any thread, but look at files, so
 * not from an event loop.
 */
public final class JobService implements AutoCloseable {
    /** A VM of this name is meant when several are up and the caller named none. */
    public static final String DEFAULT_VM = "default";

    /** The highest signal number of Linux. */
    public static final int MAX_SIGNAL = 64;

    private static final Logger LOG = LoggerFactory.getLogger(JobService.class);
    private static final Duration SAVE_AGAIN = Duration.ofSeconds(5);

    private final GuestMachines machines;
    private final Caller self;
    private final JobBooks books;
    private final Clock clock;
    private final JobRegister register;
    private final BatchQueue queue;
    private final BatchJobs batch;
    private final CoreQueues cores = new CoreQueues();
    private final JobTimer timer = new JobTimer();
    private final JobKeeper keeper;
    private final Adoption adoption;
    private final RunJobs runs;
    private final CompletableFuture<Void> known = new CompletableFuture<>();
    private volatile boolean stopping;

    /** Of users who have no limits. */
    public JobService(GuestMachines machines, Caller self, JobBooks books, Clock clock) {
        this(machines, self, Quotas.NONE, books, clock);
    }

    /** @param self hvmd's own user, whose the node's own jobs are */
    public JobService(GuestMachines machines, Caller self, Quotas quotas, JobBooks books, Clock clock) {
        this.machines = machines;
        this.self = self;
        this.books = books;
        this.clock = clock;
        queue = new BatchQueue(clock);
        register = new JobRegister(books, queue);
        keeper = new JobKeeper(books, register, queue, cores, timer, clock);
        var admission = new Admission(register, quotas);
        var starter = new JobStarter(machines, self, books, register, cores, keeper, clock);
        var eligibility = new Eligibility(starter, quotas, clock);
        batch = new BatchJobs(machines, books, register, queue, admission, keeper, clock);
        adoption = new Adoption(machines, books, register, cores, keeper, timer, starter, clock);
        var waiting = new RunJobs.Waiting(admission, eligibility, queue, starter);
        runs = new RunJobs(machines, books, register, cores, keeper, adoption, waiting, clock);
        Thread.ofPlatform().daemon().name("load-jobs").start(() -> load(starter, eligibility));
    }

    /** Takes over what the last hvmd left; nothing else is done with jobs before. */
    private void load(JobStarter starter, Eligibility eligibility) {
        try {
            JobBooks.Recovered recovered = books.recover();
            register.goOnAfter(recovered.lastNumber());
            recovered.records().forEach(this::take);
            queue.begin(starter, eligibility);
            adoption.begin();
            timer.every(SAVE_AGAIN, books::saveAgain);
            known.complete(null);
        } catch (RuntimeException e) {
            LOG.error("jobs cannot be read", e);
            known.completeExceptionally(e);
        }
    }

    /** Whether it is known which jobs there are; until then calls wait. Does not block. */
    public boolean isOpen() {
        return known.isDone();
    }

    /**
     * Waits until it is known which jobs there are: some tenths of a second after a start with many.
     *
     * @throws HvmException if the database cannot be read
     */
    public void awaitOpen() {
        try {
            known.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof HvmException refused ? refused : e;
        }
    }

    private JobRegister known() {
        awaitOpen();
        return register;
    }

    private void take(JobRecord record) {
        if (record.state().isTerminal()) {
            register.end(record);
        } else if (record.state() == JobState.PENDING && record.batch().isPresent()) {
            register.await(List.of(record));
        } else {
            adoption.take(record);
        }
    }

    /** {@code watcher} hears of all jobs that begin from now on. */
    public void observe(JobObserver watcher) {
        known().observe(watcher);
    }

    JobObserver observer() {
        return register.observer();
    }

    /** What one caller may see and do of the jobs. */
    public JobAccess as(Caller caller) {
        return new JobAccess(this, caller);
    }

    /** The same as hvmd itself. */
    public Job run(JobRequest request, JobListener listener) {
        return run(self, request, listener);
    }

    /**
     * Checks the request and starts the job, or queues it until its cores are free.
     *
     * A caller who lost a job joins it anew, by the key of his request; if it has ended he hears how.
     *
     * @param caller whose job it is, and whom it runs as
     * @throws HvmException if it cannot run as asked; then there is no job
     */
    Job run(Caller caller, JobRequest request, JobListener listener) {
        awaitOpen();
        return runs.run(as(caller), caller, request, listener);
    }

    /**
     * Starts a server: a program of the guest's own, a Linux process that takes its HRT cores itself. It does not wait for
     * them, and it gives way: it gets SIGTERM as soon as another job waits for the partition's cores.
     *
     * @param request of the HRT kind; options have no meaning
     * @throws HvmException if it cannot run, or its cores are not free; then there is no job
     */
    public Job serve(JobRequest request, JobListener listener) {
        awaitOpen();
        return runs.serve(self, request, listener);
    }

    /** The server of a VM that an earlier hvmd has begun, and that nobody hears of. */
    public Optional<Job> orphanedServer(String vm) {
        return known().live().stream()
                .filter(job -> job.isAlone()
                        && job.record().vm().equals(vm)
                        && job.record().handover().server())
                .findFirst();
    }

    /** Hears of a server that an earlier hvmd has begun. */
    public void adopt(Job server, JobListener listener) {
        server.join(listener, 0);
    }

    /** hvmd's own user. */
    public Caller self() {
        return self;
    }

    /** All jobs that are known, oldest first. */
    public List<JobRecord> list() {
        return known().list();
    }

    /** Some of the jobs, oldest first. */
    List<JobRecord> page(JobPage page) {
        return known().page(page);
    }

    /** @throws HvmException {@link ErrorCode#NO_SUCH_JOB} */
    public JobRecord find(int number) {
        return known().find(number);
    }

    /**
     * A job that waits is cancelled by a signal that asks for its end; it would never get another.
     *
     * @throws HvmException if there is no such job or signal, it has ended, or waits and would not get the signal
     */
    public void signal(int number, long signal) {
        if (signal < 1 || signal > MAX_SIGNAL) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "No such signal")
                    .value(signal)
                    .allowed("1 to " + MAX_SIGNAL)
                    .build();
        }
        Optional<Job> job = known().live(number);
        requireReachable(number, (int) signal);
        if (job.isEmpty() && queue.find(number).isPresent()) {
            cancel(number).join();
            return;
        }
        job.orElseThrow(() -> HvmException.of(ErrorCode.WRONG_STATE, "The job has ended")
                        .value(number + " (" + find(number).state() + ")")
                        .allowed("PENDING, RUNNING")
                        .build())
                .signal((int) signal);
    }

    private void requireReachable(int number, int signal) {
        if (find(number).state() == JobState.PENDING && !SignalNames.asksForEnd(signal)) {
            throw HvmException.of(ErrorCode.WRONG_STATE, "The job waits and would not get the signal")
                    .value(number + " (PENDING)")
                    .allowed("RUNNING; of one that waits HUP, INT, QUIT, KILL and TERM, which cancel it")
                    .hint("hvm why " + number)
                    .build();
        }
    }

    /**
     * A listener that counts for itself wants to hear no more of a job. One that runs gets SIGHUP, as a terminal does, then
     * SIGKILL, unless its caller comes back within half a minute.
     */
    public void leave(Job job, JobListener listener, boolean comesBack) {
        if (!job.leave(listener)) {
            return; // somebody else has joined it
        }
        adoption.done(job);
        if (comesBack) {
            adoption.awaitReturn(job);
        } else if (!stopping) {
            timer.hangUp(job);
        }
    }

    /** hvmd is about to end: jobs go on when their callers' connections end. */
    public void letGo() {
        stopping = true;
    }

    /**
     * The newest output of a run, while it waits or runs.
     *
     * @throws HvmException if there is no such job, or it has ended
     */
    OutputTail tail(int number, OutputStreamKind stream) {
        return known().live(number)
                .map(job -> job.tail(stream))
                .orElseThrow(() -> HvmException.of(
                                ErrorCode.WRONG_STATE, "The job has ended; the output of a run is kept nowhere")
                        .value(number + " (" + find(number).state() + ")")
                        .allowed("PENDING, RUNNING, or a batch job")
                        .owner("its hvm run")
                        .hint("hvm info " + number + "; hvm submit, whose output goes to a file")
                        .build());
    }

    /** The report of a job as text, empty if it reported nothing. */
    public String log(int number) throws IOException {
        find(number);
        Path file = books.logFile(number);
        return Files.exists(file) ? Files.readString(file) : "";
    }

    /** The same as hvmd itself. */
    public CompletableFuture<Submission.Accepted> submit(Submission submission) {
        return submit(self, submission, Optional.empty());
    }

    /**
     * Takes a batch job into the queue. Looks at files, and does not wait for the disk.
     *
     * @param caller whose job it is, and whom it runs as
     * @param request its key: if the same request was made before, its answer is given again, and there is no other job
     * @return completes once it is on disk; fails with {@link HvmException} if it cannot be kept
     * @throws HvmException if it could never run as asked; then there is no job
     */
    CompletableFuture<Submission.Accepted> submit(Caller caller, Submission submission, Optional<RequestKey> request) {
        awaitOpen();
        return batch.submit(as(caller), caller, submission, request);
    }

    /** The jobs that are meant: one, or all tasks of the array whose first it is. */
    public List<JobRecord> tasks(JobId job) {
        return known().tasks(job);
    }

    /**
     * Ends a job: one that waits at once, one that runs by SIGTERM, two seconds later SIGKILL.
     *
     * @return completes once that is on disk or the signal is sent
     * @throws HvmException if there is no such job, or it has ended
     */
    public CompletableFuture<Void> cancel(int number) {
        awaitOpen();
        return batch.cancel(number).orElseGet(() -> {
            Job job = register.live(number).orElseThrow(() -> register.wrongState(number, "PENDING, RUNNING"));
            return keeper.end(job, Handover.Asked.CANCEL);
        });
    }

    /**
     * Holds a batch job that waits, or lets it go.
     *
     * @return completes once that is on disk
     */
    public CompletableFuture<Void> hold(int number, boolean hold) {
        awaitOpen();
        return batch.hold(number, hold);
    }

    /**
     * Puts a batch job back into the queue under its number; one that runs is ended first.
     *
     * @return completes once that is on disk or the job was asked to end
     */
    public CompletableFuture<Void> requeue(int number) {
        awaitOpen();
        return batch.requeue(number);
    }

    /** Slurm's word for why a job waits; empty if it does not. */
    public Optional<String> reason(JobRecord record) {
        return batch.reason(record);
    }

    /**
     * What a job has used: of one that runs, up to now. Blocks.
     *
     * @throws HvmException if there is no such job, or its guest does not answer
     */
    public Map<String, Object> stat(int number) {
        return JobStat.of(find(number), machines, clock.instant());
    }

    /** Why a job waits: the reason, the jobs in the way, since when, and when it could start. */
    public Map<String, Object> why(int number) {
        awaitOpen();
        return batch.why(number);
    }

    /** The jobs that run or wait on a VM. */
    public List<JobRecord> liveOn(String vm) {
        return known().live().stream()
                .map(Job::record)
                .filter(record -> record.vm().equals(vm))
                .toList();
    }

    /** The partitions of VM {@code name}. */
    public List<GuestMachine.Partition> partitions(String name) {
        return Placement.machine(machines, Optional.of(name)).partitions();
    }

    @Override
    public void close() {
        letGo();
        known.exceptionally(failure -> null).join(); // else it would begin what is closed now
        queue.close();
        timer.close();
    }
}
