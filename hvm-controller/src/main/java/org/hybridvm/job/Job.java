// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One run of a program in a guest, from its acceptance to its end. It stands between the guest's process and the caller's
 * listener: bytes and credit pass through untouched, so that nothing is buffered here. Both may go away and come back.
 */
public final class Job implements GuestProcess.Listener {
    /** Who hears of a job whose caller is away, or never was there. */
    static final JobListener NOBODY = result -> {};

    /** @param since when the state was taken */
    private record Status(JobState state, Instant since, Optional<JobResult> result) {}

    private final JobRecord accepted;
    private final JobLog log;
    private final Clock clock;
    private final StateMachine<Status> status;
    private final ProcessLink link = new ProcessLink();
    private final Map<OutputStreamKind, OutputTail> tails =
            new EnumMap<>(Map.of(OutputStreamKind.STDOUT, new OutputTail(), OutputStreamKind.STDERR, new OutputTail()));
    private final Object hearing = new Object(); // held while a listener is told of the job or replaced

    private final Object writing = new Object(); // held while a record is handed to the books
    private Status lastWritten; // guarded by writing
    private volatile Status told; // is on disk
    private JobListener listener; // guarded by hearing
    private boolean endTold; // guarded by hearing
    private boolean kept; // the end is on disk; guarded by hearing
    private boolean drained; // nothing more comes from the process; guarded by hearing
    private boolean joined; // since the process was lost; guarded by hearing
    private boolean expecting; // whether anything is left of it its agent knows; guarded by hearing
    private volatile JobObserver observer = JobObserver.NONE;
    private volatile List<String> environment = List.of(); // known once it is started here
    private volatile Instant started;
    private volatile String agent;
    private volatile String places = "";
    private volatile Supplier<GuestProcess> starter; // until the books know that it runs
    private volatile Optional<JobUsage> usage = Optional.empty(); // known at its end
    private volatile boolean cancelRequested;
    private volatile boolean timedOut;
    private volatile Handover.Asked asked;
    private final AtomicBoolean startClaimed = new AtomicBoolean();
    private volatile Runnable waitingStart;
    private volatile Consumer<GuestMachine> beginner; // of a job that its caller has described again

    /**
     * A job from its record on.
     *
     * @param log of that job, with what has been reported of it
     */
    Job(JobRecord accepted, JobLog log, Clock clock, JobListener listener) {
        this.accepted = accepted;
        this.log = log;
        this.clock = clock;
        this.listener = listener;
        this.started = accepted.started().orElse(null);
        this.agent = accepted.handover().agent();
        this.asked = accepted.handover().asked();
        Instant since = accepted.ended().or(accepted::started).orElse(accepted.submitted());
        this.endTold = accepted.state().isTerminal();
        this.kept = endTold;
        Status first = new Status(accepted.state(), since, accepted.result());
        this.lastWritten = first;
        this.told = first;
        this.status = new StateMachine<>(
                first,
                present -> present.state().isTerminal(),
                (from, to) -> from.state() == JobState.PENDING || to.state().isTerminal());
    }

    /** From now on {@code watcher} hears of its states, the present one at once, and of its report. */
    void observe(JobObserver watcher) {
        observer = watcher;
        status.addListener(present -> watcher.changed(record(present), environment));
    }

    public int number() {
        return accepted.number();
    }

    public JobState state() {
        return status.get().state();
    }

    /** Sends bytes to the program's standard input; at most as many as the listener was told. */
    public void stdin(ByteBuffer bytes) {
        link.stdin(bytes);
    }

    public void closeStdin() {
        link.closeStdin();
    }

    /** As {@link GuestProcess#grant}; before the process is there, too. */
    public void grant(OutputStreamKind stream, long taken, int window) {
        link.grant(stream, taken, window);
    }

    /** Sends a signal to the program; a job that still waits for cores is cancelled by any. */
    public void signal(int signal) {
        cancelRequested |= SignalNames.asksForEnd(signal);
        var cancelled = JobResult.signalled(JobState.CANCELLED, signal, "cancelled while it waited for cores");
        if (!status.stepIf(present -> present.state() == JobState.PENDING, ended(cancelled))) {
            link.signal(signal);
        }
    }

    public JobRecord record() {
        return record(status.get());
    }

    /** As the books have it, so that what is told outlives hvmd. */
    JobRecord keptRecord() {
        return record(told);
    }

    private JobRecord record(Status present) {
        boolean begun = started != null && present.state() != JobState.PENDING;
        JobRecord record = begun ? accepted.running(started, agent) : accepted;
        return (present.state().isTerminal()
                ? record.asked(asked)
                        .ended(present.result().orElseThrow(), present.since())
                        .used(usage)
                : record.asked(asked));
    }

    /** The newest output, for those who look on; of a batch job there is none, as its output goes to files. */
    OutputTail tail(OutputStreamKind stream) {
        return tails.get(stream);
    }

    JobKey key() {
        return JobKey.of(accepted);
    }

    /**
     * From now on writes every state into the books first, the present one at once, and tells the listener when they have
     * it: what the caller hears is already kept. A job that cannot be kept is not begun. Outside any lock.
     */
    void keepBooks(Function<JobRecord, CompletableFuture<Void>> books) {
        status.addListener(present -> {
            CompletableFuture<Void> written;
            synchronized (writing) {
                lastWritten = present;
                written = books.apply(record(present));
            }
            written.whenComplete((ignored, failure) -> {
                if (failure == null) {
                    tell(present);
                } else {
                    end(JobResult.failed(JobState.FAILED, reason(failure)));
                }
            });
        });
    }

    /**
     * Puts on disk what somebody asks for; however the program ends then, this becomes of it.
     *
     * @param books writes a record; never one that is older than what it has written
     */
    CompletableFuture<Void> ask(Handover.Asked end, Function<JobRecord, CompletableFuture<Void>> books) {
        synchronized (writing) {
            if (lastWritten.state().isTerminal()) {
                return CompletableFuture.completedFuture(null);
            }
            asked = end;
            return books.apply(record(lastWritten));
        }
    }

    /**
     * Begins the process as soon as the books know that the job runs.
     *
     * @param where programs may be, for one that the guest does not find
     */
    void start(GuestMachine machine, GuestCommand command, String where) {
        environment = command.environment();
        places = where;
        started = clock.instant();
        agent = machine.greeting().life();
        starter = () -> machine.start(key(), command, this);
        status.stepIf(
                present -> present.state() == JobState.PENDING,
                new Status(JobState.RUNNING, started, Optional.empty()));
    }

    /** Begins the process of a job that the books know to run, and that no agent has been given. */
    void begin(GuestMachine machine, GuestCommand command, String where) {
        environment = command.environment();
        places = where;
        connect(() -> machine.start(key(), command, this));
    }

    /** Goes on with the process, which the machine's agent keeps. */
    void attach(GuestMachine machine) {
        AgentGreeting.Kept found = machine.greeting().jobs().get(key());
        long reports = Math.max(found.reports(), log.lines().size());
        Optional<JobListener> behind = Optional.empty();
        synchronized (hearing) {
            if (!joined && listener.countsForItself()) {
                link.forgetWishes();
                behind = Optional.of(listener);
            }
        }
        if (connect(() -> machine.attach(key(), accepted.partition(), reports, this))) {
            behind.ifPresent(JobListener::reattached);
        }
    }

    /** How it is begun when it has waited for its cores. */
    void startLater(Runnable how) {
        waitingStart = how;
    }

    /** It has its cores now. */
    void startNow() {
        waitingStart.run();
    }

    /** Takes the right to have it begun for the first time; false if somebody has it. */
    boolean claimStart() {
        return startClaimed.compareAndSet(false, true);
    }

    /** How it is begun, should it turn out that no agent was given it. */
    void whenUnbegun(Consumer<GuestMachine> how) {
        beginner = how;
    }

    /** No agent was given it. False if nobody has said how it is begun. */
    boolean beginUnbegun(GuestMachine machine) {
        Consumer<GuestMachine> how = beginner;
        if (how != null) {
            how.accept(machine);
        }
        return how != null;
    }

    /** Whether it runs, and nobody has or seeks its process. */
    boolean isAdrift() {
        return state() == JobState.RUNNING && starter == null && link.isAbsent();
    }

    /** Whether its caller has gone, or was never there. */
    boolean isAlone() {
        return listener() == NOBODY;
    }

    void tellPending(String reason) {
        synchronized (hearing) {
            if (state() == JobState.PENDING) {
                listener.pending(reason);
            }
        }
    }

    /**
     * Somebody takes the place of who has heard of it so far, and hears what he has missed.
     *
     * @param reports lines of its report that he has
     */
    void join(JobListener joining, int reports) {
        synchronized (hearing) {
            listener = joining;
            joined = true;
            link.forgetWishes();
            joining.accepted(this);
            List<String> lines = log.lines();
            lines.subList(Math.min(reports, lines.size()), lines.size()).forEach(joining::report);
            if (state() == JobState.RUNNING) {
                joining.running();
            }
            if (endTold && !expecting && (drained || link.isAbsent())) {
                joining.ended(status.get().result().orElseThrow());
            } else {
                link.tellInputCredit(joining);
            }
        }
    }

    /** {@code leaving} wants to hear no more. False if somebody else has taken his place. */
    boolean leave(JobListener leaving) {
        synchronized (hearing) {
            if (listener != leaving) {
                return false;
            }
            listener = NOBODY;
            link.forgetWishes();
        }
        releaseIfDone();
        return true;
    }

    /** It has ended, and its agent may have output that nobody has taken; who joins hears of the end after that. */
    void expectLeftover() {
        synchronized (hearing) {
            expecting = true;
        }
    }

    /** Its agent has nothing of it. */
    void nothingLeft() {
        synchronized (hearing) {
            if (expecting) {
                expecting = false;
                listener.ended(status.get().result().orElseThrow());
            }
        }
    }

    /** Its end is on disk. */
    void kept() {
        synchronized (hearing) {
            kept = true;
        }
        releaseIfDone();
    }

    /** Has the guest forget it, whatever somebody may not have got. */
    void release() {
        link.release();
    }

    Handover.Asked asked() {
        return asked;
    }

    /** Sends it a signal that is not meant to cancel it. */
    void warn(int signal) {
        link.signal(signal);
    }

    void markTimedOut() {
        timedOut = true;
    }

    @Override
    public void stdinCredit(long bytes, int window) {
        synchronized (hearing) {
            link.inputCredit(bytes, window);
            listener.stdinCredit(bytes, window);
        }
    }

    @Override
    public void output(OutputStreamKind stream, ByteBuffer bytes) {
        synchronized (hearing) {
            ByteBuffer same = bytes.duplicate();
            listener.output(stream, bytes);
            long before = link.received(stream, same.remaining(), !listener.countsForItself());
            tails.get(stream).append(before, same);
        }
    }

    @Override
    public void report(String line) {
        observer.reported(number(), ReportLine.parse(line), clock.instant());
        synchronized (hearing) {
            log.append(line);
            listener.report(line);
        }
    }

    @Override
    public void exited(int exitStatus) {
        usage = lastUsage();
        if (timedOut) {
            finish(new JobResult(JobState.TIMEOUT, exitStatus, 0, "the time limit was over"));
        } else if (asked == Handover.Asked.CANCEL) {
            finish(new JobResult(JobState.CANCELLED, exitStatus, 0, null));
        } else if (exitStatus != 0 && isOutOfMemory()) {
            finish(new JobResult(
                    JobState.OUT_OF_MEMORY, exitStatus, 0, usage.orElseThrow().lackOfMemory()));
        } else {
            finish(JobResult.exited(exitStatus, refusalOf(exitStatus)));
        }
    }

    @Override
    public void signalled(int signal) {
        usage = lastUsage();
        if (timedOut) {
            finish(JobResult.signalled(JobState.TIMEOUT, signal, "the time limit was over"));
        } else {
            boolean wanted = cancelRequested || asked == Handover.Asked.CANCEL;
            if (!wanted && isOutOfMemory()) {
                finish(JobResult.signalled(
                        JobState.OUT_OF_MEMORY, signal, usage.orElseThrow().lackOfMemory()));
                return;
            }
            finish(JobResult.signalled(wanted ? JobState.CANCELLED : JobState.FAILED, signal, null));
        }
    }

    @Override
    public void failed(String reason) {
        finish(JobResult.failed(JobState.NODE_FAIL, reason));
    }

    @Override
    public void lost(String reason) {
        synchronized (hearing) {
            joined = false;
        }
        link.disconnect();
    }

    /** It will not come back. */
    void fail(String reason) {
        end(JobResult.failed(JobState.NODE_FAIL, reason));
    }

    private static String reason(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause.getMessage();
    }

    private JobListener listener() {
        synchronized (hearing) {
            return listener;
        }
    }

    /** True if the process is there now. */
    private boolean connect(Supplier<GuestProcess> way) {
        if (!link.claim()) {
            return false;
        }
        try {
            link.connect(way.get());
            return true;
        } catch (RuntimeException e) {
            link.giveUp();
            fail(e.getMessage());
            return false;
        }
    }

    /** Of one that had ended before, and whose output was still there, only the listener has to know. */
    private void finish(JobResult result) {
        synchronized (hearing) {
            drained = true;
            expecting = false;
            if (endTold) {
                listener.ended(status.get().result().orElseThrow());
            }
        }
        end(result);
    }

    private void releaseIfDone() {
        synchronized (hearing) {
            if (kept && (listener == NOBODY || !listener.countsForItself())) {
                link.release();
            }
        }
    }

    /** Its agent tells it last. */
    private Optional<JobUsage> lastUsage() {
        return log.lines().reversed().stream()
                .map(ReportLine::parse)
                .flatMap(line -> JobUsage.of(line).stream())
                .findFirst();
    }

    private boolean isOutOfMemory() {
        return usage.filter(resources -> resources.kills() > 0).isPresent();
    }

    private String refusalOf(int exitStatus) {
        Optional<String> refusal = log.lines().stream()
                .map(ReportLine::parse)
                .filter(line -> line.word().equals("refused"))
                .reduce((first, second) -> second)
                .map(line -> line.value("reason").orElse("refused"));
        return refusal.map(reason -> exitStatus == JobResult.NOT_FOUND ? reason + ". Allowed: " + places : reason)
                .orElse(null);
    }

    private void end(JobResult result) {
        status.step(ended(result));
    }

    private Status ended(JobResult result) {
        return new Status(result.state(), clock.instant(), Optional.of(result));
    }

    /** The books have it. */
    private void tell(Status present) {
        told = present;
        if (present.state() == JobState.RUNNING) {
            synchronized (hearing) {
                listener.running();
            }
            Supplier<GuestProcess> first = starter;
            if (first != null) {
                Thread.ofVirtual().name("start job " + number()).start(() -> {
                    connect(first);
                    starter = null;
                });
            }
        } else if (present.state().isTerminal()) {
            synchronized (hearing) {
                endTold = true;
                listener.ended(present.result().orElseThrow());
            }
            tails.values().forEach(OutputTail::close);
        }
    }
}
