// SPDX-License-Identifier: Apache-2.0
package org.hybridvm;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for what another thread or process is about to do. */
public final class Await {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final long PERIOD_MILLIS = 5;

    private Await() {}

    /** Waits until a condition holds, for a minute if the test has no limit of its own. */
    public static void await(BooleanSupplier condition) throws InterruptedException {
        long begun = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - begun > LIMIT.toNanos()) {
                throw new AssertionError("what was awaited has not come within " + LIMIT.toSeconds() + " s");
            }
            Thread.sleep(PERIOD_MILLIS);
        }
    }
}
