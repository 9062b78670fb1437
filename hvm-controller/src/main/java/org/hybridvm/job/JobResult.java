// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

/**
 * How a job ended.
 *
 * @param state a terminal state
 * @param exitCode the program's own status, 0 to 255; 0 if a signal ended it
 * @param signal the signal that ended it, or 0
 * @param reason a sentence for people where the status does not say enough, or null
 */
public record JobResult(JobState state, int exitCode, int signal, String reason) {
    /** The shell's convention: no such program. */
    public static final int NOT_FOUND = 127;

    /** The shell's convention: found, but cannot be run. */
    public static final int NOT_RUNNABLE = 126;

    /** The job ended for a reason that is not the program's (as env, timeout and docker have it). */
    public static final int NOT_THE_PROGRAM = 125;

    public JobResult {
        if (!state.isTerminal()) {
            throw new IllegalArgumentException("not a terminal state: " + state);
        }
    }

    public static JobResult exited(int exitCode, String reason) {
        return new JobResult(exitCode == 0 ? JobState.COMPLETED : JobState.FAILED, exitCode, 0, reason);
    }

    public static JobResult signalled(JobState state, int signal, String reason) {
        return new JobResult(state, 0, signal, reason);
    }

    /** Ended by something other than the program. */
    public static JobResult failed(JobState state, String reason) {
        return new JobResult(state, NOT_THE_PROGRAM, 0, reason);
    }

    /** The exit status that a shell would show. */
    public int status() {
        return signal > 0 ? 128 + signal : exitCode;
    }
}
