// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Vertx;
import java.util.concurrent.TimeUnit;
import org.hybridvm.metrics.Histogram;
import org.hybridvm.metrics.Metrics;

/** How late an event loop is: a timer that ought to come each second, and the time that it comes too late. */
final class LoopLag {
    private static final long PERIOD_MILLIS = 1000;

    private final Histogram lag;
    private long due;

    private LoopLag(Metrics metrics) {
        lag = metrics.durations("hvm_event_loop_lag_seconds", "How much later than due a timer of an event loop came.");
    }

    static void watch(Vertx vertx, Metrics metrics) {
        var watch = new LoopLag(metrics);
        watch.due = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PERIOD_MILLIS);
        vertx.setPeriodic(PERIOD_MILLIS, timer -> watch.tick());
    }

    private void tick() {
        long now = System.nanoTime();
        lag.observe(Math.max(0, now - due));
        due = now + TimeUnit.MILLISECONDS.toNanos(PERIOD_MILLIS);
    }
}
