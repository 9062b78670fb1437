// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.HashMap;
import java.util.Map;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;
import org.hybridvm.access.Owner;
import org.hybridvm.access.Quotas;
import org.hybridvm.access.Role;

/** Refuses jobs of users who have as many as they may. May be used from any thread, but not from an event loop. */
final class Admission {
    private final JobRegister register;
    private final Quotas quotas;
    private final SubmitRate rate;
    private final Map<Integer, Integer> entering = new HashMap<>(); // admitted, and not known yet; guarded by this

    Admission(JobRegister register, Quotas quotas) {
        this.register = register;
        this.quotas = quotas;
        this.rate = new SubmitRate(quotas, System::nanoTime);
    }

    /**
     * Admits jobs that are to be known soon; {@link #entered} when they are, or will never be.
     *
     * @throws HvmException {@link ErrorCode#QUOTA_EXCEEDED}, {@link ErrorCode#TOO_MANY_SUBMITS}; then none is admitted
     */
    synchronized void enter(Owner owner, int jobs) {
        require(owner, jobs);
        rate.take(owner);
        entering.merge(owner.uid(), jobs, Integer::sum);
    }

    synchronized void entered(Owner owner, int jobs) {
        entering.computeIfPresent(owner.uid(), (uid, before) -> before > jobs ? before - jobs : null);
    }

    /** The same as {@link #enter}, and admits nothing. */
    synchronized void require(Owner owner, int jobs) {
        quotas.of(owner).jobs().ifPresent(allowed -> {
            long has = register.countAlive(owner) + entering.getOrDefault(owner.uid(), 0);
            if (has + jobs > allowed) {
                throw HvmException.of(ErrorCode.QUOTA_EXCEEDED, "The user may not have that many jobs at a time")
                        .value(has + " and " + jobs + " more")
                        .allowed("at most " + allowed + " that wait or run (quotas in hvmd.yaml)")
                        .owner("user " + owner.name())
                        .hint("hvm queue; wait for some to end, or hvm cancel JOB")
                        .build();
            }
        });
    }

    /** @throws HvmException {@link ErrorCode#FORBIDDEN} if the caller may not go before others */
    static void requireModest(Caller caller, int priority) {
        if (priority > 0 && !caller.has(Role.OPERATOR)) {
            throw HvmException.of(ErrorCode.FORBIDDEN, "Only operators may raise a job's priority")
                    .value(priority)
                    .allowed("0 or less, by --nice")
                    .owner("the administrator of this host")
                    .build();
        }
    }
}
