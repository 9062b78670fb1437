// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CoreQueueTest {
    private static final int TOTAL = 4;

    private final CoreQueue queue = new CoreQueue();

    @Test
    void shouldGiveCoresThatAreFree() {
        assertThat(queue.tryAcquire(1, 3, TOTAL)).isEmpty();
        assertThat(queue.tryAcquire(2, 1, TOTAL)).isEmpty();
    }

    @Test
    void shouldNameTheJobsInTheWay() {
        queue.adopt(1, 3);
        queue.tryAcquire(2, 1, TOTAL);
        assertThat(queue.tryAcquire(3, 1, TOTAL)).containsExactly(1, 2);
    }

    @Test
    void shouldGiveBackWhatAJobHas() {
        queue.adopt(1, 4);
        queue.release(2);
        assertThat(queue.tryAcquire(3, 1, TOTAL)).containsExactly(1);
        queue.release(1);
        assertThat(queue.tryAcquire(3, 4, TOTAL)).isEmpty();
    }
}
