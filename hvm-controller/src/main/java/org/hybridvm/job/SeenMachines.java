// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.List;
import java.util.Optional;
import org.hybridvm.access.Caller;

/** The machines that one caller may use: the others are to him as if they were not there. */
final class SeenMachines implements GuestMachines {
    private final GuestMachines all;
    private final Caller caller;

    SeenMachines(GuestMachines all, Caller caller) {
        this.all = all;
        this.caller = caller;
    }

    @Override
    public boolean admits(String vm, Caller asker) {
        return all.admits(vm, asker);
    }

    @Override
    public List<GuestMachine> running() {
        return seen(all.running());
    }

    /** Asked for first: that a VM takes no jobs just now tells that it is there. */
    @Override
    public Optional<GuestMachine> find(String name) {
        return all.admits(name, caller) ? all.find(name) : Optional.empty();
    }

    @Override
    public List<GuestMachine> reachable() {
        return seen(all.reachable());
    }

    @Override
    public Optional<String> gone(String name) {
        return all.gone(name);
    }

    private List<GuestMachine> seen(List<GuestMachine> machines) {
        return machines.stream()
                .filter(machine -> all.admits(machine.name(), caller))
                .toList();
    }
}
