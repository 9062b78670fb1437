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
import org.hybridvm.vm.ApplyObserver;

/**
 * What the API needs to have the VMs that layouts declare. Calls block, so never from an event loop; refusals are
 * {@link HvmException}s.
 */
public interface LayoutControl {
    /** A plan: what would be done, the host before and after, and what it was made for. */
    Map<String, Object> plan(Declaration declaration);

    /**
     * Does it; answers the plan.
     *
     * @param idle refuses if jobs run on one of these VMs, which are to be ended
     */
    Map<String, Object> apply(Declaration declaration, Consumer<List<String>> idle, ApplyObserver observer);

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
