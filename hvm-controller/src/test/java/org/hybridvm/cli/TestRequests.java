// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.hybridvm.job.JobRequest;
import org.hybridvm.job.PartitionKind;

/** Requests with everything that a test does not care about filled in. */
final class TestRequests {
    private TestRequests() {}

    static JobRequest linux(String program) {
        return new JobRequest(
                Optional.empty(),
                Optional.empty(),
                PartitionKind.LINUX,
                0,
                Set.of(),
                program,
                List.of(),
                Path.of("/"),
                List.of(),
                "",
                false,
                Optional.empty());
    }
}
