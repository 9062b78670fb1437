// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.util.Optional;
import java.util.UUID;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.vm.VmPlan.Action;

/**
 * One step of a plan being carried out: its intent is on disk before anything is done, so that a next hvmd can finish it.
 * What goes wrong is kept, and the other VMs' steps go on. Used by one thread.
 */
final class VmApply {
    private final VmRegister register;
    private final VmDeclarations declarations;
    private final VmBoot boot;
    private final VmEnd end;
    private final VmPlan.Step step;
    private final Optional<Vm> old;
    private Optional<Vm> fresh = Optional.empty();
    private VmRecord intent;
    private HvmException failure;

    VmApply(
            VmRegister register,
            VmDeclarations declarations,
            VmBoot boot,
            VmEnd end,
            VmPlan.Step step,
            Optional<Vm> old) {
        this.register = register;
        this.declarations = declarations;
        this.boot = boot;
        this.end = end;
        this.step = step;
        this.old = old;
    }

    String vm() {
        return step.vm();
    }

    Optional<HvmException> failure() {
        return Optional.ofNullable(failure);
    }

    /** A VM that somebody else starts or ends at the moment is left to them. */
    void requireSettled() {
        VmState state = old.map(Vm::state).orElse(VmState.READY);
        if (state == VmState.STARTING || state == VmState.STOPPING) {
            throw HvmException.of(ErrorCode.WRONG_STATE, "The VM is being started or ended by somebody else")
                    .value(vm() + ", " + state)
                    .allowed("READY, UNREACHABLE, FAILED")
                    .owner(vm())
                    .hint("hvm list; then apply again")
                    .build();
        }
    }

    /** What has to be known if hvmd dies on the way. */
    VmRecord intent() {
        return switch (step.action()) {
            case REMOVE -> old.orElseThrow().record().with(VmRecord.Phase.REMOVING, "");
            case UPDATE -> old.orElseThrow().record().with(step.layout().orElseThrow());
            default ->
                new VmRecord(
                        step.layout().orElseThrow(),
                        UUID.randomUUID(),
                        declarations.acceleratorOf(step.layout().orElseThrow()),
                        step.claim().orElseThrow().placement(),
                        System.currentTimeMillis(),
                        0,
                        VmRecord.Phase.APPLYING,
                        "");
        };
    }

    /** The intent is on disk. */
    void begin(VmRecord declared) {
        intent = declared;
        if (step.action().endsJobs()) {
            old.orElseThrow().beginStop();
        }
        if (step.action().boots()) {
            declarations.reserve(intent);
        }
        if (step.action() == Action.CREATE || step.action() == Action.START) {
            fresh = Optional.of(register.starting(intent));
            declarations.enter(fresh.get());
        }
    }

    /** Ends what is to go, or to come back otherwise. */
    void end(ApplyObserver observer) {
        if (!step.action().endsJobs()) {
            return;
        }
        observer.vm(vm(), step.action());
        attempt(observer, () -> {
            if (step.action() == Action.REMOVE) {
                end.undo(old.orElseThrow());
                observer.done(vm());
            } else {
                end.end(old.orElseThrow());
                fresh = Optional.of(register.starting(intent));
                declarations.enter(fresh.get());
            }
        });
    }

    /** Boots what is to come, and changes what goes on. */
    void boot(ApplyObserver observer) {
        if (failure != null || step.action() == Action.REMOVE) {
            return;
        }
        observer.vm(vm(), step.action());
        attempt(observer, () -> {
            if (step.action() == Action.UPDATE) {
                update(old.orElseThrow(), intent);
            } else {
                step.claim().orElseThrow().placement().notes().forEach(observer::note);
                boot.boot(fresh.orElseThrow(), observer);
            }
            observer.done(vm());
        });
    }

    /** Changes a VM while it runs. */
    private static void update(Vm vm, VmRecord newer) {
        vm.record(newer.with(vm.record().phase(), vm.record().reason()));
        vm.console().ifPresent(console -> console.limit(newer.layout().consoleLimit()));
    }

    private interface Work {
        void run() throws InterruptedException;
    }

    private void attempt(ApplyObserver observer, Work work) {
        try {
            work.run();
        } catch (HvmException e) {
            failure = e;
            observer.failed(vm(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            failure = HvmException.of(ErrorCode.SHUTTING_DOWN, "hvmd ends")
                    .value(vm())
                    .hint("the next hvmd finishes it")
                    .build();
        }
    }
}
