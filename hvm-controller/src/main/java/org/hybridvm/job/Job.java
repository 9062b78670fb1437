// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import org.hybridvm.access.Owner;

/**
 * One run of a program in a guest, from its acceptance to its end. It stands between the guest's process and the caller's
 * listener: bytes and credit pass through untouched, so that nothing is buffered here.
 */
public final class Job implements GuestProcess.Listener {
    private static final int SIGKILL = 9;

    /** @param since when the state was taken */
    private record Status(JobState state, Instant since, Optional<JobResult> result) {}

    private final int number;
    private final Owner owner;
    private final String vm;
    private final GuestCommand command;
    private final JobListener listener;
    private final JobLog log;
    private final Clock clock;
    private final Instant submitted;
    private final StateMachine<Status> status;

    /** What the caller allowed while the job waited for cores. */
    private final Map<OutputStreamKind, Integer> early = new EnumMap<>(OutputStreamKind.class); // guarded by itself

    private boolean inputEndsEarly; // guarded by early
    private volatile GuestProcess process;
    private volatile Instant started;
    private final String places;
    private volatile String refusal;
    private volatile boolean cancelRequested;
    private volatile boolean timedOut;
    private volatile String failure;
    private volatile boolean requeued;
    private volatile boolean cancelled;
    private final Optional<JobRecord> batch;

    /** @param places where programs may be, for one that the guest does not find */
    Job(
            int number,
            Owner owner,
            String vm,
            GuestCommand command,
            String places,
            JobListener listener,
            JobLog log,
            Clock clock) {
        this(number, owner, vm, command, places, listener, log, clock, Optional.empty());
    }

    /** @param batch the record of a batch job that is to run now */
    Job(
            int number,
            Owner owner,
            String vm,
            GuestCommand command,
            String places,
            JobListener listener,
            JobLog log,
            Clock clock,
            Optional<JobRecord> batch) {
        this.batch = batch;
        this.number = number;
        this.owner = owner;
        this.vm = vm;
        this.command = command;
        this.places = places;
        this.listener = listener;
        this.log = log;
        this.clock = clock;
        this.submitted = batch.map(JobRecord::submitted).orElseGet(clock::instant);
        this.status = new StateMachine<>(
                new Status(JobState.PENDING, submitted, Optional.empty()),
                present -> present.state().isTerminal(),
                (from, to) -> from.state() == JobState.PENDING || to.state().isTerminal());
    }

    public int number() {
        return number;
    }

    public JobState state() {
        return status.get().state();
    }

    /** Sends bytes to the program's standard input; at most as many as the listener was told. */
    public void stdin(ByteBuffer bytes) {
        whileItRuns(running -> running.stdin(bytes));
    }

    public void closeStdin() {
        synchronized (early) {
            if (process == null) {
                inputEndsEarly = true;
                return;
            }
        }
        whileItRuns(GuestProcess::closeStdin);
    }

    /** Allows {@code bytes} more of one of its output streams. */
    public void grant(OutputStreamKind stream, int bytes) {
        synchronized (early) {
            if (process == null) {
                early.merge(stream, bytes, Integer::sum);
                return;
            }
        }
        whileItRuns(running -> running.grant(stream, bytes));
    }

    /** Sends a signal to the program; a job that still waits for cores is cancelled by any. */
    public void signal(int signal) {
        cancelRequested = true;
        var cancelled = JobResult.signalled(JobState.CANCELLED, signal, "cancelled while it waited for cores");
        if (!status.stepIf(present -> present.state() == JobState.PENDING, ended(cancelled))) {
            whileItRuns(running -> running.signal(signal));
        }
    }

    public JobRecord record() {
        return record(status.get());
    }

    private JobRecord record(Status present) {
        return new JobRecord(
                number,
                owner,
                vm,
                command.partition(),
                batch.map(JobRecord::kind).orElseGet(command::kind),
                command.cores(),
                batch.map(JobRecord::arguments).orElseGet(command::arguments),
                command.directory(),
                present.state(),
                submitted,
                Optional.ofNullable(started),
                present.result().map(result -> present.since()),
                present.result(),
                batch.flatMap(JobRecord::batch));
    }

    /**
     * From now on writes every state into the books first, the present one at once, and tells the listener when they have
     * it: what the caller hears is already kept. Outside any lock.
     */
    void keepBooks(Function<JobRecord, CompletableFuture<Void>> books) {
        status.addListener(present -> books.apply(record(present)).thenRun(() -> tell(present)));
    }

    void start(GuestMachine machine) {
        start(machine, this);
    }

    /** @param hearer hears of the process and hands it on to this job */
    void start(GuestMachine machine, GuestProcess.Listener hearer) {
        if (state() != JobState.PENDING) {
            return;
        }
        GuestProcess created;
        started = clock.instant();
        try {
            created = machine.start(command, hearer);
        } catch (RuntimeException e) {
            end(JobResult.failed(JobState.NODE_FAIL, e.getMessage()));
            return;
        }
        synchronized (early) {
            process = created;
            early.forEach(created::grant);
            if (inputEndsEarly) {
                created.closeStdin();
            }
        }
        run();
        if (state().isTerminal()) {
            created.signal(SIGKILL); // cancelled meanwhile; without effect if it has ended by itself
        }
    }

    void tellPending(String reason) {
        if (state() == JobState.PENDING) {
            listener.pending(reason);
        }
    }

    /** Somebody asked for its end: however the program ends now, the job is cancelled. */
    void markCancelled() {
        cancelled = true;
    }

    /** It is to go back into the queue when it has ended. */
    void markRequeued() {
        requeued = true;
    }

    boolean isRequeued() {
        return requeued;
    }

    /** Sends it a signal that is not meant to cancel it. */
    void warn(int signal) {
        whileItRuns(running -> running.signal(signal));
    }

    /** Ends it by SIGKILL, as failed for {@code reason}. */
    void fail(String reason) {
        failure = reason;
        whileItRuns(running -> running.signal(SIGKILL));
    }

    void markTimedOut() {
        timedOut = true;
    }

    @Override
    public void stdinCredit(int bytes) {
        listener.stdinCredit(bytes);
    }

    @Override
    public void output(OutputStreamKind stream, ByteBuffer bytes) {
        listener.output(stream, bytes);
    }

    @Override
    public void report(String line) {
        ReportLine report = ReportLine.parse(line);
        if (report.word().equals("refused")) {
            refusal = report.value("reason").orElse(line);
        }
        log.append(line);
        listener.report(line);
    }

    @Override
    public void exited(int exitStatus) {
        run(); // a short program can be quicker than the thread that started it
        if (failure != null) {
            end(new JobResult(JobState.FAILED, exitStatus, 0, failure));
        } else if (timedOut) {
            end(new JobResult(JobState.TIMEOUT, exitStatus, 0, "the time limit was over"));
        } else if (cancelled) {
            end(new JobResult(JobState.CANCELLED, exitStatus, 0, null));
        } else {
            end(JobResult.exited(exitStatus, refusalOf(exitStatus)));
        }
    }

    @Override
    public void signalled(int signal) {
        run();
        if (failure != null) {
            end(JobResult.signalled(JobState.FAILED, signal, failure));
        } else if (timedOut) {
            end(JobResult.signalled(JobState.TIMEOUT, signal, "the time limit was over"));
        } else {
            end(JobResult.signalled(cancelRequested ? JobState.CANCELLED : JobState.FAILED, signal, null));
        }
    }

    @Override
    public void lost(String reason) {
        end(JobResult.failed(JobState.NODE_FAIL, reason));
    }

    private void run() {
        status.stepIf(
                present -> present.state() == JobState.PENDING,
                new Status(JobState.RUNNING, started, Optional.empty()));
    }

    private String refusalOf(int exitStatus) {
        return refusal != null && exitStatus == JobResult.NOT_FOUND ? refusal + ". Allowed: " + places : refusal;
    }

    private void end(JobResult result) {
        status.step(ended(result));
    }

    private Status ended(JobResult result) {
        return new Status(result.state(), clock.instant(), Optional.of(result));
    }

    private void tell(Status present) {
        if (present.state() == JobState.RUNNING) {
            listener.running();
        } else if (present.state().isTerminal()) {
            listener.ended(present.result().orElseThrow());
        }
    }

    private void whileItRuns(Consumer<GuestProcess> action) {
        GuestProcess running = process;
        if (running != null && !state().isTerminal()) {
            action.accept(running);
        }
    }
}
