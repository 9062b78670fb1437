// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.event.Events;
import org.hybridvm.host.HostLedger;
import org.hybridvm.host.QemuProcess;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends VMs, and clears up behind those that ended. Calls block. */
final class VmEnd {
    private static final Logger LOG = LoggerFactory.getLogger(VmEnd.class);

    /** libvirt itself tries for some 15 s; a daemon of its may be away, or hang. */
    private static final Duration LIBVIRT_LIMIT = Duration.ofSeconds(30);

    private static final Duration KILL_LIMIT = Duration.ofSeconds(10);

    private final Libvirt libvirt;
    private final VmRegister register;
    private final VmStore store;
    private final VmPaths paths;
    private final HostLedger ledger;
    private final PartitionCare care;
    private final Events events;

    VmEnd(
            Libvirt libvirt,
            VmRegister register,
            VmStore store,
            VmPaths paths,
            HostLedger ledger,
            PartitionCare care,
            Events events) {
        this.libvirt = libvirt;
        this.register = register;
        this.store = store;
        this.paths = paths;
        this.ledger = ledger;
        this.care = care;
        this.events = events;
    }
    /** @throws HvmException if there is no such VM, or QEMU cannot be ended */
    void destroy(String name) {
        register.require(name);
        Optional<Vm> found = register.get(name);
        if (found.isEmpty() || !found.get().beginStop()) {
            return;
        }
        Vm vm = found.get();
        register.record(vm, VmRecord.Phase.REMOVING, "");
        undo(vm);
    }

    /** Ends QEMU, if it runs, and forgets the VM. */
    void undo(Vm vm) {
        vm.beginStop();
        endQemu(vm, "the VM was destroyed");
        clearUp(vm, "the VM was destroyed");
        store.delete(vm.name());
        register.remove(vm);
        events.publish("vm.removed", "vm/" + vm.name(), Map.of());
    }

    /** Ends a VM's QEMU, and keeps its record and what the ledger has of it. */
    void end(Vm vm) {
        endQemu(vm, "the VM is booted anew");
        sweep(vm, "the VM is booted anew");
    }

    /** A VM that did not boot stays, as FAILED. */
    void fail(Vm vm, String why) {
        QemuProcess.find(vm.record().uuid()).ifPresent(VmEnd::kill);
        if (vm.ended(why)) {
            clearUp(vm, why);
        }
        register.record(vm, VmRecord.Phase.ENDED, why);
    }

    /** QEMU is gone, whoever noticed it; nobody need have asked for it. */
    void gone(Vm vm, String reason) {
        if (vm.ended(reason)) {
            LOG.error("VM failed vm={} reason={}", vm.name(), reason);
            clearUp(vm, reason);
            events.publish("vm.freed", "vm/" + vm.name(), Map.of("reason", reason));
            register.record(vm, VmRecord.Phase.ENDED, reason);
        }
    }

    private void endQemu(Vm vm, String why) {
        boolean answers = vm.stall().isEmpty() && !vm.record().phase().isBooting();
        vm.release(why);
        if (!answers) { // libvirt would wait for it
            QemuProcess.find(vm.record().uuid()).ifPresent(VmEnd::kill);
        }
        try {
            Bounded.call(LIBVIRT_LIMIT, "destroy " + vm.name(), () -> {
                libvirt.destroy(VmPaths.domain(vm));
                return null;
            });
        } catch (ExecutionException e) {
            LOG.warn("libvirt does not end QEMU, so it is killed vm={} reason={}", vm.name(), e.getMessage());
        } catch (TimeoutException e) {
            LOG.warn(
                    "libvirt does not answer, so QEMU is killed vm={} after_s={}",
                    vm.name(),
                    LIBVIRT_LIMIT.toSeconds());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        killAndAwait(vm); // if it is there yet: libvirt may have lost its domain
    }

    /** libvirt's daemon finds out when it is back. */
    private static void killAndAwait(Vm vm) {
        QemuProcess.find(vm.record().uuid()).ifPresent(pid -> {
            kill(pid);
            try {
                ProcessHandle.of(pid)
                        .map(ProcessHandle::onExit)
                        .orElseGet(() -> CompletableFuture.completedFuture(null))
                        .get(KILL_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException | ExecutionException e) {
                String problem = "QEMU (process " + pid + ") cannot be ended";
                vm.notStopped(problem);
                throw HvmException.of(ErrorCode.INTERNAL, problem)
                        .value("it is there " + KILL_LIMIT.toSeconds() + " s after SIGKILL")
                        .owner(vm.name())
                        .hint("ps " + pid + "; hvm destroy " + vm.name() + " again")
                        .cause(e)
                        .build();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private static void kill(long pid) {
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }

    /** What QEMU leaves behind, and what the ledger holds. */
    void clearUp(Vm vm, String why) {
        ledger.release(vm.name());
        sweep(vm, why);
    }

    /** What QEMU leaves behind. */
    private void sweep(Vm vm, String why) {
        vm.release(why);
        care.forget(vm.name());
        var files = new ArrayList<>(paths.mounts(vm.record()));
        files.add(paths.console(vm.record()));
        files.add(paths.agent(vm.record()));
        files.add(VmPaths.window(vm.record()));
        for (Path file : files) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                LOG.warn("a left-over cannot be deleted file={} reason={}", file, e.getMessage());
            }
        }
    }
}
