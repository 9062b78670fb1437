// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

/**
 * The standard streams of a job as files of its guest, which the job opens itself, by its own rights.
 *
 * @param stderr if it is {@code stdout}, both are one
 * @param append whether output files are appended to and not emptied
 */
public record StreamFiles(String stdin, String stdout, String stderr, boolean append) {
    private static final String NOTHING = "/dev/null";

    /** Those of a batch job; a job that was put back into the queue appends to what it has written. */
    static StreamFiles of(BatchFacts facts) {
        return new StreamFiles(
                facts.stdin().isEmpty() ? NOTHING : facts.stdin(),
                facts.stdout(),
                facts.stderr(),
                facts.append() || facts.restarts() > 0);
    }
}
