// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.hybridvm.host.Claim;
import org.hybridvm.host.HostBooks;
import org.hybridvm.layout.Difference;
import org.hybridvm.layout.Layout;

/**
 * What it takes to have the VMs that layouts declare.
 *
 * @param basis the VMs that it was made for, by name
 * @param steps one for each VM that is declared or there, in the order of their names
 * @param before the host as it is
 * @param after the host as it would be
 */
public record VmPlan(TreeMap<String, Basis> basis, List<Step> steps, HostBooks before, HostBooks after) {
    public VmPlan {
        steps = List.copyOf(steps);
    }

    /**
     * A VM as it was when the plan was made.
     *
     * @param generation of what was declared
     * @param running false: QEMU is gone
     */
    public record Basis(long generation, boolean running) {}

    /** What happens to a VM. */
    public enum Action {
        /** It is as declared. */
        NONE,
        /** It is there, not declared, and left alone. */
        KEEP,
        CREATE,
        /** It is as declared, but QEMU is gone. */
        START,
        /** It is changed while it runs. */
        UPDATE,
        /** It is ended, and booted as declared. */
        RESTART,
        REMOVE;

        /** Whether nothing happens. */
        public boolean isIdle() {
            return this == NONE || this == KEEP;
        }

        /** Whether jobs on it end. */
        public boolean endsJobs() {
            return this == RESTART || this == REMOVE;
        }

        /** Whether it is booted. */
        public boolean boots() {
            return this == CREATE || this == START || this == RESTART;
        }
    }

    /**
     * What happens to one VM.
     *
     * @param layout as declared; empty: it is not
     * @param claim what it has of the host afterwards; empty: nothing, or what it has now
     */
    public record Step(
            String vm, Action action, List<Difference> differences, Optional<Layout> layout, Optional<Claim> claim) {
        public Step {
            differences = List.copyOf(differences);
        }
    }

    /** Whether there is nothing to do. */
    public boolean isEmpty() {
        return steps.stream().allMatch(step -> step.action().isIdle());
    }
}
