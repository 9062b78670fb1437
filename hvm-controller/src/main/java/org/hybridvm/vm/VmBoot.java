// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.hybridvm.HvmException;
import org.hybridvm.layout.BootPhase;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.TimeSpan;
import org.libvirt.LibvirtException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Boots VMs, phase by phase, each with its limit. Calls block until the agent answers. */
final class VmBoot {
    private static final Logger LOG = LoggerFactory.getLogger(VmBoot.class);
    private static final Duration FORGET_LIMIT = Duration.ofSeconds(10);

    private final Libvirt libvirt;
    private final VmDomain domain;
    private final VmRegister register;
    private final VmStore store;
    private final VmPaths paths;
    private final QemuWatch watch;
    private final AgentLink link;
    private final VmEnd end;
    private final BootFailure failure;

    VmBoot(
            Libvirt libvirt,
            VmDomain domain,
            VmRegister register,
            VmStore store,
            VmPaths paths,
            QemuWatch watch,
            AgentLink link,
            VmEnd end) {
        this.libvirt = libvirt;
        this.domain = domain;
        this.register = register;
        this.store = store;
        this.paths = paths;
        this.watch = watch;
        this.link = link;
        this.end = end;
        this.failure = new BootFailure(store);
    }
    /** Boots a VM that was entered; one that does not boot is FAILED, and stays. */
    void boot(Vm vm, BootObserver observer) throws InterruptedException {
        try {
            store.freshFolder(vm.name());
            start(vm, observer);
        } catch (HvmException e) {
            end.fail(vm, e.getMessage());
            throw e;
        } catch (IOException e) {
            HvmException refusal = failure.of(vm, BootPhase.IMAGES.title(), e.getMessage());
            end.fail(vm, refusal.getMessage());
            throw refusal;
        }
    }

    /** Boots a VM that was entered; one that does not boot is left to the caller. */
    void start(Vm vm, BootObserver observer) throws InterruptedException {
        VmRecord record = vm.record();
        var progress = new BootProgress(record.layout(), limits(vm));
        String xml = phase(vm, observer, BootPhase.IMAGES, () -> domain.describe(record));
        phase(vm, observer, BootPhase.QEMU, () -> {
            Files.deleteIfExists(store.consoleOf(vm.name()));
            libvirt.awaitGone(VmPaths.domain(vm), FORGET_LIMIT);
            domain.createPaused(record, xml);
            watch.begin(vm);
            vm.console(ConsoleLog.follow(
                    paths.console(record),
                    store.consoleOf(vm.name()),
                    record.layout().consoleLimit(),
                    progress::line));
            libvirt.resume(VmPaths.domain(vm));
            return null;
        });
        Guest guest = awaitGuest(vm, observer, progress);
        guest.bootStamps().forEach((stamp, nanos) -> {
            vm.addPhase(new Vm.BootPhase("  guest: " + stamp, nanos / 1_000_000));
            observer.end("  guest: " + stamp, nanos / 1_000_000);
        });
        guest.bootProblems().forEach(observer::note);
        requirePartitions(vm, guest);
        register.record(vm, VmRecord.Phase.RUNNING, "");
        vm.connected(guest);
        PartitionCare.watch(vm, guest);
        LOG.info(
                "VM is ready vm={} acceleration={}",
                vm.name(),
                record.accelerator().word());
    }

    private static BootLimits limits(Vm vm) {
        return new BootLimits(vm.record().layout(), vm.record().accelerator());
    }

    /** Waits for the agent's answer, with a limit for each phase that the guest goes through. */
    private Guest awaitGuest(Vm vm, BootObserver observer, BootProgress progress) throws InterruptedException {
        long start = System.nanoTime();
        var answer = new CompletableFuture<Guest>();
        progress.begin();
        Thread.ofVirtual().name("connect " + vm.name()).start(() -> {
            try {
                Guest guest = link.connect(vm, progress.total().plus(AgentLink.LIMIT));
                if (!answer.complete(guest)) {
                    guest.close("the VM did not start in time");
                }
            } catch (IOException | InterruptedException | RuntimeException e) {
                answer.completeExceptionally(e);
            }
        });
        try {
            progress.await(answer, observer);
            Guest guest = answer.join();
            long milliseconds = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
            vm.addPhase(new Vm.BootPhase("guest", milliseconds));
            observer.end("guest", milliseconds);
            return guest;
        } catch (BootProgress.Overdue e) {
            answer.cancel(false);
            String stall = vm.stall().map(why -> "; " + why).orElse("");
            throw failure.of(vm, e.phase(), e.getMessage() + stall);
        } catch (CompletionException e) {
            throw failure.of(vm, progress.phase(), e.getCause().getMessage());
        }
    }

    /** The guest may be up without what it was made for. */
    private void requirePartitions(Vm vm, Guest guest) {
        List<Guest.Partition> there = guest.partitions();
        for (Layout.Hrt wanted : vm.record().layout().partitions()) {
            Optional<Guest.Partition> found = there.stream()
                    .filter(one -> one.name().equals(wanted.name()))
                    .findFirst();
            if (found.isEmpty() || !found.get().isUp()) {
                HvmException refusal = failure.of(
                        vm,
                        found.isEmpty() ? BootPhase.MODULE.title() : BootProgress.partition(wanted.name()),
                        found.map(one -> "the partition is " + one.state()).orElse("there is no such partition")
                                + problems(guest));
                guest.close("the VM did not start");
                throw refusal;
            }
        }
    }

    private static String problems(Guest guest) {
        return guest.bootProblems().isEmpty() ? "" : "; the guest says: " + String.join("; ", guest.bootProblems());
    }

    private interface Step<T> {
        T run() throws LibvirtException, IOException, InterruptedException;
    }

    /** Runs one step of a launch, timed, named, and with a limit: libvirt waits for ever for a QEMU that does not answer. */
    private <T> T phase(Vm vm, BootObserver observer, BootPhase phase, Step<T> step) throws InterruptedException {
        observer.begin(phase.title());
        long start = System.nanoTime();
        Duration limit = limits(vm).of(phase);
        try {
            T result = Bounded.call(limit, phase.word() + " " + vm.name(), step::run);
            long milliseconds = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
            vm.addPhase(new Vm.BootPhase(phase.title(), milliseconds));
            observer.end(phase.title(), milliseconds);
            return result;
        } catch (TimeoutException e) {
            throw failure.of(
                    vm,
                    phase.title(),
                    "not done within " + TimeSpan.format(limit) + " (boot." + phase.word() + " of the layout)");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof HvmException known) {
                throw known;
            }
            String reason = e.getCause().getMessage();
            throw failure.of(vm, phase.title(), reason == null ? e.getCause().toString() : reason);
        }
    }
}
