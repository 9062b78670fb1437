// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.hybridvm.access.Owner;
import org.junit.jupiter.api.Test;

class EndedJobsTest {
    private final EndedJobs jobs = new EndedJobs(2);

    @Test
    void shouldForgetTheOneThatEndedFirstWhateverItsNumber() {
        assertThat(jobs.add(ended(7, 10))).isEmpty();
        assertThat(jobs.add(ended(8, 20))).isEmpty();
        assertThat(jobs.add(ended(1, 30))).as("a long one").containsExactly(7);
        assertThat(jobs.add(ended(9, 40))).containsExactly(8);
    }

    @Test
    void shouldNotCountAJobThatWaitsAgain() {
        jobs.add(ended(1, 10));
        jobs.remove(1);
        assertThat(jobs.add(ended(2, 20))).isEmpty();
        assertThat(jobs.add(ended(3, 30))).isEmpty();
    }

    @Test
    void shouldCountAJobOnceThoughItEndsTwice() {
        jobs.add(ended(1, 10));
        jobs.add(ended(1, 30));
        assertThat(jobs.add(ended(2, 20))).isEmpty();
        assertThat(jobs.add(ended(3, 40))).containsExactly(2);
    }

    private static JobRecord ended(int number, long second) {
        return JobRecord.pending(
                        number,
                        new Owner(1000, "ada"),
                        "demo",
                        "hrt",
                        PartitionKind.HRT,
                        1,
                        List.of("true"),
                        "/",
                        Instant.EPOCH,
                        Optional.empty(),
                        Handover.NONE)
                .ended(JobResult.exited(0, ""), Instant.ofEpochSecond(second));
    }
}
