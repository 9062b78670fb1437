// SPDX-License-Identifier: Apache-2.0
package org.hybridvm;

import java.time.Duration;

/**
 * Tokens that come back at a steady rate, up to a limit: RFC 2697's bucket, without its second color. Starts full. Times are
 * nanoseconds of a clock that only goes on. Not for several threads at once.
 */
public final class TokenBucket {
    private final double size;
    private final double tokensPerNano;
    private double tokens;
    private long filled;

    /**
     * @param size the most that can be there
     * @param perToken how long until one comes back
     */
    public TokenBucket(int size, Duration perToken, long now) {
        this.size = size;
        this.tokensPerNano = 1.0 / perToken.toNanos();
        this.tokens = size;
        this.filled = now;
    }

    /**
     * Takes one.
     *
     * @return zero if there was one, else how long until there is; then nothing is taken
     */
    public Duration take(long now) {
        tokens = Math.min(size, tokens + (now - filled) * tokensPerNano);
        filled = now;
        if (tokens < 1) {
            return Duration.ofNanos((long) Math.ceil((1 - tokens) / tokensPerNano));
        }
        tokens--;
        return Duration.ZERO;
    }
}
