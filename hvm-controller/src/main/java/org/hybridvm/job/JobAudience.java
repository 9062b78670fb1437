// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Who hears of a job: its caller, who may go away and come back, and who alone decides how fast the process may write; and
 * beside him those who look on. May be used from any thread; a listener is called with the audience's lock held, so that he is
 * told of things in their order, and of none after somebody else has taken his place.
 */
final class JobAudience {
    private final Job job;
    private final JobLog log;
    private final ProcessLink link;
    private final Map<OutputStreamKind, OutputTail> tails =
            new EnumMap<>(Map.of(OutputStreamKind.STDOUT, new OutputTail(), OutputStreamKind.STDERR, new OutputTail()));
    private JobListener listener; // guarded by this, as all that follows
    private boolean endTold;
    private boolean kept; // the end is on disk
    private boolean drained; // nothing more comes from the process
    private boolean joined; // since the process was lost
    private boolean expecting; // whether anything is left of it its agent knows

    /** @param ended before this hvmd began */
    JobAudience(Job job, JobLog log, ProcessLink link, JobListener first, boolean ended) {
        this.job = job;
        this.log = log;
        this.link = link;
        this.listener = first;
        this.endTold = ended;
        this.kept = ended;
    }

    /** The newest output, for those who look on. */
    OutputTail tail(OutputStreamKind stream) {
        return tails.get(stream);
    }

    /** Whether the caller has gone, or was never there. */
    synchronized boolean isAbsent() {
        return listener == Job.NOBODY;
    }

    synchronized void pending(String reason) {
        if (job.state() == JobState.PENDING) {
            listener.pending(reason);
        }
    }

    /** As {@link Job#join}. */
    synchronized void join(JobListener joining, int reports) {
        listener = joining;
        joined = true;
        link.forgetWishes();
        joining.accepted(job);
        List<String> lines = log.lines();
        lines.subList(Math.min(reports, lines.size()), lines.size()).forEach(joining::report);
        if (job.state() == JobState.RUNNING) {
            joining.running();
        }
        if (endTold && !expecting && (drained || link.isAbsent())) {
            joining.ended(job.result());
        } else {
            link.tellInputCredit(joining);
        }
    }

    /** {@code leaving} wants to hear no more. False if somebody else has taken his place. */
    boolean leave(JobListener leaving) {
        synchronized (this) {
            if (listener != leaving) {
                return false;
            }
            listener = Job.NOBODY;
            link.forgetWishes();
        }
        releaseIfDone();
        return true;
    }

    /** The process is lost. */
    synchronized void lost() {
        joined = false;
    }

    /** The process is found again: who has to join anew because what was under way may be lost, if he has not. */
    synchronized Optional<JobListener> behind() {
        if (joined || !listener.countsForItself()) {
            return Optional.empty();
        }
        link.forgetWishes();
        return Optional.of(listener);
    }

    /** It has ended, and its agent may have output that nobody has taken; who joins hears of the end after that. */
    synchronized void expectLeftover() {
        expecting = true;
    }

    /** Its agent has nothing of it. */
    synchronized void nothingLeft() {
        if (expecting) {
            expecting = false;
            listener.ended(job.result());
        }
    }

    /** Its end is on disk. */
    void kept() {
        synchronized (this) {
            kept = true;
        }
        releaseIfDone();
    }

    synchronized void stdinCredit(long bytes, int window) {
        link.inputCredit(bytes, window);
        listener.stdinCredit(bytes, window);
    }

    synchronized void output(OutputStreamKind stream, ByteBuffer bytes) {
        ByteBuffer same = bytes.duplicate();
        listener.output(stream, bytes);
        long before = link.received(stream, same.remaining(), !listener.countsForItself());
        tails.get(stream).append(before, same);
    }

    synchronized void report(String line) {
        log.append(line);
        listener.report(line);
    }

    /** Nothing more comes from the process; of one that had ended before, and whose output was still there, only the listener has to know. */
    synchronized void drained() {
        drained = true;
        expecting = false;
        if (endTold) {
            listener.ended(job.result());
        }
    }

    synchronized void running() {
        listener.running();
    }

    synchronized void ended(JobResult result) {
        endTold = true;
        listener.ended(result);
    }

    /** The books have the end, and whoever looks on has been able to see it: no output comes. */
    void closeTails() {
        tails.values().forEach(OutputTail::close);
    }

    private synchronized void releaseIfDone() {
        if (kept && (listener == Job.NOBODY || !listener.countsForItself())) {
            link.release();
        }
    }
}
