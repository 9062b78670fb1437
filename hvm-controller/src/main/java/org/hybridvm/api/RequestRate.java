// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.config.Limits;

/** How many requests each caller may still make: one token bucket a caller (RFC 2697's, without its second color). */
final class RequestRate {
    private static final int MAX_CALLERS = 1_000;
    private static final double SECOND = 1e9;

    private final Limits limits;
    private final LongSupplier nanoTime;

    /** By caller, the least recent first. */
    private final Map<String, Bucket> buckets = new LinkedHashMap<>(16, 0.75f, true) { // guarded by this
                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Bucket> eldest) {
                    return size() > MAX_CALLERS;
                }
            };

    private static final class Bucket {
        private double tokens;
        private long filled;
    }

    RequestRate(Limits limits, LongSupplier nanoTime) {
        this.limits = limits;
        this.nanoTime = nanoTime;
    }

    /** @throws HvmException {@link ErrorCode#TOO_MANY_REQUESTS} if the caller has to wait */
    synchronized void take(String caller) {
        long now = nanoTime.getAsLong();
        Bucket bucket = buckets.computeIfAbsent(caller, ignored -> full(now));
        double earned = (now - bucket.filled) / SECOND * limits.requestsPerSecond();
        bucket.tokens = Math.min(limits.burst(), bucket.tokens + earned);
        bucket.filled = now;
        if (bucket.tokens < 1) {
            throw HvmException.of(ErrorCode.TOO_MANY_REQUESTS, "Too many requests")
                    .value("more than " + limits.burst() + " at once")
                    .allowed(limits.requestsPerSecond() + " a second")
                    .owner(caller)
                    .hint("wait a second")
                    .build();
        }
        bucket.tokens--;
    }

    private Bucket full(long now) {
        var bucket = new Bucket();
        bucket.tokens = limits.burst();
        bucket.filled = now;
        return bucket;
    }
}
