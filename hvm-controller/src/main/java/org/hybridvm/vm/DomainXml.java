// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerException;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.hybridvm.host.Placement;
import org.hybridvm.layout.Layout;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/**
 * The libvirt domain of a layout. Every PCI device has a slot of its own on bus 0: libvirt would otherwise add a root port
 * for each, and each costs boot time (docs/boot.md).
 */
final class DomainXml {
    static final String AGENT_PORT = "org.hybridvm.agent.0";

    /** The disk of the root file system, as Linux names it. */
    static final String ROOT_DISK = "vda";

    private static final Path QBOOT = Path.of("/usr/share/qemu/qboot.rom");
    private static final List<Path> VIRTIOFSD =
            List.of(Path.of("/usr/lib/qemu/virtiofsd"), Path.of("/usr/libexec/virtiofsd"));
    private static final int SERIAL_SLOT = 3;
    private static final int SHARED_MEMORY_SLOT = 5;
    private static final int ROOT_DISK_SLOT = 6;
    private static final int FIRST_MOUNT_SLOT = 8;

    /** Slots of bus 0 that are left for mounts; 31 is the chipset's on q35. */
    static final int MAX_MOUNTS = 31 - FIRST_MOUNT_SLOT;

    private final Document document;
    private final HostFiles host;

    private DomainXml(Document document, HostFiles host) {
        this.document = document;
        this.host = host;
    }

    /**
     * What a domain is made of besides its layout.
     *
     * @param kernel and initramfs: files that QEMU's user can read
     * @param consoleSocket and agentSocket: QEMU makes them and listens
     * @param rootFs the image of the root file system, that QEMU's user can read
     * @param mountSockets of {@link MountServers}, one for each mount; empty: libvirt serves the mounts itself
     * @param sharedMemory name of the window's file in /dev/shm
     */
    record Parts(
            UUID uuid,
            Accelerator accelerator,
            Placement placement,
            Path kernel,
            Path initramfs,
            Optional<Path> rootFs,
            String commandLine,
            Path consoleSocket,
            Path agentSocket,
            List<Path> mountSockets,
            String sharedMemory) {}

    /**
     * What of QEMU's is named only where it lies in a known place; libvirt finds the rest.
     *
     * @param firmware qboot; empty: SeaBIOS, which is slower
     * @param virtiofsd empty: libvirt looks for it
     */
    record HostFiles(Optional<Path> firmware, Optional<Path> virtiofsd) {
        static HostFiles find() {
            return new HostFiles(
                    Optional.of(QBOOT).filter(Files::exists),
                    VIRTIOFSD.stream().filter(Files::exists).findFirst());
        }
    }

    static String mountTag(int index) {
        return "hvm" + index;
    }

    static boolean usesQ35(Layout layout) {
        return layout.machine() != Layout.Machine.PC;
    }

    static String of(Layout layout, Parts parts) {
        return of(layout, parts, HostFiles.find());
    }

    static String of(Layout layout, Parts parts, HostFiles host) {
        try {
            Document document = DocumentBuilderFactory.newDefaultInstance()
                    .newDocumentBuilder()
                    .newDocument();
            new DomainXml(document, host).build(layout, parts);
            return print(document);
        } catch (ParserConfigurationException | TransformerException e) {
            throw new IllegalStateException("the JDK's own XML does not work", e);
        }
    }

    private void build(Layout layout, Parts parts) {
        Element domain = document.createElement("domain");
        document.appendChild(domain);
        domain.setAttribute("type", parts.accelerator().domainType());
        text(domain, "name", "hvm-" + layout.name());
        text(domain, "uuid", parts.uuid().toString());
        text(domain, "memory", String.valueOf(layout.memory() >> 10)).setAttribute("unit", "KiB");
        Element backing = child(domain, "memoryBacking");
        long page = layout.host().hugepages().size();
        if (page > 0) {
            attributes(child(child(backing, "hugepages"), "page"), "size", String.valueOf(page >> 10), "unit", "KiB");
        }
        child(backing, "source").setAttribute("type", "memfd");
        child(backing, "access").setAttribute("mode", "shared");
        text(domain, "vcpu", String.valueOf(layout.vcpus())).setAttribute("placement", "static");
        pins(domain, parts.placement());
        parts.placement().node().ifPresent(node -> memoryOf(domain, layout, node));
        boot(domain, layout, parts);
        Element features = child(domain, "features");
        child(features, "acpi");
        child(features, "apic");
        child(domain, "cpu").setAttribute("mode", parts.accelerator().cpuMode());
        Element clock = child(domain, "clock");
        clock.setAttribute("offset", "utc");
        attributes(child(clock, "timer"), "name", "hpet", "present", "no");
        for (String event : List.of("on_poweroff", "on_reboot", "on_crash")) {
            text(domain, event, "destroy");
        }
        devices(child(domain, "devices"), layout, parts);
    }

    private void pins(Element domain, Placement placement) {
        Element tune = child(domain, "cputune");
        for (int vcpu = 0; vcpu < placement.vcpus().size(); vcpu++) {
            attributes(
                    child(tune, "vcpupin"),
                    "vcpu",
                    String.valueOf(vcpu),
                    "cpuset",
                    placement.vcpus().get(vcpu).toString());
        }
        child(tune, "emulatorpin").setAttribute("cpuset", list(placement.housekeeping()));
    }

    /** A node that the layout names is a demand; one that hvmd chose, where pages may come from others when it is full. */
    private void memoryOf(Element domain, Layout layout, int node) {
        attributes(
                child(child(domain, "numatune"), "memory"),
                "mode",
                layout.host().numa().isPresent() ? "strict" : "preferred",
                "nodeset",
                String.valueOf(node));
    }

    private void boot(Element domain, Layout layout, Parts parts) {
        Element os = child(domain, "os");
        attributes(text(os, "type", "hvm"), "arch", "x86_64", "machine", usesQ35(layout) ? "q35" : "pc");
        host.firmware()
                .ifPresent(firmware ->
                        attributes(text(os, "loader", firmware.toString()), "readonly", "yes", "type", "rom"));
        text(os, "kernel", parts.kernel().toString());
        text(os, "initrd", parts.initramfs().toString());
        text(os, "cmdline", parts.commandLine());
    }

    private void devices(Element devices, Layout layout, Parts parts) {
        controllers(devices, layout);
        parts.rootFs().ifPresent(image -> rootDisk(devices, image));
        for (int i = 0; i < layout.mounts().size(); i++) {
            mount(devices, layout.mounts().get(i), i, parts.mountSockets());
        }
        Element console = attributes(child(devices, "serial"), "type", "unix");
        listen(console, parts.consoleSocket());
        child(console, "target").setAttribute("port", "0");
        Element channel = attributes(child(devices, "channel"), "type", "unix");
        listen(channel, parts.agentSocket());
        attributes(child(channel, "target"), "type", "virtio", "name", AGENT_PORT);
        Element shared = attributes(child(devices, "shmem"), "name", parts.sharedMemory());
        child(shared, "model").setAttribute("type", "ivshmem-plain");
        text(shared, "size", String.valueOf(layout.window() >> 20)).setAttribute("unit", "M");
        slot(shared, SHARED_MEMORY_SLOT);
        child(devices, "memballoon").setAttribute("model", "none");
        child(devices, "panic").setAttribute("model", "isa");
        child(child(devices, "video"), "model").setAttribute("type", "none");
    }

    private void controllers(Element devices, Layout layout) {
        controller(devices, "type", "usb", "model", "none");
        controller(devices, "type", "pci", "index", "0", "model", usesQ35(layout) ? "pcie-root" : "pci-root");
        Element serial = controller(devices, "type", "virtio-serial", "index", "0", "model", "virtio-non-transitional");
        slot(serial, SERIAL_SLOT);
    }

    private Element controller(Element devices, String... facts) {
        return attributes(child(devices, "controller"), facts);
    }

    /** QEMU makes the socket. */
    private void listen(Element device, Path socket) {
        attributes(child(device, "source"), "mode", "bind", "path", socket.toString());
    }

    private void rootDisk(Element devices, Path image) {
        Element disk = attributes(
                child(devices, "disk"), "type", "file", "device", "disk", "model", "virtio-non-transitional");
        attributes(child(disk, "driver"), "name", "qemu", "type", "raw");
        child(disk, "source").setAttribute("file", image.toString());
        attributes(child(disk, "target"), "dev", ROOT_DISK, "bus", "virtio");
        child(disk, "readonly");
        slot(disk, ROOT_DISK_SLOT);
    }

    private void mount(Element devices, Layout.Mount mount, int index, List<Path> sockets) {
        Element filesystem = attributes(child(devices, "filesystem"), "type", "mount", "accessmode", "passthrough");
        child(filesystem, "driver").setAttribute("type", "virtiofs");
        if (sockets.isEmpty()) {
            host.virtiofsd().ifPresent(binary -> child(filesystem, "binary").setAttribute("path", binary.toString()));
            child(filesystem, "source").setAttribute("dir", mount.source().toString());
        } else {
            child(filesystem, "source")
                    .setAttribute("socket", sockets.get(index).toString());
        }
        child(filesystem, "target").setAttribute("dir", mountTag(index));
        slot(filesystem, FIRST_MOUNT_SLOT + index);
    }

    private void slot(Element device, int slot) {
        attributes(
                child(device, "address"),
                "type",
                "pci",
                "domain",
                "0x0000",
                "bus",
                "0x00",
                "slot",
                "0x%02x".formatted(slot),
                "function",
                "0x0");
    }

    private Element child(Element parent, String name) {
        Element element = document.createElement(name);
        parent.appendChild(element);
        return element;
    }

    private Element text(Element parent, String name, String text) {
        Element element = child(parent, name);
        element.setTextContent(text);
        return element;
    }

    private static Element attributes(Element element, String... pairs) {
        for (int i = 0; i < pairs.length; i += 2) {
            element.setAttribute(pairs[i], pairs[i + 1]);
        }
        return element;
    }

    private static String list(Set<Integer> cores) {
        return new TreeSet<>(cores).stream().map(String::valueOf).collect(Collectors.joining(","));
    }

    private static String print(Document document) throws TransformerException {
        Transformer transformer = TransformerFactory.newDefaultInstance().newTransformer();
        transformer.setOutputProperty(OutputKeys.INDENT, "yes");
        transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
        var out = new StringWriter();
        transformer.transform(new DOMSource(document), new StreamResult(out));
        return out.toString();
    }
}
