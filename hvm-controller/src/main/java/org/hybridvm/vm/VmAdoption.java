// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.hybridvm.HvmException;
import org.hybridvm.event.Events;
import org.hybridvm.host.HostLedger;
import org.hybridvm.host.QemuProcess;
import org.libvirt.LibvirtException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a new hvmd does with the VMs that the one before it left. Those that run are adopted first, by what is on disk and by
 * QEMU's process, so that their jobs need not wait for libvirt; the rest follows when it is open.
 */
final class VmAdoption {
    private static final Logger LOG = LoggerFactory.getLogger(VmAdoption.class);
    private static final String ENDED_UNSEEN = "QEMU ended while no hvmd ran";

    private final Libvirt libvirt;
    private final VmRegister register;
    private final VmStore store;
    private final VmPaths paths;
    private final HostLedger ledger;
    private final VmDeclarations declarations;
    private final VmBoot boot;
    private final VmEnd end;
    private final QemuWatch watch;
    private final AgentLink link;
    private final Events events;
    private final List<VmRecord> records;
    private final Map<UUID, Vm> adopted = new HashMap<>();

    /** @param records of all VMs, as the last hvmd left them */
    VmAdoption(
            Libvirt libvirt,
            VmRegister register,
            VmStore store,
            VmPaths paths,
            HostLedger ledger,
            VmDeclarations declarations,
            VmBoot boot,
            VmEnd end,
            QemuWatch watch,
            AgentLink link,
            Events events,
            List<VmRecord> records) {
        this.libvirt = libvirt;
        this.register = register;
        this.store = store;
        this.paths = paths;
        this.ledger = ledger;
        this.declarations = declarations;
        this.boot = boot;
        this.end = end;
        this.watch = watch;
        this.link = link;
        this.events = events;
        this.records = records;
    }

    /** Adopts each VM whose QEMU runs. Needs no libvirt. */
    void begin() {
        records.stream()
                .filter(record -> record.phase() == VmRecord.Phase.RUNNING)
                .filter(record -> QemuProcess.find(record.uuid()).isPresent())
                .forEach(record -> adopted.put(record.uuid(), adopt(record)));
    }

    /** Finishes or undoes what was cut off. Waits for libvirt. */
    void finish() {
        for (VmRecord record : records) {
            switch (record.phase()) {
                case RUNNING -> {
                    Vm vm = adopted.get(record.uuid());
                    if (vm == null) {
                        endedUnseen(record);
                    } else if (!isKnown(record)) {
                        LOG.warn("libvirt does not know a VM that runs; it goes on vm={}", vm.name());
                    }
                }
                case STARTING, REMOVING -> undo(record);
                case APPLYING -> finish(record);
                case ENDED -> register.put(new Vm(record, VmState.FAILED, events));
            }
        }
    }

    private void endedUnseen(VmRecord record) {
        var vm = new Vm(record, VmState.FAILED, events);
        register.put(vm);
        end.clearUp(vm, ENDED_UNSEEN);
        register.record(vm, VmRecord.Phase.ENDED, ENDED_UNSEEN);
        LOG.warn("VM ended while no hvmd ran vm={}", vm.name());
        vm.tellState();
    }

    private void undo(VmRecord record) {
        LOG.warn(
                record.phase() == VmRecord.Phase.STARTING
                        ? "a launch was cut off and is undone vm={}"
                        : "a removal was cut off and is finished vm={}",
                record.layout().name());
        end.undo(new Vm(record, VmState.STOPPING, events));
    }

    private boolean isKnown(VmRecord record) {
        try {
            return libvirt.exists(VmPaths.domain(record.layout().name()));
        } catch (LibvirtException e) {
            LOG.warn(
                    "libvirt does not tell whether a VM is there, its QEMU is vm={} reason={}",
                    record.layout().name(),
                    e.getMessage());
            return true;
        }
    }

    /**
     * Boots a VM that was applied; in the background, for it takes long. Under a uuid of its own: the end of the QEMU that
     * was cut off while it booted is told late, and would be taken for that of the new one.
     */
    private void finish(VmRecord record) {
        LOG.warn("an apply was cut off and is finished vm={}", record.layout().name());
        Vm vm = register.starting(record.of(UUID.randomUUID()));
        declarations.enter(vm);
        Thread.ofVirtual().name("finish " + vm.name()).start(() -> {
            try {
                end.end(new Vm(record, VmState.STOPPING, events));
                register.record(vm, record.phase(), "");
                boot.boot(vm, new LoggedLaunch(vm.name()));
            } catch (HvmException e) {
                LOG.error("the VM that was applied does not start vm={} reason={}", vm.name(), e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private Vm adopt(VmRecord record) {
        var vm = new Vm(record, VmState.UNREACHABLE, events);
        register.put(vm);
        ledger.adopt(record.layout(), record.placement());
        try {
            vm.console(ConsoleLog.follow(
                    paths.console(record),
                    store.consoleOf(vm.name()),
                    record.layout().consoleLimit()));
        } catch (IOException e) {
            LOG.warn("the console of an adopted VM is not kept vm={} reason={}", vm.name(), e.getMessage());
        }
        LOG.info("VM is adopted vm={}", vm.name());
        events.publish("vm.adopted", "vm/" + vm.name(), Map.of());
        watch.begin(vm);
        link.reconnect(vm);
        return vm;
    }
}
