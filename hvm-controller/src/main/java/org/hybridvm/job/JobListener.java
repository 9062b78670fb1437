// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.nio.ByteBuffer;

/**
 * The side of a job that its caller sees. Calls come in order; they come from threads that must not be blocked, and never
 * with a lock of the job service held. The last one is {@link #ended}. Who does not care about a call leaves it out.
 */
public interface JobListener {
    /** The job exists; the first call. */
    default void accepted(Job job) {}

    /** The job waits for cores; {@code reason} is a sentence that names who has them. */
    default void pending(String reason) {}

    default void running() {}

    /** The guest has the first {@code accepted} bytes of its standard input, and takes {@code window} more. */
    default void stdinCredit(long accepted, int window) {}

    default void output(OutputStreamKind stream, ByteBuffer bytes) {}

    /** A line of the job's report, see {@link ReportLine}. */
    default void report(String line) {}

    void ended(JobResult result);

    /**
     * Whether it counts what it gets of each stream, says so by {@link Job#grant}, and lets go of the job by
     * {@link JobService#leave}: until then the guest keeps what it may not have got.
     */
    default boolean countsForItself() {
        return false;
    }

    /** The job goes on behind another channel to its guest; who counts for himself joins it anew. */
    default void reattached() {}
}
