// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for what cannot be waited for otherwise, with a limit. */
final class Await {
    private static final Duration PAUSE = Duration.ofMillis(100);

    private Await() {}

    /** @throws AssertionError if it is not so at the limit */
    static void until(String what, Duration limit, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not so within " + limit.toSeconds() + " s: " + what);
            }
            Thread.sleep(PAUSE);
        }
    }
}
