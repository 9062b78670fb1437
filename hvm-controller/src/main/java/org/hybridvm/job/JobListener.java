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

    /** {@code bytes} more may be sent to its standard input. */
    default void stdinCredit(int bytes) {}

    default void output(OutputStreamKind stream, ByteBuffer bytes) {}

    /** A line of the job's report, see {@link ReportLine}. */
    default void report(String line) {}

    void ended(JobResult result);
}
