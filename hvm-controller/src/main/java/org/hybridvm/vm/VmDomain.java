// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.hybridvm.host.HostChecks;
import org.hybridvm.layout.Layout;
import org.libvirt.LibvirtException;

/** Makes libvirt's domains of VMs, and the files, memory and servers that QEMU needs. Calls block. */
final class VmDomain {
    private final Libvirt libvirt;
    private final Path images;
    private final ImageStage stage;
    private final VmRegister register;
    private final VmStore store;
    private final VmPaths paths;

    VmDomain(Libvirt libvirt, Path images, ImageStage stage, VmRegister register, VmStore store, VmPaths paths) {
        this.libvirt = libvirt;
        this.images = images;
        this.stage = stage;
        this.register = register;
        this.store = store;
        this.paths = paths;
    }
    /** Makes the domain's description and what it names. */
    String describe(VmRecord record) throws IOException {
        Layout layout = record.layout();
        Path kernel = stage.copyOf(layout.linux().kernel().orElse(images.resolve("vmlinux")));
        Path initramfs = stage.initramfs(
                layout.linux().initramfs().orElse(images.resolve("initramfs.cpio")), aerokernelsOf(layout));
        Optional<Path> rootFs = rootFsOf(layout).map(stage::copyOf);
        if (register.all().size() == 1) {
            Set<Path> used = new HashSet<>(Set.of(kernel, initramfs));
            rootFs.ifPresent(used::add);
            stage.keepOnly(used);
        }
        List<GuestMemory.Range> ranges = GuestMemory.place(layout, DomainXml.usesQ35(layout));
        Files.deleteIfExists(paths.console(record));
        Files.deleteIfExists(paths.agent(record));
        SharedMemory.create(VmPaths.windowName(record), layout.window(), libvirt.isUnprivileged());
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
                        paths.console(record),
                        paths.agent(record),
                        MountServers.needed(libvirt) ? paths.mounts(record) : List.of(),
                        VmPaths.windowName(record)));
    }

    void createPaused(VmRecord record, String xml) throws LibvirtException, IOException, InterruptedException {
        if (!MountServers.needed(libvirt)) {
            libvirt.createPaused(xml);
            return;
        }
        MountServers servers = MountServers.start(
                record.layout().mounts(),
                paths.mounts(record),
                store.mountLogOf(record.layout().name()));
        try {
            libvirt.createPaused(xml);
        } catch (LibvirtException e) {
            servers.kill();
            throw e;
        }
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

    private static String cpuInfo() {
        try {
            return Files.readString(Path.of("/proc/cpuinfo"));
        } catch (IOException e) {
            return "";
        }
    }
}
