// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Instant;
import java.util.List;

/** Watches jobs from their acceptance to their end. Called in the order of things; must not block. */
public interface JobObserver {
    /** Nobody does. */
    JobObserver NONE = new JobObserver() {};

    /** The environment that a job shall have, {@code NAME=VALUE}, of what its caller asked for. */
    default List<String> environment(List<String> asked) {
        return asked;
    }

    /** A job runs now or has ended. */
    default void changed(JobRecord record, List<String> environment) {}

    /** A line of its proxy's report came. */
    default void reported(int job, ReportLine line, Instant when) {}
}
