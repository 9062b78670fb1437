// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.Map;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Problem;
import org.hybridvm.config.Limits;

/** Watches that the reader of a stream takes what it is sent. */
final class StallGuard {
    /** How long a reader that was told has to take that. */
    static final long CUT_MS = 5_000;

    private final Vertx vertx;
    private final Limits limits;
    private final Runnable stalled;

    /** @param stalled run on the event loop when nothing was taken for {@link Limits#stall} */
    StallGuard(Vertx vertx, Limits limits, Runnable stalled) {
        this.vertx = vertx;
        this.limits = limits;
        this.stalled = stalled;
    }

    /** @param write one at a time */
    Future<Void> guard(Future<Void> write) {
        long timer = vertx.setTimer(limits.stall().toMillis(), ignored -> stalled.run());
        return write.onComplete(ignored -> vertx.cancelTimer(timer));
    }

    /** What the reader is told. */
    static Map<String, Object> problem(Limits limits) {
        return Problem.toJson(HvmException.of(ErrorCode.STREAM_TOO_SLOW, "The stream was cut, nobody read it")
                .value("nothing taken for " + limits.stall().toSeconds() + " s")
                .hint("go on after the last that came")
                .build());
    }
}
