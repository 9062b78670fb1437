// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.TokenBucket;
import org.hybridvm.access.Owner;
import org.hybridvm.access.Quotas;

/**
 * How many jobs each user may still hand in: as many as a minute has at once, then one whenever its part of a minute is over.
 * Forgotten with this hvmd. May be used from any thread, but not from an event loop.
 */
final class SubmitRate {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final Quotas quotas;
    private final LongSupplier nanoTime;
    private final Map<Integer, TokenBucket> buckets = new HashMap<>(); // by user who has a limit; guarded by this

    SubmitRate(Quotas quotas, LongSupplier nanoTime) {
        this.quotas = quotas;
        this.nanoTime = nanoTime;
    }

    /**
     * Counts a submission, an array as one, or a run.
     *
     * @throws HvmException {@link ErrorCode#TOO_MANY_SUBMITS}, which says when to try again; then it is not counted
     */
    void take(Owner owner) {
        quotas.of(owner).submitsPerMinute().ifPresent(most -> {
            if (most == 0) {
                throw refusal(owner, most)
                        .hint("ask the administrator of this host")
                        .build();
            }
            Duration wait = take(owner, most);
            if (wait.isPositive()) {
                long seconds = wait.plusNanos(999_999_999).toSeconds();
                throw refusal(owner, most)
                        .retryAfter(Duration.ofSeconds(seconds))
                        .hint("again in " + seconds + " s; hvm submit --array counts once")
                        .build();
            }
        });
    }

    private synchronized Duration take(Owner owner, int most) {
        long now = nanoTime.getAsLong();
        return buckets.computeIfAbsent(owner.uid(), uid -> new TokenBucket(most, MINUTE.dividedBy(most), now))
                .take(now);
    }

    private static HvmException.Builder refusal(Owner owner, int most) {
        return HvmException.of(ErrorCode.TOO_MANY_SUBMITS, "The user may not hand in jobs that fast")
                .allowed(most + " a minute, submissions and runs together (quotas in hvmd.yaml)")
                .owner("user " + owner.name());
    }
}
