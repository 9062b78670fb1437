// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CoreQueueTest {
    private static final int TOTAL = 4;

    private final CoreQueue queue = new CoreQueue();
    private final List<Integer> started = new ArrayList<>();

    @Test
    void shouldStartAtOnceWhatFits() {
        assertThat(acquire(1, 3)).isEmpty();
        assertThat(acquire(2, 1)).isEmpty();
        assertThat(started).containsExactly(1, 2);
    }

    @Test
    void shouldNameTheJobsInTheWay() {
        acquire(1, 3);
        assertThat(acquire(2, 2)).containsExactly(1);
        assertThat(acquire(3, 1)).containsExactly(1, 2);
        assertThat(started).containsExactly(1);
    }

    @Test
    void shouldStartWaitersInTheirOrder() {
        acquire(1, 4);
        acquire(2, 3);
        acquire(3, 1);
        acquire(4, 1);
        queue.release(1);
        assertThat(started).containsExactly(1, 2, 3);
    }

    @Test
    void shouldNotLetASmallJobPassALargeOne() {
        acquire(1, 1);
        acquire(2, 4);
        acquire(3, 1);
        assertThat(started).containsExactly(1);
    }

    @Test
    void shouldForgetAWaiterThatIsCancelled() {
        acquire(1, 4);
        acquire(2, 4);
        acquire(3, 4);
        queue.release(2);
        queue.release(1);
        assertThat(started).containsExactly(1, 3);
    }

    private List<Integer> acquire(int job, int cores) {
        return queue.acquire(job, cores, TOTAL, () -> started.add(job));
    }
}
