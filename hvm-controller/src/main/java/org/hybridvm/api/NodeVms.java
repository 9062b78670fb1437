// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;
import org.hybridvm.ErrorCode;
import org.hybridvm.Home;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;
import org.hybridvm.event.Events;
import org.hybridvm.host.HostChecks;
import org.hybridvm.host.HostTopology;
import org.hybridvm.host.KvmProbe;
import org.hybridvm.job.AgentGreeting;
import org.hybridvm.job.GuestCommand;
import org.hybridvm.job.GuestMachine;
import org.hybridvm.job.GuestMachines;
import org.hybridvm.job.GuestProcess;
import org.hybridvm.job.JobKey;
import org.hybridvm.job.JobRecord;
import org.hybridvm.job.JobService;
import org.hybridvm.job.JobUsage;
import org.hybridvm.job.PartitionKind;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.LayoutReader;
import org.hybridvm.store.Database;
import org.hybridvm.vm.BootObserver;
import org.hybridvm.vm.Console;
import org.hybridvm.vm.Guest;
import org.hybridvm.vm.NodeLoad;
import org.hybridvm.vm.NodeLoads;
import org.hybridvm.vm.VmManager;
import org.hybridvm.vm.VmState;
import org.hybridvm.vm.VmView;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The VMs of this node as the API and the jobs want them. The manager is opened in the background, because connecting to
 * libvirt and adopting VMs takes seconds and hvmd has to answer before; calls that need it wait for it.
 */
final class NodeVms implements VmControl, GuestMachines, AutoCloseable {
    /** System property: the folder of vmlinux and initramfs.cpio. */
    static final String IMAGES_PROPERTY = "hvm.images";

    private static final Path INSTALLED_IMAGES = Path.of("/usr/lib/hvm/images");
    private static final String LINUX_PARTITION = "linux";
    private static final Logger LOG = LoggerFactory.getLogger(NodeVms.class);

    private final Home home;
    private final Path images;
    private final Events events;
    private final CompletableFuture<VmManager> opening;
    private final NodeLoads loads = new NodeLoads();

    private NodeVms(Home home, Path images, Events events, CompletableFuture<VmManager> opening) {
        this.home = home;
        this.images = images;
        this.events = events;
        this.opening = opening;
    }

    static NodeVms open(Home home, Guest.Connector connector, Events events, Database database) {
        String chosen = System.getProperty(IMAGES_PROPERTY);
        Path images = chosen == null ? INSTALLED_IMAGES : Path.of(chosen);
        var opening = new CompletableFuture<VmManager>();
        Thread.ofPlatform().daemon().name("open-vms").start(() -> {
            try {
                opening.complete(VmManager.open(home, images, connector, events, database));
            } catch (Throwable failure) { // a missing libvirt is a LinkageError
                LOG.error("VMs cannot be managed", failure);
                opening.completeExceptionally(failure);
            }
        });
        return new NodeVms(home, images, events, opening);
    }

    @Override
    public List<Map<String, Object>> list() {
        return manager().list().stream().map(VmFacts::of).toList();
    }

    @Override
    public Map<String, Object> info(String vm) {
        return VmFacts.inFull(manager().require(vm));
    }

    @Override
    public Set<String> names(Caller caller) {
        return manager().list().stream()
                .filter(view -> view.layout().admits(caller))
                .map(VmView::name)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Override
    public boolean admits(String vm, Caller caller) {
        return manager().find(vm).map(view -> view.layout().admits(caller)).orElse(true);
    }

    @Override
    public Map<String, Object> validate(LayoutSource source) {
        return VmFacts.ofLayout(read(source));
    }

    @Override
    public Map<String, Object> launch(LayoutSource source, BootObserver observer) {
        Layout layout = read(source);
        return VmFacts.inFull(manager().launch(layout, observer));
    }

    @Override
    public LayoutControl layouts() {
        return new NodeLayouts(this::manager);
    }

    @Override
    public void destroy(String vm) {
        manager().destroy(vm);
    }

    @Override
    public Map<String, Object> reboot(String vm, String partition, boolean force) {
        requireHrt(manager().require(vm), partition);
        Guest.Partition booted = manager().requireGuest(vm).reboot(partition, force);
        var facts = new LinkedHashMap<String, Object>();
        facts.put("vm", vm);
        facts.put("partition", partition);
        facts.put("state", booted.state());
        facts.put("first_instruction_us", booted.firstInstruction().toNanos() / 1000);
        facts.put("ready_us", booted.ready().toNanos() / 1000);
        facts.put("generation", booted.generation());
        events.publish(
                "partition.rebooted",
                "vm/" + vm + "/" + partition,
                Map.of("state", booted.state(), "generation", booted.generation(), "forced", force));
        return facts;
    }

    @Override
    public Map<String, Object> modules(String vm, String partition) {
        requireHrt(manager().require(vm), partition);
        return moduleFacts(vm, partition, manager().requireGuest(vm).modules(partition));
    }

    @Override
    public Map<String, Object> loadModule(String vm, String partition, Path file, Caller caller) {
        VmView view = manager().require(vm);
        requireHrt(view, partition);
        String path = caller.look(() -> MountedFile.of(view, file));
        return moduleFacts(vm, partition, manager().requireGuest(vm).loadModule(partition, path));
    }

    @Override
    public Map<String, Object> unloadModule(String vm, String partition, String module) {
        requireHrt(manager().require(vm), partition);
        return moduleFacts(vm, partition, manager().requireGuest(vm).unloadModule(partition, module));
    }

    private static Map<String, Object> moduleFacts(String vm, String partition, List<Guest.Module> modules) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("vm", vm);
        facts.put("partition", partition);
        facts.put("modules", modules.stream().map(NodeVms::toJson).toList());
        return facts;
    }

    private static Map<String, Object> toJson(Guest.Module module) {
        var json = new LinkedHashMap<String, Object>();
        json.put("name", module.name());
        json.put("address", "0x" + Long.toHexString(module.address()));
        json.put("size", module.size());
        json.put("functions", module.functions());
        json.put("names", module.names());
        return json;
    }

    @Override
    public String log(String vm, String kind, Optional<String> partition) {
        VmView view = manager().require(vm);
        return switch (kind) {
            case "kernel" -> manager().requireGuest(vm).kernelLog();
            case "hrt" -> manager().requireGuest(vm).hrtLog(partitionOf(view, partition));
            case "console" -> read(view.console(), vm);
            case "qemu" -> read(home.state().resolve("libvirt/log/qemu/hvm-" + vm + ".log"), vm);
            default ->
                throw HvmException.of(ErrorCode.NO_SUCH_LOG, "No such log")
                        .value(kind)
                        .allowed("kernel, console, qemu, hrt")
                        .owner(vm)
                        .build();
        };
    }

    @Override
    public List<Map<String, Object>> dumps() {
        return manager().dumps().list();
    }

    @Override
    public Map<String, Object> dump(int number) {
        return manager().dumps().read(number);
    }

    /** From now on dumps say which jobs were there. */
    void tellJobs(JobService jobs) {
        opening.thenAccept(manager -> manager.jobsOn((vm, partition) -> jobs.liveOn(vm).stream()
                .filter(job -> job.partition().equals(partition))
                .map(JobRecord::number)
                .toList()));
    }

    @Override
    public Path console(String vm) {
        return manager().require(vm).console();
    }

    @Override
    public Console openConsole(String vm) {
        return manager().requireConsole(vm);
    }

    @Override
    public Path window(String vm) {
        manager().requireGuest(vm);
        return manager().require(vm).window();
    }

    @Override
    public Map<String, Object> doctor() {
        List<HostChecks.Check> checks =
                new ArrayList<>(HostChecks.run(images, home.state(), KvmProbe.run(), HostTopology.read()));
        checks.add(libvirt());
        return Map.of(
                "ok",
                checks.stream().noneMatch(check -> check.status() == HostChecks.Status.FAIL),
                "checks",
                checks.stream().map(NodeVms::toJson).toList());
    }

    @Override
    public Optional<HvmException> obstacle() {
        if (!opening.isDone()) {
            return Optional.of(HvmException.of(ErrorCode.NOT_READY, "hvmd connects to libvirt and adopts VMs")
                    .hint("try again in a second")
                    .build());
        }
        try {
            manager();
            return Optional.empty();
        } catch (HvmException e) {
            return Optional.of(e);
        }
    }

    @Override
    public NodeLoad load() {
        return loads.look(manager().list());
    }

    @Override
    public Map<String, Object> versions() {
        return HostChecks.qemuVersion()
                .<Map<String, Object>>map(qemu -> Map.of("qemu", qemu))
                .orElse(Map.of());
    }

    @Override
    public List<GuestMachine> running() {
        manager().settle();
        return manager().list().stream()
                .filter(view -> view.state() == VmState.READY)
                .map(view -> (GuestMachine) new Machine(view))
                .toList();
    }

    @Override
    public Optional<GuestMachine> find(String name) {
        return manager().find(name).map(view -> {
            manager().requireGuest(name);
            return new Machine(view);
        });
    }

    @Override
    public List<GuestMachine> reachable() {
        return openManager()
                .map(manager -> manager.list().stream()
                        .filter(view ->
                                view.state() == VmState.READY && view.guest().isPresent())
                        .map(view -> (GuestMachine) new Machine(view))
                        .toList())
                .orElse(List.of());
    }

    @Override
    public Optional<String> gone(String name) {
        return openManager().flatMap(manager -> {
            Optional<VmView> view = manager.find(name);
            if (view.isEmpty()) {
                return Optional.of("VM " + name + " is not there any more");
            }
            return view.filter(one -> one.state() == VmState.FAILED).map(VmView::reason);
        });
    }

    /** Empty as long as it is not known which VMs there are. */
    private Optional<VmManager> openManager() {
        return opening.isDone() && !opening.isCompletedExceptionally() ? Optional.of(opening.join()) : Optional.empty();
    }

    @Override
    public void close() {
        if (opening.isDone() && !opening.isCompletedExceptionally()) {
            opening.join().close();
        }
    }

    private VmManager manager() {
        try {
            return opening.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof HvmException known) {
                throw known;
            }
            throw HvmException.of(ErrorCode.HOST_REQUIREMENT, "VMs cannot be managed on this host")
                    .value(e.getCause().toString())
                    .hint("hvm doctor; hvm logs hvmd")
                    .cause(e.getCause())
                    .build();
        }
    }

    private HostChecks.Check libvirt() {
        try {
            manager();
            return new HostChecks.Check("libvirt", HostChecks.Status.OK, "connected", Optional.empty());
        } catch (HvmException e) {
            return new HostChecks.Check(
                    "libvirt",
                    HostChecks.Status.FAIL,
                    e.getMessage(),
                    Optional.of(
                            "apt-get install libvirt0 libvirt-daemon-driver-qemu qemu-system-x86; hvm daemon stop"));
        }
    }

    private static Layout read(LayoutSource source) {
        var reader = new LayoutReader(source.file(), source.folder());
        return source.caller().look(() -> {
            Layout layout = source.text().map(reader::read).orElseGet(reader::standard);
            LayoutRights.require(layout, source.caller());
            return layout;
        });
    }

    private static void requireHrt(VmView view, String partition) {
        if (view.layout().partitions().stream().anyMatch(hrt -> hrt.name().equals(partition))) {
            return;
        }
        throw HvmException.of(ErrorCode.NO_SUCH_PARTITION, "No such HRT partition")
                .value(partition)
                .allowed(hrtNames(view.layout()))
                .owner(view.name())
                .hint(
                        partition.equals(LINUX_PARTITION)
                                ? "Linux is booted anew by hvm destroy and hvm launch"
                                : "hvm info " + view.name())
                .build();
    }

    private static String partitionOf(VmView view, Optional<String> partition) {
        String name = partition.orElse(view.layout().partitions().getFirst().name());
        requireHrt(view, name);
        return name;
    }

    private static String hrtNames(Layout layout) {
        return layout.partitions().stream().map(Layout.Hrt::name).collect(Collectors.joining(", "));
    }

    private static String read(Path file, String vm) {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw HvmException.of(ErrorCode.NO_SUCH_LOG, "There is no such log yet")
                    .value(file)
                    .owner(vm)
                    .cause(e)
                    .build();
        } catch (IOException e) {
            throw HvmException.of(ErrorCode.HOST_PERMISSION, "The log cannot be read")
                    .value(file + " (" + e.getMessage() + ")")
                    .owner(vm)
                    .cause(e)
                    .build();
        }
    }

    static Map<String, Object> toJson(HostChecks.Check check) {
        var json = new LinkedHashMap<String, Object>();
        json.put("name", check.name());
        json.put("status", check.status().name().toLowerCase(Locale.ROOT));
        json.put("value", check.value());
        check.mend().ifPresent(mend -> json.put("mend", mend));
        return json;
    }

    /** A VM as jobs see it. */
    private final class Machine implements GuestMachine {
        private final VmView view;

        private Machine(VmView view) {
            this.view = view;
        }

        @Override
        public String name() {
            return view.name();
        }

        @Override
        public List<Partition> partitions() {
            var partitions = new ArrayList<Partition>();
            partitions.add(new Partition(
                    LINUX_PARTITION, PartitionKind.LINUX, view.layout().linux().cores()));
            view.layout()
                    .partitions()
                    .forEach(hrt -> partitions.add(new Partition(hrt.name(), PartitionKind.HRT, hrt.cores())));
            return partitions;
        }

        @Override
        public List<Path> mounts() {
            return view.layout().mounts().stream().map(Layout.Mount::source).toList();
        }

        @Override
        public List<Path> readOnlyMounts() {
            return view.layout().mounts().stream()
                    .filter(Layout.Mount::readOnly)
                    .map(Layout.Mount::source)
                    .toList();
        }

        @Override
        public AgentGreeting greeting() {
            return view.guest().orElseGet(() -> manager().requireGuest(name())).greeting();
        }

        @Override
        public GuestProcess start(JobKey key, GuestCommand command, GuestProcess.Listener listener) {
            return manager().requireGuest(name()).start(key, withWaitPolicy(command), listener);
        }

        @Override
        public GuestProcess attach(JobKey key, String partition, long reports, GuestProcess.Listener listener) {
            return view.guest().orElseThrow().attach(key, partition, reports, listener);
        }

        @Override
        public Optional<JobUsage> usage(JobKey key) {
            return manager().requireGuest(name()).usage(key);
        }

        @Override
        public void release(JobKey key) {
            view.guest().orElseThrow().release(key);
        }

        /** Threads that wait by polling, on vCPUs that share a host core, would wait for each other's time slices. */
        private GuestCommand withWaitPolicy(GuestCommand command) {
            boolean shared =
                    view.placement().isCrowded() || view.layout().host().policy() == Layout.Policy.SHARED;
            return shared && command.cores() > 1 ? command.withDefault("OMP_WAIT_POLICY", "passive") : command;
        }
    }
}
