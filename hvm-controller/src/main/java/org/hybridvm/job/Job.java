// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.nio.ByteBuffer;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One run of a program in a guest, from its acceptance to its end. It stands between the guest's process and the caller's
 * listener: bytes and credit pass through untouched, so that nothing waits here. Both may go away and come back.
 */
public final class Job implements GuestProcess.Listener {
    /** Who hears of a job whose caller is away, or never was there. */
    static final JobListener NOBODY = result -> {};

    private final JobRecord accepted;
    private final JobLog log;
    private final Clock clock;
    private final JobLife life;
    private final ProcessLink link = new ProcessLink();
    private final JobAudience audience;
    private final JobVerdict verdict;
    private final DeferredStart starting = new DeferredStart();

    private volatile JobObserver observer = JobObserver.NONE;
    private volatile List<String> environment = List.of(); // known once it is started here
    private volatile Supplier<GuestProcess> starter; // until the books know that it runs

    /**
     * A job from its record on.
     *
     * @param log of that job, with what has been reported of it
     */
    Job(JobRecord accepted, JobLog log, Clock clock, JobListener listener) {
        this.accepted = accepted;
        this.log = log;
        this.clock = clock;
        this.verdict = new JobVerdict(log, accepted.handover().asked());
        this.audience =
                new JobAudience(this, log, link, listener, accepted.state().isTerminal());
        this.life = new JobLife(accepted, verdict, clock);
    }

    /** From now on {@code watcher} hears of its states, the present one at once, and of its report. */
    void observe(JobObserver watcher) {
        observer = watcher;
        life.observe(record -> watcher.changed(record, environment));
    }

    public int number() {
        return accepted.number();
    }

    public JobState state() {
        return life.state();
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
        if (SignalNames.asksForEnd(signal)) {
            verdict.cancelRequested();
        }
        var cancelled = JobResult.signalled(JobState.CANCELLED, signal, "cancelled while it waited for cores");
        if (!life.endWaiting(cancelled)) {
            link.signal(signal);
        }
    }

    public JobRecord record() {
        return life.record();
    }

    /** As the books have it, so that what is told outlives hvmd. */
    JobRecord keptRecord() {
        return life.keptRecord();
    }

    /** The newest output, for those who look on; of a batch job there is none, as its output goes to files. */
    OutputTail tail(OutputStreamKind stream) {
        return audience.tail(stream);
    }

    JobKey key() {
        return JobKey.of(accepted);
    }

    /**
     * From now on writes every state into the books first, the present one at once, and tells the listener when they have
     * it: what the caller hears is already kept. A job that cannot be kept is not begun. Outside any lock.
     */
    void keepBooks(Function<JobRecord, CompletableFuture<Void>> books) {
        life.keepBooks(books, this::tell);
    }

    /**
     * Puts on disk what somebody asks for; however the program ends then, this becomes of it.
     *
     * @param books writes a record; never one that is older than what it has written
     */
    CompletableFuture<Void> ask(Handover.Asked end, Function<JobRecord, CompletableFuture<Void>> books) {
        return life.ask(end, books);
    }

    /**
     * Begins the process as soon as the books know that the job runs.
     *
     * @param where programs may be, for one that the guest does not find
     */
    void start(GuestMachine machine, GuestCommand command, String where) {
        environment = command.environment();
        verdict.allow(where);
        String agent = machine.greeting().life();
        starter = () -> machine.start(key(), command, this);
        life.begin(agent);
    }

    /** Begins the process of a job that the books know to run, and that no agent has been given. */
    void begin(GuestMachine machine, GuestCommand command, String where) {
        environment = command.environment();
        verdict.allow(where);
        connect(() -> machine.start(key(), command, this));
    }

    /** Goes on with the process, which the machine's agent keeps. */
    void attach(GuestMachine machine) {
        AgentGreeting.Kept found = machine.greeting().jobs().get(key());
        long reports = Math.max(found.reports(), log.lines().size());
        Optional<JobListener> behind = audience.behind();
        if (connect(() -> machine.attach(key(), accepted.partition(), reports, this))) {
            behind.ifPresent(JobListener::reattached);
        }
    }

    DeferredStart starting() {
        return starting;
    }

    /** How it ended. */
    JobResult result() {
        return life.result();
    }

    /** Whether it runs, and nobody has or seeks its process. */
    boolean isAdrift() {
        return state() == JobState.RUNNING && starter == null && link.isAbsent();
    }

    /** Whether its caller has gone, or was never there. */
    boolean isAlone() {
        return audience.isAbsent();
    }

    void tellPending(String reason) {
        audience.pending(reason);
    }

    /**
     * Somebody takes the place of who has heard of it so far, and hears what he has missed.
     *
     * @param reports lines of its report that he has
     */
    void join(JobListener joining, int reports) {
        audience.join(joining, reports);
    }

    /** As {@link JobAudience#leave}. */
    boolean leave(JobListener leaving) {
        return audience.leave(leaving);
    }

    /** As {@link JobAudience#expectLeftover}. */
    void expectLeftover() {
        audience.expectLeftover();
    }

    /** As {@link JobAudience#nothingLeft}. */
    void nothingLeft() {
        audience.nothingLeft();
    }

    /** Its end is on disk. */
    void kept() {
        audience.kept();
    }

    /** Has the guest forget it, whatever somebody may not have got. */
    void release() {
        link.release();
    }

    Handover.Asked asked() {
        return verdict.asked();
    }

    /** Sends it a signal that is not meant to cancel it. */
    void warn(int signal) {
        link.signal(signal);
    }

    void markTimedOut() {
        verdict.timedOut();
    }

    @Override
    public void stdinCredit(long bytes, int window) {
        audience.stdinCredit(bytes, window);
    }

    @Override
    public void output(OutputStreamKind stream, ByteBuffer bytes) {
        audience.output(stream, bytes);
    }

    @Override
    public void report(String line) {
        observer.reported(number(), ReportLine.parse(line), clock.instant());
        audience.report(line);
    }

    @Override
    public void exited(int exitStatus) {
        finish(verdict.exited(exitStatus));
    }

    @Override
    public void signalled(int signal) {
        finish(verdict.signalled(signal));
    }

    @Override
    public void failed(String reason) {
        finish(JobResult.failed(JobState.NODE_FAIL, reason));
    }

    @Override
    public void lost(String reason) {
        audience.lost();
        link.disconnect();
    }

    /** It will not come back. */
    void fail(String reason) {
        life.end(JobResult.failed(JobState.NODE_FAIL, reason));
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

    private void finish(JobResult result) {
        audience.drained();
        life.end(result);
    }

    /** The books have it. */
    private void tell(JobRecord kept) {
        if (kept.state() == JobState.RUNNING) {
            audience.running();
            Supplier<GuestProcess> first = starter;
            if (first != null) {
                Thread.ofVirtual().name("start job " + number()).start(() -> {
                    connect(first);
                    starter = null;
                });
            }
        } else if (kept.state().isTerminal()) {
            audience.ended(kept.result().orElseThrow());
            audience.closeTails();
        }
    }
}
