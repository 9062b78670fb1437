// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.Map;
import org.hybridvm.HvmException;
import org.hybridvm.Problem;
import org.hybridvm.vm.ApplyObserver;
import org.hybridvm.vm.VmPlan;

/** The steps of a plan as JSON events. */
interface ApplyEvents extends PhaseEvents, ApplyObserver {
    @Override
    default void vm(String name, VmPlan.Action action) {
        tell(Map.of("event", "vm", "vm", name, "action", PlanFacts.word(action)));
    }

    @Override
    default void done(String name) {
        tell(Map.of("event", "done", "vm", name));
    }

    @Override
    default void failed(String name, HvmException failure) {
        tell(Map.of("event", "vm_failed", "vm", name, "problem", Problem.toJson(failure)));
    }
}
