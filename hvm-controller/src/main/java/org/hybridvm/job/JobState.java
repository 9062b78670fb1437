// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

/** States of a job, by Slurm's words. */
public enum JobState {
    /** Accepted; waits for free cores. */
    PENDING(false),
    /** Its process exists in the guest. */
    RUNNING(false),
    /** Ended by itself with status 0. */
    COMPLETED(true),
    /** Ended with another status or by a signal, or could not be started. */
    FAILED(true),
    /** Ended because somebody asked for it. */
    CANCELLED(true),
    /** Ended because its time limit was over. */
    TIMEOUT(true),
    /** Linux killed it because it had all memory that it may have, or all that there was. */
    OUT_OF_MEMORY(true),
    /** Its VM, its agent or hvmd went away under it. */
    NODE_FAIL(true);

    private final boolean terminal;

    JobState(boolean terminal) {
        this.terminal = terminal;
    }

    public boolean isTerminal() {
        return terminal;
    }
}
