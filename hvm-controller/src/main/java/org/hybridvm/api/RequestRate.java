// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.TokenBucket;
import org.hybridvm.config.Limits;

/** How many requests each caller may still make: one token bucket a caller. */
final class RequestRate {
    private static final int MAX_CALLERS = 1_000;
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final Limits limits;
    private final LongSupplier nanoTime;

    /** By caller, the least recent first. */
    private final Map<String, TokenBucket> buckets = new LinkedHashMap<>(16, 0.75f, true) { // guarded by this
                @Override
                protected boolean removeEldestEntry(Map.Entry<String, TokenBucket> eldest) {
                    return size() > MAX_CALLERS;
                }
            };

    RequestRate(Limits limits, LongSupplier nanoTime) {
        this.limits = limits;
        this.nanoTime = nanoTime;
    }

    /** @throws HvmException {@link ErrorCode#TOO_MANY_REQUESTS} if the caller has to wait */
    synchronized void take(String caller) {
        long now = nanoTime.getAsLong();
        TokenBucket bucket = buckets.computeIfAbsent(
                caller, ignored -> new TokenBucket(limits.burst(), SECOND.dividedBy(limits.requestsPerSecond()), now));
        if (bucket.take(now).isPositive()) {
            throw HvmException.of(ErrorCode.TOO_MANY_REQUESTS, "Too many requests")
                    .value("more than " + limits.burst() + " at once")
                    .allowed(limits.requestsPerSecond() + " a second")
                    .owner(caller)
                    .hint("wait a second")
                    .build();
        }
    }
}
