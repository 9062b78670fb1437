// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** How a job is begun that could not be at once: it waits for its cores, or nobody knows whether an agent was given it. */
final class DeferredStart {
    private final AtomicBoolean claimed = new AtomicBoolean();
    private volatile Runnable waiting;
    private volatile Consumer<GuestMachine> unbegun; // of a job that its caller has described again

    /** Takes the right to have it begun for the first time; false if somebody has it. */
    boolean claim() {
        return claimed.compareAndSet(false, true);
    }

    /** How it is begun when it has waited for its cores. */
    void later(Runnable how) {
        waiting = how;
    }

    /** It has its cores now. */
    void now() {
        waiting.run();
    }

    /** How it is begun, should it turn out that no agent was given it. */
    void whenUnbegun(Consumer<GuestMachine> how) {
        unbegun = how;
    }

    /** No agent was given it. False if nobody has said how it is begun. */
    boolean beginUnbegun(GuestMachine machine) {
        Consumer<GuestMachine> how = unbegun;
        if (how != null) {
            how.accept(machine);
        }
        return how != null;
    }
}
