// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.time.Duration;

/**
 * How the life of an HRT partition is watched, and what is done when it is gone (docs/health.md).
 *
 * @param heartbeat how long a core may show no sign of life before it is asked for one; zero: it is never asked
 * @param hungAfter how long it may show none, asked or not, before its partition is HUNG
 * @param onHung what is done with a partition that is HUNG or FAILED
 * @param ask which cores are asked
 */
public record Health(Duration heartbeat, Duration hungAfter, OnHung onHung, Ask ask) {
    public static final Health DEFAULT =
            new Health(Duration.ofSeconds(10), Duration.ofSeconds(30), OnHung.REBOOT, Ask.BUSY);

    /** What is done with a partition that is HUNG or FAILED, after a dump was kept. */
    public enum OnHung {
        /** Its jobs end, and it is booted anew; Linux goes on. */
        REBOOT,
        /** It is left as it is, to be looked at. */
        REPORT,
        /** The VM is destroyed. */
        DESTROY
    }

    /** Which cores are asked for a sign of life; each question costs a core one interrupt. */
    public enum Ask {
        /** Those that a job has. */
        BUSY,
        /** Idle ones, too. */
        ALWAYS
    }
}
