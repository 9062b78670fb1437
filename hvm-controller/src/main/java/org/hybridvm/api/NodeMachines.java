// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.List;
import java.util.Optional;
import org.hybridvm.access.Caller;
import org.hybridvm.job.GuestMachine;
import org.hybridvm.job.GuestMachines;
import org.hybridvm.vm.VmManager;
import org.hybridvm.vm.VmState;
import org.hybridvm.vm.VmView;

/** The VMs of this node as jobs want them. */
final class NodeMachines implements GuestMachines {
    private final NodeManager node;

    NodeMachines(NodeManager node) {
        this.node = node;
    }

    @Override
    public boolean admits(String vm, Caller caller) {
        return node.get().find(vm).map(view -> view.layout().admits(caller)).orElse(true);
    }

    @Override
    public List<GuestMachine> running() {
        VmManager manager = node.get();
        manager.settle();
        return manager.list().stream()
                .filter(view -> view.state() == VmState.READY)
                .map(view -> machine(view, manager))
                .toList();
    }

    @Override
    public Optional<GuestMachine> find(String name) {
        VmManager manager = node.get();
        return manager.find(name).map(view -> {
            manager.requireGuest(name);
            return machine(view, manager);
        });
    }

    @Override
    public List<GuestMachine> reachable() {
        return node.adopted()
                .map(manager -> manager.list().stream()
                        .filter(view ->
                                view.state() == VmState.READY && view.guest().isPresent())
                        .map(view -> machine(view, manager))
                        .toList())
                .orElse(List.of());
    }

    @Override
    public void onReached(Runnable task) {
        node.whenAdopted(manager -> {
            manager.onReached(task);
            task.run(); // some may have answered before
        });
    }

    @Override
    public Optional<String> gone(String name) {
        return node.now().flatMap(manager -> {
            Optional<VmView> view = manager.find(name);
            if (view.isEmpty()) {
                return Optional.of("VM " + name + " is not there any more");
            }
            return view.filter(one -> one.state() == VmState.FAILED).map(VmView::reason);
        });
    }

    private static GuestMachine machine(VmView view, VmManager manager) {
        return new NodeMachine(view, manager);
    }
}
