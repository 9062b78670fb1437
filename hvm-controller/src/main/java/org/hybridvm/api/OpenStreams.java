// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.config.Limits;

/** Counts the streams that are open, of which there are only so many. May be used from any thread. */
final class OpenStreams {
    private final Limits limits;
    private final AtomicInteger open = new AtomicInteger();

    OpenStreams(Limits limits) {
        this.limits = limits;
    }

    /**
     * Counts one more.
     *
     * @return to be run when it ends; runs after the first do nothing
     * @throws HvmException {@link ErrorCode#TOO_MANY_STREAMS}
     */
    Runnable enter() {
        if (open.incrementAndGet() > limits.openStreams()) {
            open.decrementAndGet();
            throw HvmException.of(ErrorCode.TOO_MANY_STREAMS, "Too many streams are open")
                    .value(limits.openStreams())
                    .allowed("at most " + limits.openStreams())
                    .hint("end runs, attachments, consoles or followed events that are no longer wanted")
                    .build();
        }
        var left = new AtomicBoolean();
        return () -> {
            if (left.compareAndSet(false, true)) {
                open.decrementAndGet();
            }
        };
    }

    int count() {
        return open.get();
    }
}
