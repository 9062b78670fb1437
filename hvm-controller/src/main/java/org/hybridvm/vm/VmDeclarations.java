// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.host.HostLedger;
import org.hybridvm.host.KvmProbe;
import org.hybridvm.host.Placement;
import org.hybridvm.layout.Layout;
import org.hybridvm.store.Database;

/** Decides what VMs there shall be, one decision at a time, and has it on disk and in the ledger before anything is done. */
final class VmDeclarations {
    private final VmRegister register;
    private final VmStore store;
    private final HostLedger ledger;
    private final KvmProbe.Verdict kvm;

    VmDeclarations(VmRegister register, VmStore store, HostLedger ledger, KvmProbe.Verdict kvm) {
        this.register = register;
        this.store = store;
        this.ledger = ledger;
        this.kvm = kvm;
    }
    /**
     * What it would take to have the VMs that layouts declare.
     *
     * @param prune whether VMs that none declares go
     * @throws HvmException if the host has not what they ask for
     */
    synchronized VmPlan plan(List<Layout> wanted, boolean prune) {
        wanted.forEach(this::requirePossible);
        return VmPlanner.plan(ledger.books(), present(), wanted, prune);
    }

    /** What is there, and as what it was declared. */
    private List<VmPlanner.Present> present() {
        return register.all().stream()
                .map(vm -> new VmPlanner.Present(
                        vm.record().layout(), new VmPlan.Basis(vm.record().generation(), vm.state() != VmState.FAILED)))
                .toList();
    }

    /** Puts the intent of all steps on disk at once, and into the ledger. */
    synchronized List<VmApply> begin(
            List<Layout> wanted,
            boolean prune,
            Function<VmPlan, Database.Work<Void>> check,
            BiFunction<VmPlan.Step, Optional<Vm>, VmApply> steps) {
        VmPlan plan = plan(wanted, prune);
        Database.Work<Void> also = check.apply(plan);
        List<VmApply> begun = plan.steps().stream()
                .filter(step -> !step.action().isIdle())
                .map(step -> steps.apply(step, register.get(step.vm())))
                .toList();
        if (begun.isEmpty()) {
            return begun;
        }
        begun.forEach(VmApply::requireSettled);
        List<VmRecord> intents =
                store.declare(begun.stream().map(VmApply::intent).toList(), also);
        for (int i = 0; i < begun.size(); i++) {
            begun.get(i).begin(intents.get(i));
        }
        return begun;
    }

    /**
     * Enters a VM that is to be launched: checks, places, and puts the intent on disk.
     *
     * @throws HvmException if a VM of the name runs, or the host has not what it asks for
     */
    synchronized Vm declare(Layout layout, BootObserver observer) {
        Optional<Vm> old = register.get(layout.name()).filter(vm -> vm.state() != VmState.FAILED);
        if (old.isPresent()) {
            throw HvmException.of(ErrorCode.VM_EXISTS, "A VM of this name is there")
                    .value(layout.name() + ", " + old.get().state())
                    .owner("hvmd " + ProcessHandle.current().pid())
                    .hint("hvm destroy " + layout.name() + ", or give the layout another name")
                    .build();
        }
        requirePossible(layout);
        Accelerator accelerator = Accelerator.choose(layout, kvm);
        if (accelerator == Accelerator.TCG) {
            observer.note("QEMU interprets (TCG), times are ratios only: "
                    + (kvm.usable() ? "the layout says so" : kvm.reason()));
        }
        Placement placement = ledger.place(layout);
        placement.notes().forEach(observer::note);
        var record = new VmRecord(
                layout,
                UUID.randomUUID(),
                accelerator,
                placement,
                System.currentTimeMillis(),
                0,
                VmRecord.Phase.STARTING,
                "");
        try {
            var vm = register.starting(store.declare(List.of(record)).getFirst());
            store.freshFolder(vm.name());
            enter(vm);
            return vm;
        } catch (IOException | RuntimeException e) {
            ledger.release(layout.name());
            throw e instanceof RuntimeException known ? known : new UncheckedIOException((IOException) e);
        }
    }

    /** Keeps from others what a VM is to get. */
    void reserve(VmRecord record) {
        ledger.adopt(record.layout(), record.placement());
    }

    /** Enters a VM that is to be booted. */
    void enter(Vm vm) {
        reserve(vm.record());
        register.put(vm);
        vm.tellState();
    }

    Accelerator acceleratorOf(Layout layout) {
        return Accelerator.choose(layout, kvm);
    }

    /** What no host could give, and what this one can not. */
    private void requirePossible(Layout layout) {
        requireMounts(layout);
        Accelerator.choose(layout, kvm);
    }

    private static void requireMounts(Layout layout) {
        if (layout.mounts().size() > DomainXml.MAX_MOUNTS) {
            throw HvmException.of(ErrorCode.INVALID_LAYOUT, "The layout has too many mounts")
                    .value(layout.mounts().size())
                    .allowed("at most " + DomainXml.MAX_MOUNTS)
                    .owner(layout.name())
                    .build();
        }
    }
}
