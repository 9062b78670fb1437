// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.hybridvm.Home;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;
import org.hybridvm.event.Events;
import org.hybridvm.host.HostChecks;
import org.hybridvm.host.HostTopology;
import org.hybridvm.host.KvmProbe;
import org.hybridvm.job.GuestMachines;
import org.hybridvm.job.JobRecord;
import org.hybridvm.job.JobService;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.LayoutReader;
import org.hybridvm.store.Database;
import org.hybridvm.vm.BootObserver;
import org.hybridvm.vm.Console;
import org.hybridvm.vm.Guest;
import org.hybridvm.vm.NodeLoad;
import org.hybridvm.vm.NodeLoads;
import org.hybridvm.vm.VmManager;
import org.hybridvm.vm.VmView;

/** The VMs of this node as the API wants them. */
final class NodeVms implements VmControl, AutoCloseable {
    /** System property: the folder of vmlinux and initramfs.cpio. */
    static final String IMAGES_PROPERTY = "hvm.images";

    private static final Path INSTALLED_IMAGES = Path.of("/usr/lib/hvm/images");

    private final Home home;
    private final Path images;
    private final Events events;
    private final NodeManager node;
    private final NodeLogs logs;
    private final NodeLoads loads = new NodeLoads();

    private NodeVms(Home home, Path images, Events events, NodeManager node) {
        this.home = home;
        this.images = images;
        this.events = events;
        this.node = node;
        this.logs = new NodeLogs(node);
    }

    static NodeVms open(Home home, Guest.Connector connector, Events events, Database database) {
        String chosen = System.getProperty(IMAGES_PROPERTY);
        Path images = chosen == null ? INSTALLED_IMAGES : Path.of(chosen);
        return new NodeVms(home, images, events, NodeManager.open(home, images, connector, events, database));
    }

    /** The same VMs, as jobs want them. */
    GuestMachines machines() {
        return new NodeMachines(node);
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
    public Map<String, Object> validate(LayoutSource source) {
        return VmFacts.ofLayout(read(source));
    }

    @Override
    public List<Map<String, Object>> validateAll(LayoutSource source) {
        if (source.text().isEmpty()) {
            return List.of(validate(source));
        }
        var reader = new LayoutReader(source.file(), source.folder());
        return source.caller().look(() -> {
            List<Layout> layouts = reader.readAll(source.text().get());
            layouts.forEach(layout -> LayoutRights.require(layout, source.caller()));
            return layouts.stream().map(VmFacts::ofLayout).toList();
        });
    }

    @Override
    public Map<String, Object> launch(LayoutSource source, BootObserver observer) {
        Layout layout = read(source);
        return VmFacts.inFull(manager().launch(layout, observer));
    }

    @Override
    public LayoutControl layouts() {
        return new NodeLayouts(node);
    }

    @Override
    public void destroy(String vm) {
        manager().destroy(vm);
    }

    @Override
    public Map<String, Object> reboot(String vm, String partition, boolean force) {
        HrtPartitions.require(manager().require(vm), partition);
        Guest.Partition booted = manager().requireGuest(vm).reboot(partition, force);
        events.publish(
                "partition.rebooted",
                "vm/" + vm + "/" + partition,
                Map.of("state", booted.state(), "generation", booted.generation(), "forced", force));
        return PartitionFacts.ofBoot(vm, booted);
    }

    @Override
    public Map<String, Object> modules(String vm, String partition) {
        HrtPartitions.require(manager().require(vm), partition);
        return PartitionFacts.ofModules(
                vm, partition, manager().requireGuest(vm).modules(partition));
    }

    @Override
    public Map<String, Object> loadModule(String vm, String partition, Path file, Caller caller) {
        VmView view = manager().require(vm);
        HrtPartitions.require(view, partition);
        String path = caller.look(() -> MountedFile.of(view, file));
        return PartitionFacts.ofModules(
                vm, partition, manager().requireGuest(vm).loadModule(partition, path));
    }

    @Override
    public Map<String, Object> unloadModule(String vm, String partition, String module) {
        HrtPartitions.require(manager().require(vm), partition);
        return PartitionFacts.ofModules(
                vm, partition, manager().requireGuest(vm).unloadModule(partition, module));
    }

    @Override
    public String log(String vm, String kind, Optional<String> partition) {
        return logs.read(vm, kind, partition);
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
        node.whenAdopted(manager -> manager.jobsOn((vm, partition) -> jobs.liveOn(vm).stream()
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
    public List<HostChecks.Check> doctor() {
        List<HostChecks.Check> checks =
                new ArrayList<>(HostChecks.run(images, home.state(), KvmProbe.run(), HostTopology.read()));
        checks.add(libvirt());
        return checks;
    }

    @Override
    public Optional<HvmException> obstacle() {
        return node.obstacle();
    }

    @Override
    public boolean isOpen() {
        return node.now().isPresent();
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
    public void close() {
        node.close();
    }

    private HostChecks.Check libvirt() {
        try {
            return manager()
                    .obstacle()
                    .map(lost -> new HostChecks.Check(
                            "libvirt",
                            HostChecks.Status.FAIL,
                            lost.what() + ": " + lost.value(),
                            Optional.of(lost.hint())))
                    .orElse(new HostChecks.Check("libvirt", HostChecks.Status.OK, "connected", Optional.empty()));
        } catch (HvmException e) {
            return new HostChecks.Check(
                    "libvirt",
                    HostChecks.Status.FAIL,
                    e.getMessage(),
                    Optional.of(
                            "apt-get install libvirt0 libvirt-daemon-driver-qemu qemu-system-x86; hvm daemon stop"));
        }
    }

    private VmManager manager() {
        return node.get();
    }

    private static Layout read(LayoutSource source) {
        var reader = new LayoutReader(source.file(), source.folder());
        return source.caller().look(() -> {
            Layout layout = source.text().map(reader::read).orElseGet(reader::standard);
            LayoutRights.require(layout, source.caller());
            return layout;
        });
    }
}
