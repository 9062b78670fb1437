// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.List;
import org.hybridvm.job.JobRequest;
import org.hybridvm.job.PartitionKind;

/** Requests with everything that a test does not care about filled in. */
final class TestRequests {
    private TestRequests() {}

    static JobRequest linux(String program) {
        return new JobRequest.Builder(program, List.of())
                .kind(PartitionKind.LINUX)
                .cores(0)
                .build();
    }
}
