// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.List;
import java.util.Optional;
import org.hybridvm.access.Caller;

/** The virtual machines that are up on this node. */
public interface GuestMachines {
    List<GuestMachine> running();

    /** Whether a caller may know of a VM and run jobs there; true if there is none of that name. May wait for a network. */
    boolean admits(String vm, Caller caller);

    /** @throws org.hybridvm.HvmException if there is such a VM, but no job can run on it now */
    Optional<GuestMachine> find(String name);

    /** The machines whose agents answer now. Does not block. */
    List<GuestMachine> reachable();

    /** {@code task} is run soon after a machine has become reachable; it must not block. */
    default void onReached(Runnable task) {}

    /**
     * Why a VM's processes are gone for good; empty as long as its agent answers, or may do so again. Does not block.
     *
     * @return a sentence
     */
    Optional<String> gone(String name);
}
