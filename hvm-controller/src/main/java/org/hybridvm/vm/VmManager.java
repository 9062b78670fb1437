// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.hybridvm.ErrorCode;
import org.hybridvm.Home;
import org.hybridvm.HvmException;
import org.hybridvm.event.Events;
import org.hybridvm.host.HostBooks;
import org.hybridvm.host.HostLedger;
import org.hybridvm.host.HostTopology;
import org.hybridvm.host.KvmProbe;
import org.hybridvm.host.Orphans;
import org.hybridvm.layout.Layout;
import org.hybridvm.store.Database;

/**
 * The VMs of this node: launched, adopted, watched, destroyed. Its calls block, so none may come from an event loop. VMs
 * outlive this object and its process. It has no skill of its own: {@link VmDeclarations} decides, {@link VmBoot} and
 * {@link VmEnd} do, {@link QemuWatch} and {@link AgentLink} notice, {@link VmRegister} knows.
 */
public final class VmManager implements AutoCloseable {
    private final Home home;
    private final Events events;
    private final HostLedger ledger = new HostLedger(HostTopology::read);
    private final KvmProbe.Verdict kvm;
    private final Path images;
    private final Libvirt libvirt;
    private final VmStore store;
    private final DumpStore dumps;
    private final PartitionHands hands;
    private final VmRegister register;
    private final VmDeclarations declarations;
    private final VmEnd end;
    private final VmBoot boot;
    private final VmPaths paths;
    private final AgentLink link;
    private final VmAdoption adoption;
    private final List<VmRecord> records;

    private VmManager(Home home, Path images, Guest.Connector connector, Events events, Database database)
            throws IOException {
        this.home = home;
        this.events = events;
        this.images = images;
        libvirt = Libvirt.of(home.state().resolve("libvirt"));
        this.kvm = KvmProbe.run();
        paths = new VmPaths(Files.createDirectories(home.run().resolve("vm")));
        Orphans.reapForEver();
        store = new VmStore(home.state().resolve("vms"), database);
        register = new VmRegister(store, events);
        declarations = new VmDeclarations(register, store, ledger, kvm);
        dumps = new DumpStore(home.state().resolve("dumps"));
        hands = new PartitionHands(libvirt, store, images, this::destroy);
        var care = new PartitionCare(dumps, events, Clock.systemUTC(), hands);
        end = new VmEnd(libvirt, register, store, paths, ledger, care, events);
        var watch = new QemuWatch(register, end);
        libvirt.onEnd(watch::ended);
        libvirt.onChange(why -> events.publish("node.libvirt", "node", factsOfLibvirt(why)));
        var stage = new ImageStage(home.state().resolve("images"));
        var domain = new VmDomain(libvirt, images, stage, register, store, paths);
        link = new AgentLink(connector, paths, care);
        boot = new VmBoot(libvirt, domain, register, store, paths, watch, link, end);
        records = store.load();
        adoption = new VmAdoption(
                libvirt, register, store, paths, ledger, declarations, boot, end, watch, link, events, records);
        adoption.begin();
        libvirt.begin(); // behind what runs: both take all that two cores can give
    }

    /**
     * Begins to open the node: adopts the VMs that run and begins to connect to libvirt. Until {@link #finish} returns, other
     * VMs may be unknown.
     *
     * @param images where vmlinux and initramfs.cpio lie
     * @param events told of the VMs' states
     * @param database what must not be forgotten of them
     */
    public static VmManager begin(Home home, Path images, Guest.Connector connector, Events events, Database database)
            throws IOException {
        return new VmManager(home, images, connector, events, database);
    }

    private static Map<String, Object> factsOfLibvirt(Optional<String> loss) {
        return loss.<Map<String, Object>>map(why -> Map.of("state", "LOST", "reason", why))
                .orElse(Map.of("state", "OPEN"));
    }

    /**
     * Opens the rest: waits for libvirt, clears up what ended while nobody watched, finishes or undoes what was cut off.
     *
     * @throws HvmException if libvirt cannot be opened
     */
    public void finish() {
        libvirt.awaitOpen();
        sweep();
        adoption.finish();
    }

    private void sweep() {
        SharedMemory.sweep();
        List<String> swept = Leftovers.sweep(home.state(), paths.sockets(), records);
        if (!swept.isEmpty()) {
            events.publish("node.swept", "node", Map.of("what", swept));
        }
    }

    /** {@code task} is run whenever an agent that was out of reach answers, on a thread that it may block. */
    public void onReached(Runnable task) {
        link.onReached(task);
    }

    /** Dumps of partitions that hung or failed. */
    public DumpStore dumps() {
        return dumps;
    }

    /** @param numbers gives the numbers of the jobs on a partition of a VM, by their names, without blocking */
    public void jobsOn(BiFunction<String, String, List<Integer>> numbers) {
        hands.jobsOn(numbers);
    }

    public KvmProbe.Verdict kvm() {
        return kvm;
    }

    /** Why libvirt cannot be asked now; empty if it can. VMs and what runs on them do not need it. Does not block. */
    public Optional<HvmException> obstacle() {
        return libvirt.obstacle();
    }

    /** Where QEMU's own words go. */
    public Path qemuLog(String vm) {
        return libvirt.qemuLog(VmPaths.domain(vm));
    }

    /** Who has what of the host. */
    public HostBooks books() {
        return ledger.books();
    }

    /** Rises with each VM that is made, changed or removed. */
    public long revision() {
        return store.revision();
    }

    public Path images() {
        return images;
    }

    public List<VmView> list() {
        return register.list();
    }

    public Optional<VmView> find(String name) {
        return register.find(name);
    }

    /** @throws HvmException {@link ErrorCode#NO_SUCH_VM} */
    public VmView require(String name) {
        return register.require(name);
    }

    /** Waits some seconds for agents that are out of reach. */
    public void settle() {
        register.settle();
    }

    /**
     * The VM's guest; waits some seconds for one that is out of reach.
     *
     * @throws HvmException if the VM is not there or its agent does not answer
     */
    public Guest requireGuest(String name) {
        return register.requireGuest(name);
    }

    /** @throws HvmException if there is no such VM, or QEMU does not run */
    public Console requireConsole(String name) {
        return register.requireConsole(name);
    }

    /**
     * Makes a VM and waits until its agent answers and its HRT partitions were booted.
     *
     * @throws HvmException with the phase that failed and the console's last lines
     */
    public VmView launch(Layout layout, BootObserver observer) {
        Vm vm = declarations.declare(layout, observer);
        try {
            boot.start(vm, observer);
            return register.view(vm);
        } catch (HvmException e) {
            end.undo(vm);
            throw e;
        } catch (InterruptedException e) {
            end.undo(vm);
            Thread.currentThread().interrupt();
            throw HvmException.of(ErrorCode.SHUTTING_DOWN, "hvmd stops")
                    .owner(vm.name())
                    .cause(e)
                    .build();
        }
    }

    /** @throws HvmException if there is no such VM, or QEMU cannot be ended */
    public void destroy(String name) {
        end.destroy(name);
    }

    /**
     * What it would take to have the VMs that layouts declare.
     *
     * @param prune whether VMs that none declares go
     * @throws HvmException if the host has not what they ask for
     */
    public VmPlan plan(List<Layout> wanted, boolean prune) {
        return declarations.plan(wanted, prune);
    }

    /**
     * Makes, changes and removes VMs as a plan says.
     *
     * @param check looks at the plan, made anew, before anything is done; may refuse by a {@link HvmException}. What it
     *     gives is done in the transaction that keeps what is intended.
     * @return what could not be done, by the VM's name
     */
    public Map<String, HvmException> apply(
            List<Layout> wanted, boolean prune, Function<VmPlan, Database.Work<Void>> check, ApplyObserver observer) {
        List<VmApply> steps = declarations.begin(
                wanted, prune, check, (step, old) -> new VmApply(register, declarations, boot, end, step, old));
        steps.forEach(step -> step.end(observer));
        steps.forEach(step -> step.boot(observer));
        Map<String, HvmException> failures = new TreeMap<>();
        steps.forEach(step -> step.failure().ifPresent(failure -> failures.put(step.vm(), failure)));
        return failures;
    }

    /** Waits while the VM is being booted, by whomever; empty if there is none. */
    public Optional<VmView> awaitStart(String name) {
        register.get(name).ifPresent(Vm::awaitStart);
        return register.find(name);
    }

    @Override
    public void close() {
        register.all().forEach(vm -> vm.release("hvmd stops"));
        libvirt.close();
    }
}
