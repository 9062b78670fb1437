// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.event.Events;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The VMs that are there, by their names. May be used from any thread. */
final class VmRegister {
    private static final Logger LOG = LoggerFactory.getLogger(VmRegister.class);

    /** How long a caller waits for an agent that is out of reach. */
    private static final Duration SETTLE_LIMIT = Duration.ofSeconds(5);

    private final VmStore store;
    private final Events events;
    private final Map<String, Vm> vms = new ConcurrentHashMap<>();

    VmRegister(VmStore store, Events events) {
        this.store = store;
        this.events = events;
    }
    /** Puts a VM into the register, in the place of the one that had its name. */
    void put(Vm vm) {
        vms.put(vm.name(), vm);
    }

    /** Takes a VM out, unless another has its name by now. */
    void remove(Vm vm) {
        vms.remove(vm.name(), vm);
    }

    Collection<Vm> all() {
        return vms.values();
    }

    Optional<Vm> get(String name) {
        return Optional.ofNullable(vms.get(name));
    }

    /** A VM that is to be booted; not entered yet. */
    Vm starting(VmRecord record) {
        return new Vm(record, VmState.STARTING, events);
    }

    List<VmView> list() {
        return vms.values().stream()
                .sorted(Comparator.comparing(Vm::name))
                .map(this::view)
                .toList();
    }

    Optional<VmView> find(String name) {
        return get(name).map(this::view);
    }

    /** @throws HvmException {@link ErrorCode#NO_SUCH_VM} */
    VmView require(String name) {
        return find(name)
                .orElseThrow(() -> HvmException.of(ErrorCode.NO_SUCH_VM, "There is no such VM")
                        .value(name)
                        .allowed(vms.isEmpty() ? "none is there" : String.join(", ", vms.keySet()))
                        .hint("hvm list")
                        .build());
    }

    /** Waits some seconds for agents that are out of reach. */
    void settle() {
        vms.values().forEach(vm -> vm.settle(SETTLE_LIMIT));
    }

    /**
     * The VM's guest; waits some seconds for one that is out of reach.
     *
     * @throws HvmException if the VM is not there or its agent does not answer
     */
    Guest requireGuest(String name) {
        get(name).ifPresent(vm -> vm.settle(SETTLE_LIMIT));
        VmView vm = require(name);
        return vm.guest()
                .orElseThrow(() -> HvmException.of(ErrorCode.WRONG_STATE, "The VM is not ready")
                        .value(name + " is " + vm.state() + (vm.reason().isEmpty() ? "" : ": " + vm.reason()))
                        .allowed("READY")
                        .hint("hvm info " + name + "; hvm destroy " + name + " and launch it again")
                        .build());
    }

    /** @throws HvmException if there is no such VM, or QEMU does not run */
    Console requireConsole(String name) {
        VmView view = require(name);
        return get(name)
                .flatMap(Vm::console)
                .orElseThrow(() -> HvmException.of(ErrorCode.WRONG_STATE, "The VM's console cannot be reached")
                        .value(name + " is " + view.state())
                        .allowed("a VM that runs")
                        .hint("hvm console " + name)
                        .build());
    }

    /** Keeps how far a VM has come, on disk, too. */
    void record(Vm vm, VmRecord.Phase phase, String reason) {
        VmRecord record = vm.record().with(phase, reason);
        try {
            store.save(record);
        } catch (HvmException e) {
            LOG.error("a VM's record is not on disk vm={}", vm.name(), e);
        }
        vm.record(record);
    }

    VmView view(Vm vm) {
        VmRecord record = vm.record();
        Map<String, Long> phases = new LinkedHashMap<>();
        vm.phases().forEach(phase -> phases.put(phase.name(), phase.milliseconds()));
        return new VmView(
                record.layout(),
                vm.state(),
                vm.reason(),
                record.accelerator(),
                record.placement(),
                record.uuid(),
                record.created(),
                record.generation(),
                phases,
                vm.guest(),
                store.consoleOf(vm.name()),
                VmPaths.window(record));
    }
}
