// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.Optional;

/** What becomes of a job when its process ends: by how it ended, who had asked for that, and its report. May be used from any thread. */
final class JobVerdict {
    private final JobLog log;
    private volatile boolean cancelRequested;
    private volatile boolean timedOut;
    private volatile Handover.Asked asked;
    private volatile String places = "";
    private volatile Optional<JobUsage> usage = Optional.empty(); // known at the end

    /**
     * @param log of the job's report
     * @param asked what is on disk of who asked for its end
     */
    JobVerdict(JobLog log, Handover.Asked asked) {
        this.log = log;
        this.asked = asked;
    }

    /** Somebody has sent it a signal that asks for its end. */
    void cancelRequested() {
        cancelRequested = true;
    }

    void timedOut() {
        timedOut = true;
    }

    void ask(Handover.Asked end) {
        asked = end;
    }

    Handover.Asked asked() {
        return asked;
    }

    /** Where programs may be, for one that the guest does not find. */
    void allow(String where) {
        places = where;
    }

    Optional<JobUsage> usage() {
        return usage;
    }

    JobResult exited(int exitStatus) {
        usage = lastUsage();
        if (timedOut) {
            return new JobResult(JobState.TIMEOUT, exitStatus, 0, "the time limit was over");
        }
        if (asked == Handover.Asked.CANCEL) {
            return new JobResult(JobState.CANCELLED, exitStatus, 0, null);
        }
        if (exitStatus != 0 && isOutOfMemory()) {
            return new JobResult(
                    JobState.OUT_OF_MEMORY, exitStatus, 0, usage.orElseThrow().lackOfMemory());
        }
        return JobResult.exited(exitStatus, refusalOf(exitStatus));
    }

    JobResult signalled(int signal) {
        usage = lastUsage();
        if (timedOut) {
            return JobResult.signalled(JobState.TIMEOUT, signal, "the time limit was over");
        }
        if (cancelRequested || asked == Handover.Asked.CANCEL) {
            return JobResult.signalled(JobState.CANCELLED, signal, null);
        }
        if (isOutOfMemory()) {
            return JobResult.signalled(
                    JobState.OUT_OF_MEMORY, signal, usage.orElseThrow().lackOfMemory());
        }
        return JobResult.signalled(JobState.FAILED, signal, null);
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
}
