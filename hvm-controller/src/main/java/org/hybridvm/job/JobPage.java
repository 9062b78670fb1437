// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.function.Predicate;

/**
 * Which jobs somebody wants to see.
 *
 * @param after those with a higher number
 * @param limit so many
 * @param newest the last of them, else the first
 * @param wanted others do not count
 */
public record JobPage(int after, int limit, boolean newest, Predicate<JobRecord> wanted) {
    /** The first jobs after a number. */
    public static JobPage after(int number, int limit, Predicate<JobRecord> wanted) {
        return new JobPage(number, limit, false, wanted);
    }

    /** The last jobs. */
    public static JobPage last(int limit, Predicate<JobRecord> wanted) {
        return new JobPage(0, limit, true, wanted);
    }

    JobPage and(Predicate<JobRecord> also) {
        return new JobPage(after, limit, newest, wanted.and(also));
    }
}
