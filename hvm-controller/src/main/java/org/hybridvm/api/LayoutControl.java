// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.access.Caller;
import org.hybridvm.store.Database;
import org.hybridvm.vm.ApplyObserver;

/**
 * What the API needs to have the VMs that layouts declare. Calls block, so never from an event loop; refusals are
 * {@link HvmException}s.
 */
public interface LayoutControl {
    /** A plan: what would be done, the host before and after, and what it was made for. */
    Map<String, Object> plan(Declaration declaration);

    /** Does it; answers the plan. */
    Map<String, Object> apply(Declaration declaration, Gate gate, ApplyObserver observer);

    /**
     * Waits until what an earlier hvmd began is finished, as this one does by itself; answers the plan.
     *
     * @param plan that it had begun
     * @throws HvmException if VMs are not as it wanted them
     */
    Map<String, Object> finish(JsonObject plan, ApplyObserver observer);

    /** What is asked before anything is done. */
    interface Gate {
        /** @throws HvmException if jobs run on one of these VMs, which are to be ended */
        void requireIdle(List<String> vms);

        /** What is kept in the transaction that keeps what is intended. */
        default Database.Work<Void> keeping(Map<String, Object> plan) {
            return connection -> null;
        }

        static Gate of(Consumer<List<String>> idle) {
            return idle::accept;
        }
    }

    /** A VM as it was declared: {@code {"vm", "generation", "layout"}}. */
    Map<String, Object> layout(String vm);

    /** The host's cores and memory, and who has them, as far as it is one of {@code vms}. */
    Map<String, Object> host(Set<String> vms);

    /**
     * What is to be.
     *
     * @param layouts YAML files with a layout in each document
     * @param plan one that was made before, instead of layouts
     * @param prune whether VMs that are not declared are removed
     * @param caller with whose rights files and folders are looked at
     */
    record Declaration(List<VmControl.LayoutSource> layouts, Optional<JsonObject> plan, boolean prune, Caller caller) {}
}
