// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.hybridvm.ErrorCode;
import org.hybridvm.Home;
import org.hybridvm.HvmException;
import org.hybridvm.event.Events;
import org.hybridvm.host.HostBooks;
import org.hybridvm.host.HostChecks;
import org.hybridvm.host.HostLedger;
import org.hybridvm.host.HostTopology;
import org.hybridvm.host.KvmProbe;
import org.hybridvm.host.Orphans;
import org.hybridvm.host.Placement;
import org.hybridvm.host.ProcessWatch;
import org.hybridvm.host.QemuProcess;
import org.hybridvm.layout.BootPhase;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.TimeSpan;
import org.hybridvm.store.Database;
import org.libvirt.LibvirtException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The VMs of this node: launched, adopted, watched, destroyed. Its calls block, so none may come from an event loop. VMs
 * outlive this object and its process.
 */
public final class VmManager implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(VmManager.class);
    private static final int CONSOLE_LINES = 12;
    private static final int DUMP_CONSOLE_LINES = 100;
    private static final Duration RECONNECT_PAUSE = Duration.ofMillis(200);
    /** How long a caller waits for an agent that is out of reach. */
    private static final Duration SETTLE_LIMIT = Duration.ofSeconds(5);

    private static final Duration RECONNECT_LIMIT = Duration.ofSeconds(30);
    private static final Duration FORGET_LIMIT = Duration.ofSeconds(10);

    private final Home home;
    private final Path images;
    private final Guest.Connector connector;
    private final Events events;
    private final VmStore store;
    private final ImageStage stage;
    private final HostLedger ledger;
    private final KvmProbe.Verdict kvm;
    private final Libvirt libvirt;
    private final DumpStore dumps;
    private final PartitionCare care;

    /** Numbers of the jobs on a partition of a VM. */
    private volatile BiFunction<String, String, List<Integer>> jobs = (vm, partition) -> List.of();

    private final Map<String, Vm> vms = new ConcurrentHashMap<>();

    private VmManager(Home home, Path images, Guest.Connector connector, Events events, Database database)
            throws IOException {
        this.home = home;
        this.images = images;
        this.connector = connector;
        this.events = events;
        this.store = new VmStore(home.state().resolve("vms"), database);
        this.stage = new ImageStage(home.state().resolve("images"));
        this.ledger = new HostLedger(HostTopology::read);
        this.kvm = KvmProbe.run();
        Files.createDirectories(sockets());
        Orphans.reapForEver();
        this.dumps = new DumpStore(home.state().resolve("dumps"));
        this.care = new PartitionCare(dumps, events, Clock.systemUTC(), new CareHands());
        this.libvirt = Libvirt.open(home.state().resolve("libvirt"), this::onEnd);
    }

    /**
     * Opens the node: connects to libvirt, adopts what runs, clears up what ended while nobody watched.
     *
     * @param images where vmlinux and initramfs.cpio lie
     * @param events told of the VMs' states
     * @param database what must not be forgotten of them
     */
    public static VmManager open(Home home, Path images, Guest.Connector connector, Events events, Database database)
            throws IOException {
        var manager = new VmManager(home, images, connector, events, database);
        manager.adoptAll();
        return manager;
    }

    /** Hears how a launch goes; calls come one after the other. */
    public interface LaunchObserver {
        void begin(String phase);

        void end(String phase, long milliseconds);

        void note(String text);
    }

    /**
     * A VM as the outside sees it.
     *
     * @param reason why it is FAILED or UNREACHABLE, else empty
     * @param generation the node's revision at which it was declared as it is
     */
    public record VmView(
            Layout layout,
            VmState state,
            String reason,
            Accelerator accelerator,
            Placement placement,
            UUID uuid,
            long created,
            long generation,
            Map<String, Long> bootPhases,
            Optional<Guest> guest,
            Path console,
            Path window) {
        public String name() {
            return layout.name();
        }
    }

    /** Dumps of partitions that hung or failed. */
    public DumpStore dumps() {
        return dumps;
    }

    /** @param numbers gives the numbers of the jobs on a partition of a VM, by their names, without blocking */
    public void jobsOn(BiFunction<String, String, List<Integer>> numbers) {
        jobs = numbers;
    }

    public KvmProbe.Verdict kvm() {
        return kvm;
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
        return vms.values().stream()
                .sorted(java.util.Comparator.comparing(Vm::name))
                .map(this::view)
                .toList();
    }

    public Optional<VmView> find(String name) {
        return Optional.ofNullable(vms.get(name)).map(this::view);
    }

    /** @throws HvmException {@link ErrorCode#NO_SUCH_VM} */
    public VmView require(String name) {
        return find(name)
                .orElseThrow(() -> HvmException.of(ErrorCode.NO_SUCH_VM, "There is no such VM")
                        .value(name)
                        .allowed(vms.isEmpty() ? "none is there" : String.join(", ", vms.keySet()))
                        .hint("hvm list")
                        .build());
    }

    /** Waits some seconds for agents that are out of reach. */
    public void settle() {
        vms.values().forEach(vm -> vm.settle(SETTLE_LIMIT));
    }

    /**
     * The VM's guest; waits some seconds for one that is out of reach.
     *
     * @throws HvmException if the VM is not there or its agent does not answer
     */
    public Guest requireGuest(String name) {
        Optional.ofNullable(vms.get(name)).ifPresent(vm -> vm.settle(SETTLE_LIMIT));
        VmView vm = require(name);
        return vm.guest()
                .orElseThrow(() -> HvmException.of(ErrorCode.WRONG_STATE, "The VM is not ready")
                        .value(name + " is " + vm.state() + (vm.reason().isEmpty() ? "" : ": " + vm.reason()))
                        .allowed("READY")
                        .hint("hvm info " + name + "; hvm destroy " + name + " and launch it again")
                        .build());
    }

    /** @throws HvmException if there is no such VM, or QEMU does not run */
    public Console requireConsole(String name) {
        VmView view = require(name);
        return Optional.ofNullable(vms.get(name))
                .flatMap(Vm::console)
                .orElseThrow(() -> HvmException.of(ErrorCode.WRONG_STATE, "The VM's console cannot be reached")
                        .value(name + " is " + view.state())
                        .allowed("a VM that runs")
                        .hint("hvm console " + name)
                        .build());
    }

    /**
     * Makes a VM and waits until its agent answers and its HRT partitions were booted.
     *
     * @throws HvmException with the phase that failed and the console's last lines
     */
    public VmView launch(Layout layout, LaunchObserver observer) {
        Vm vm = enter(layout, observer);
        try {
            start(vm, observer);
            return view(vm);
        } catch (HvmException e) {
            undo(vm);
            throw e;
        } catch (InterruptedException e) {
            undo(vm);
            Thread.currentThread().interrupt();
            throw HvmException.of(ErrorCode.SHUTTING_DOWN, "hvmd stops")
                    .owner(vm.name())
                    .cause(e)
                    .build();
        }
    }

    public void destroy(String name) {
        require(name);
        Vm vm = vms.get(name);
        if (vm == null || !vm.beginStop()) {
            return;
        }
        record(vm, VmRecord.Phase.REMOVING, "");
        undo(vm);
    }

    /**
     * What it would take to have the VMs that layouts declare.
     *
     * @param prune whether VMs that none declares go
     * @throws HvmException if the host has not what they ask for
     */
    public synchronized VmPlan plan(List<Layout> wanted, boolean prune) {
        wanted.forEach(this::requirePossible);
        return VmPlanner.plan(ledger.books(), present(), wanted, prune);
    }

    /** What is there, and as what it was declared. */
    private List<VmPlanner.Present> present() {
        return vms.values().stream()
                .map(vm -> new VmPlanner.Present(
                        vm.record().layout(), new VmPlan.Basis(vm.record().generation(), vm.state() != VmState.FAILED)))
                .toList();
    }

    /**
     * Makes, changes and removes VMs as a plan says.
     *
     * @param check looks at the plan, made anew, before anything is done; may refuse by a {@link HvmException}
     * @return what could not be done, by the VM's name
     */
    public Map<String, HvmException> apply(
            List<Layout> wanted, boolean prune, Consumer<VmPlan> check, ApplyObserver observer) {
        List<VmApply> steps = begin(wanted, prune, check);
        steps.forEach(step -> step.end(observer));
        steps.forEach(step -> step.boot(observer));
        Map<String, HvmException> failures = new TreeMap<>();
        steps.forEach(step -> step.failure().ifPresent(failure -> failures.put(step.vm(), failure)));
        return failures;
    }

    /** Hears how the steps of a plan go. */
    public interface ApplyObserver extends LaunchObserver {
        /** What is told next is about this VM. */
        void vm(String name, VmPlan.Action action);

        void done(String name);

        void failed(String name, HvmException failure);
    }

    /** Puts the intent of all steps on disk at once, and into the ledger. */
    private synchronized List<VmApply> begin(List<Layout> wanted, boolean prune, Consumer<VmPlan> check) {
        VmPlan plan = plan(wanted, prune);
        check.accept(plan);
        List<VmApply> steps = plan.steps().stream()
                .filter(step -> !step.action().isIdle())
                .map(step -> new VmApply(this, step, Optional.ofNullable(vms.get(step.vm()))))
                .toList();
        if (steps.isEmpty()) {
            return steps;
        }
        steps.forEach(VmApply::requireSettled);
        List<VmRecord> intents =
                store.declare(steps.stream().map(VmApply::intent).toList());
        for (int i = 0; i < steps.size(); i++) {
            steps.get(i).begin(intents.get(i));
        }
        return steps;
    }

    /** Keeps from others what a VM is to get. */
    void reserve(VmRecord record) {
        ledger.adopt(record.layout(), record.placement());
    }

    /** Enters a VM that is to be booted. */
    void enter(Vm vm) {
        reserve(vm.record());
        vms.put(vm.name(), vm);
        vm.tellState();
    }

    Vm starting(VmRecord record) {
        return new Vm(record, VmState.STARTING, events);
    }

    Accelerator acceleratorOf(Layout layout) {
        return Accelerator.choose(layout, kvm);
    }

    /** Boots a VM that was entered; one that does not boot is FAILED, and stays. */
    void boot(Vm vm, LaunchObserver observer) throws InterruptedException {
        try {
            store.freshFolder(vm.name());
            start(vm, observer);
        } catch (HvmException e) {
            fail(vm, e.getMessage());
            throw e;
        } catch (IOException e) {
            HvmException failure = bootFailure(vm, BootPhase.IMAGES.title(), e.getMessage());
            fail(vm, failure.getMessage());
            throw failure;
        }
    }

    /** Ends a VM's QEMU, and keeps its record and what the ledger has of it. */
    void end(Vm vm) {
        endQemu(vm, "the VM is booted anew");
        sweep(vm, "the VM is booted anew");
    }

    private void fail(Vm vm, String why) {
        QemuProcess.find(vm.record().uuid()).ifPresent(VmManager::kill);
        if (vm.ended(why)) {
            clearUp(vm, why);
        }
        record(vm, VmRecord.Phase.ENDED, why);
    }

    /** Changes a VM while it runs. */
    void update(Vm vm, VmRecord newer) {
        vm.record(newer.with(vm.record().phase(), vm.record().reason()));
        vm.console().ifPresent(console -> console.limit(newer.layout().consoleLimit()));
    }

    @Override
    public void close() {
        vms.values().forEach(vm -> vm.release("hvmd stops"));
        libvirt.close();
    }

    /** Checks, places, and puts the intent on disk. */
    private synchronized Vm enter(Layout layout, LaunchObserver observer) {
        Vm old = vms.get(layout.name());
        if (old != null && old.state() != VmState.FAILED) {
            throw HvmException.of(ErrorCode.VM_EXISTS, "A VM of this name is there")
                    .value(layout.name() + ", " + old.state())
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
            var vm = starting(store.declare(List.of(record)).getFirst());
            store.freshFolder(vm.name());
            enter(vm);
            return vm;
        } catch (IOException | RuntimeException e) {
            ledger.release(layout.name());
            throw e instanceof RuntimeException known ? known : new UncheckedIOException((IOException) e);
        }
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

    private void start(Vm vm, LaunchObserver observer) throws InterruptedException {
        VmRecord record = vm.record();
        var progress = new BootProgress(record.layout(), limits(vm));
        String xml = phase(vm, observer, BootPhase.IMAGES, () -> xmlOf(record));
        phase(vm, observer, BootPhase.QEMU, () -> {
            Files.deleteIfExists(store.consoleOf(vm.name()));
            libvirt.awaitGone(domain(vm), FORGET_LIMIT);
            createPaused(record, xml);
            watch(vm);
            vm.console(ConsoleLog.follow(
                    consoleSocket(record),
                    store.consoleOf(vm.name()),
                    record.layout().consoleLimit(),
                    progress::line));
            libvirt.resume(domain(vm));
            return null;
        });
        Guest guest = awaitGuest(vm, observer, progress);
        guest.bootStamps().forEach((stamp, nanos) -> {
            vm.addPhase(new Vm.BootPhase("  guest: " + stamp, nanos / 1_000_000));
            observer.end("  guest: " + stamp, nanos / 1_000_000);
        });
        guest.bootProblems().forEach(observer::note);
        requirePartitions(vm, guest);
        record(vm, VmRecord.Phase.RUNNING, "");
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
    private Guest awaitGuest(Vm vm, LaunchObserver observer, BootProgress progress) throws InterruptedException {
        long start = System.nanoTime();
        var answer = new CompletableFuture<Guest>();
        progress.begin();
        Thread.ofVirtual().name("connect " + vm.name()).start(() -> {
            try {
                Guest guest = connect(vm, progress.total().plus(RECONNECT_LIMIT));
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
            throw bootFailure(vm, e.phase(), e.getMessage() + stall);
        } catch (CompletionException e) {
            throw bootFailure(vm, progress.phase(), e.getCause().getMessage());
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
                HvmException failure = bootFailure(
                        vm,
                        found.isEmpty() ? BootPhase.MODULE.title() : BootProgress.partition(wanted.name()),
                        found.map(one -> "the partition is " + one.state()).orElse("there is no such partition")
                                + problems(guest));
                guest.close("the VM did not start");
                throw failure;
            }
        }
    }

    private static String problems(Guest guest) {
        return guest.bootProblems().isEmpty() ? "" : "; the guest says: " + String.join("; ", guest.bootProblems());
    }

    private void createPaused(VmRecord record, String xml) throws LibvirtException, IOException, InterruptedException {
        if (!MountServers.needed(libvirt)) {
            libvirt.createPaused(xml);
            return;
        }
        MountServers servers = MountServers.start(
                record.layout().mounts(),
                mountSockets(record),
                store.mountLogOf(record.layout().name()));
        try {
            libvirt.createPaused(xml);
        } catch (LibvirtException e) {
            servers.kill();
            throw e;
        }
    }

    private interface Step<T> {
        T run() throws LibvirtException, IOException, InterruptedException;
    }

    /** Runs one step of a launch, timed, named, and with a limit: libvirt waits for ever for a QEMU that does not answer. */
    private <T> T phase(Vm vm, LaunchObserver observer, BootPhase phase, Step<T> step) throws InterruptedException {
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
            throw bootFailure(
                    vm,
                    phase.title(),
                    "not done within " + TimeSpan.format(limit) + " (boot." + phase.word() + " of the layout)");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof HvmException known) {
                throw known;
            }
            String reason = e.getCause().getMessage();
            throw bootFailure(vm, phase.title(), reason == null ? e.getCause().toString() : reason);
        }
    }

    private String xmlOf(VmRecord record) throws IOException {
        Layout layout = record.layout();
        Path kernel = stage.copyOf(layout.linux().kernel().orElse(images.resolve("vmlinux")));
        Path initramfs = stage.initramfs(
                layout.linux().initramfs().orElse(images.resolve("initramfs.cpio")), aerokernelsOf(layout));
        Optional<Path> rootFs = rootFsOf(layout).map(stage::copyOf);
        if (vms.size() == 1) {
            Set<Path> used = new HashSet<>(Set.of(kernel, initramfs));
            rootFs.ifPresent(used::add);
            stage.keepOnly(used);
        }
        List<GuestMemory.Range> ranges = GuestMemory.place(layout, DomainXml.usesQ35(layout));
        Files.deleteIfExists(consoleSocket(record));
        Files.deleteIfExists(agentSocket(record));
        SharedMemory.create(sharedMemory(record), layout.window(), libvirt.isUnprivileged());
        return DomainXml.of(
                layout,
                new DomainXml.Parts(
                        record.uuid(),
                        record.accelerator(),
                        record.placement(),
                        kernel,
                        initramfs,
                        rootFs,
                        record.accelerator().kernelWords(cpuInfo())
                                + KernelCommandLine.of(
                                        layout,
                                        ranges,
                                        rootFs.isPresent(),
                                        record.placement().vcpus()),
                        consoleSocket(record),
                        agentSocket(record),
                        MountServers.needed(libvirt) ? mountSockets(record) : List.of(),
                        sharedMemory(record)));
    }

    private static Map<String, Path> aerokernelsOf(Layout layout) {
        Map<String, Path> images = new HashMap<>();
        layout.partitions().forEach(hrt -> hrt.image().ifPresent(image -> images.put(hrt.name(), image)));
        return images;
    }

    private Optional<Path> rootFsOf(Layout layout) {
        Path standard = images.resolve(HostChecks.ROOT_FS);
        return switch (layout.linux().rootFs().choice()) {
            case NONE -> Optional.empty();
            case STANDARD -> Optional.of(standard);
            case AUTO -> Optional.of(standard).filter(Files::exists);
            case FILE -> layout.linux().rootFs().file();
        };
    }

    /** Tries until the agent answers, QEMU ends, or the limit is over. */
    private Guest connect(Vm vm, Duration limit) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        IOException last = new IOException("no answer from the agent within " + limit.toSeconds() + " s");
        while (System.nanoTime() < deadline) {
            if (vm.state() == VmState.FAILED || vm.state() == VmState.STOPPING) {
                throw new IOException(vm.reason().isEmpty() ? "the VM was destroyed" : vm.reason());
            }
            try {
                Duration left = Duration.ofNanos(deadline - System.nanoTime());
                return connector.connect(agentSocket(vm.record()), left, listener(vm));
            } catch (IOException e) {
                last = e;
                Thread.sleep(RECONNECT_PAUSE);
            }
        }
        throw last;
    }

    private Guest.Listener listener(Vm vm) {
        return new Guest.Listener() {
            @Override
            public void lost(String reason) {
                onLost(vm, reason);
            }

            @Override
            public void partitionChanged(Guest guest, String partition, String state) {
                care.changed(vm, guest, partition, state);
            }
        };
    }

    private void onLost(Vm vm, String why) {
        if (!vm.disconnected(why)) {
            return;
        }
        LOG.warn("the agent is lost vm={} reason={}", vm.name(), why);
        reconnect(vm);
    }

    /** Until the agent answers or the VM ends, on a thread of its own. */
    private void reconnect(Vm vm) {
        Thread.ofVirtual().name("reconnect " + vm.name()).start(() -> {
            while (vm.state() == VmState.UNREACHABLE || vm.state() == VmState.STALLED) {
                try {
                    vm.awaitNoStall();
                    Guest guest = connect(vm, RECONNECT_LIMIT);
                    vm.connected(guest);
                    PartitionCare.watch(vm, guest);
                    LOG.info("the agent answers vm={}", vm.name());
                } catch (IOException e) {
                    LOG.warn("the agent does not answer yet vm={} reason={}", vm.name(), e.getMessage());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                }
            }
        });
    }

    /** Its end comes by pidfd, in less than a millisecond, and by libvirt, which knows why but takes some tenths of a second. */
    private void watch(Vm vm) {
        OptionalLong pid = QemuProcess.find(vm.record().uuid());
        if (pid.isEmpty()) {
            onGone(vm, "QEMU ended at once");
            return;
        }
        ProcessWatch.begin(pid.getAsLong(), new ProcessWatch.Listener() {
            @Override
            public void stopped(long process) {
                String reason = "QEMU (process " + process + ") is stopped by a signal or a debugger; kill -CONT "
                        + process + " lets it go on";
                LOG.warn("VM is stalled vm={} reason={}", vm.name(), reason);
                vm.stall(Optional.of(reason));
            }

            @Override
            public void continued(long process) {
                LOG.info("VM goes on vm={} pid={}", vm.name(), process);
                vm.stall(Optional.empty());
            }

            @Override
            public void ended(long process) {
                onGone(vm, "QEMU died (process " + process + " is gone)");
            }
        });
    }

    private void onGone(Vm vm, String reason) {
        if (vm.ended(reason)) {
            LOG.error("VM failed vm={} reason={}", vm.name(), reason);
            clearUp(vm, reason);
            events.publish("vm.freed", "vm/" + vm.name(), Map.of("reason", reason));
            record(vm, VmRecord.Phase.ENDED, reason);
        }
    }

    /** From libvirt's event thread. */
    private void onEnd(Libvirt.End end) {
        vms.values().stream()
                .filter(vm -> vm.record().uuid().equals(end.uuid()))
                .forEach(vm -> Thread.ofVirtual().name("end " + vm.name()).start(() -> {
                    String reason = switch (end.cause()) {
                        case "CRASHED" -> "the guest's Linux panicked";
                        case "SHUTDOWN", "DESTROYED" -> "QEMU ended (" + end.cause() + ")";
                        default -> "QEMU died (" + end.cause() + ")";
                    };
                    onGone(vm, reason);
                    if (vm.explain(reason)) {
                        LOG.error("VM failed vm={} reason={}", vm.name(), reason);
                        record(vm, VmRecord.Phase.ENDED, reason);
                    }
                }));
    }

    private void adoptAll() throws IOException {
        List<VmRecord> records = store.load();
        SharedMemory.sweep();
        List<String> swept = Leftovers.sweep(home.state(), sockets(), records);
        if (!swept.isEmpty()) {
            events.publish("node.swept", "node", Map.of("what", swept));
        }
        for (VmRecord record : records) {
            String name = record.layout().name();
            boolean alive = isAlive(record);
            switch (record.phase()) {
                case RUNNING -> {
                    if (alive) {
                        adopt(record);
                    } else {
                        var vm = new Vm(record, VmState.FAILED, events);
                        vms.put(name, vm);
                        clearUp(vm, "QEMU ended while no hvmd ran");
                        record(vm, VmRecord.Phase.ENDED, "QEMU ended while no hvmd ran");
                        LOG.warn("VM ended while no hvmd ran vm={}", name);
                        vm.tellState();
                    }
                }
                case STARTING, REMOVING -> {
                    LOG.warn(
                            record.phase() == VmRecord.Phase.STARTING
                                    ? "a launch was cut off and is undone vm={}"
                                    : "a removal was cut off and is finished vm={}",
                            name);
                    var vm = new Vm(record, VmState.STOPPING, events);
                    undo(vm);
                }
                case APPLYING -> {
                    LOG.warn("an apply was cut off and is finished vm={}", name);
                    finish(record);
                }
                case ENDED -> vms.put(name, new Vm(record, VmState.FAILED, events));
            }
        }
    }

    /** Known to libvirt, and there: libvirt itself looks a while for the end of a QEMU that died while nobody watched. */
    private boolean isAlive(VmRecord record) throws IOException {
        try {
            return libvirt.exists("hvm-" + record.layout().name())
                    && QemuProcess.find(record.uuid()).isPresent();
        } catch (LibvirtException e) {
            throw new IOException(
                    "libvirt does not tell whether " + record.layout().name() + " is there", e);
        }
    }

    /** Boots a VM that was applied; in the background, for it takes long. */
    private void finish(VmRecord record) {
        Vm vm = starting(record);
        enter(vm);
        Thread.ofVirtual().name("finish " + vm.name()).start(() -> {
            try {
                end(vm);
                boot(vm, new LoggedLaunch(vm.name()));
            } catch (HvmException e) {
                LOG.error("the VM that was applied does not start vm={} reason={}", vm.name(), e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private void adopt(VmRecord record) {
        var vm = new Vm(record, VmState.UNREACHABLE, events);
        vms.put(vm.name(), vm);
        ledger.adopt(record.layout(), record.placement());
        try {
            vm.console(ConsoleLog.follow(
                    consoleSocket(record),
                    store.consoleOf(vm.name()),
                    record.layout().consoleLimit()));
        } catch (IOException e) {
            LOG.warn("the console of an adopted VM is not kept vm={} reason={}", vm.name(), e.getMessage());
        }
        LOG.info("VM is adopted vm={}", vm.name());
        events.publish("vm.adopted", "vm/" + vm.name(), Map.of());
        watch(vm);
        reconnect(vm);
    }

    /** Ends QEMU, if it runs, and forgets the VM. */
    void undo(Vm vm) {
        vm.beginStop();
        endQemu(vm, "the VM was destroyed");
        clearUp(vm, "the VM was destroyed");
        store.delete(vm.name());
        vms.remove(vm.name(), vm);
        events.publish("vm.removed", "vm/" + vm.name(), Map.of());
    }

    private void endQemu(Vm vm, String why) {
        boolean answers = vm.stall().isEmpty() && !vm.record().phase().isBooting();
        vm.release(why);
        if (!answers) { // libvirt would wait for it
            QemuProcess.find(vm.record().uuid()).ifPresent(VmManager::kill);
        }
        try {
            libvirt.destroy(domain(vm));
        } catch (LibvirtException e) {
            throw HvmException.of(ErrorCode.INTERNAL, "QEMU cannot be ended")
                    .value(vm.name() + ": " + e.getMessage())
                    .owner("libvirt")
                    .hint("hvm destroy " + vm.name() + " again; else kill the process qemu-system-x86_64 of "
                            + domain(vm))
                    .cause(e)
                    .build();
        }
    }

    private static void kill(long pid) {
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }

    /** What the care of partitions needs. */
    private final class CareHands implements PartitionCare.Hands {
        @Override
        public List<Integer> jobsOn(String vm, String partition) {
            return jobs.apply(vm, partition);
        }

        @Override
        public void destroy(String vm) {
            VmManager.this.destroy(vm);
        }

        @Override
        public DumpMaker maker(Vm vm, Guest guest, Layout.Hrt partition) {
            Layout layout = vm.record().layout();
            var symbols = new DumpSymbols(
                    symbolsOf(partition),
                    layout.mounts().stream().map(Layout.Mount::source).toList());
            return new DumpMaker(guest, libvirt.monitor(), domain(vm), symbols);
        }

        /** The ELF file that the aerokernel's image was made from lies beside it. */
        private Optional<Path> symbolsOf(Layout.Hrt partition) {
            Path image = partition.image().orElse(images.resolve("hrt.bin"));
            String name = image.getFileName().toString().replaceFirst("\\.[^.]*$", "");
            return Optional.of(image.resolveSibling(name + ".elf")).filter(Files::exists);
        }

        @Override
        public List<String> console(String vm) {
            return ConsoleLog.lastLines(store.consoleOf(vm), DUMP_CONSOLE_LINES);
        }
    }

    /** What QEMU leaves behind, and what the ledger holds. */
    private void clearUp(Vm vm, String why) {
        ledger.release(vm.name());
        sweep(vm, why);
    }

    /** What QEMU leaves behind. */
    private void sweep(Vm vm, String why) {
        vm.release(why);
        care.forget(vm.name());
        var files = new ArrayList<>(mountSockets(vm.record()));
        files.add(consoleSocket(vm.record()));
        files.add(agentSocket(vm.record()));
        files.add(SharedMemory.file(sharedMemory(vm.record())));
        for (Path file : files) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                LOG.warn("a left-over cannot be deleted file={} reason={}", file, e.getMessage());
            }
        }
    }

    private void record(Vm vm, VmRecord.Phase phase, String reason) {
        VmRecord record = vm.record().with(phase, reason);
        try {
            store.save(record);
        } catch (HvmException e) {
            LOG.error("a VM's record is not on disk vm={}", vm.name(), e);
        }
        vm.record(record);
    }

    private HvmException bootFailure(Vm vm, String phase, String reason) {
        if (HostChecks.qemuVersion().isEmpty()) {
            return qemuMissing(vm);
        }
        List<String> lines = ConsoleLog.lastLines(store.consoleOf(vm.name()), CONSOLE_LINES);
        var what = new StringBuilder("The VM did not start, in phase " + phase + ": " + reason);
        if (!lines.isEmpty()) {
            what.append("; the console's last lines:");
            lines.forEach(line -> what.append("\n    ").append(line));
        }
        return HvmException.of(ErrorCode.BOOT_FAILED, what.toString())
                .owner(vm.name())
                .hint("hvm doctor; hvm logs hvmd")
                .build();
    }

    private static HvmException qemuMissing(Vm vm) {
        return HvmException.of(ErrorCode.HOST_REQUIREMENT, "QEMU is not installed, or does not run")
                .value("qemu-system-x86_64")
                .owner(vm.name())
                .hint("hvm doctor")
                .build();
    }

    private VmView view(Vm vm) {
        VmRecord record = vm.record();
        Map<String, Long> phases = new java.util.LinkedHashMap<>();
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
                SharedMemory.file(sharedMemory(record)));
    }

    private static String domain(Vm vm) {
        return "hvm-" + vm.name();
    }

    private static String sharedMemory(VmRecord record) {
        return SharedMemory.name(record.uuid());
    }

    private Path sockets() {
        return home.run().resolve("vm");
    }

    private Path consoleSocket(VmRecord record) {
        return sockets().resolve(record.layout().name() + ".console");
    }

    private List<Path> mountSockets(VmRecord record) {
        return IntStream.range(0, record.layout().mounts().size())
                .mapToObj(index -> sockets().resolve(record.layout().name() + ".mount" + index))
                .toList();
    }

    private Path agentSocket(VmRecord record) {
        return sockets().resolve(record.layout().name() + ".agent");
    }

    private static String cpuInfo() {
        try {
            return Files.readString(Path.of("/proc/cpuinfo"));
        } catch (IOException e) {
            return "";
        }
    }
}
