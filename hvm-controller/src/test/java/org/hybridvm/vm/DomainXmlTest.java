// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathException;
import javax.xml.xpath.XPathFactory;
import org.hybridvm.host.Placement;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.Layout.Acceleration;
import org.hybridvm.layout.Layout.Machine;
import org.hybridvm.layout.Layout.Mount;
import org.hybridvm.vm.DomainXml.HostFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.libvirt.Connect;
import org.libvirt.Domain;
import org.libvirt.LibvirtException;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

class DomainXmlTest {
    private static final UUID ID = UUID.fromString("7d3f3e0a-6d6e-4a8c-9a57-0d6c1f2b3a4c");

    /** VIR_DOMAIN_START_VALIDATE: the XML must fit libvirt's schema. */
    private static final int VALIDATE = 16;

    private static final HostFiles HOST = new HostFiles(
            Optional.of(Path.of("/usr/share/qemu/qboot.rom")), Optional.of(Path.of("/usr/lib/qemu/virtiofsd")));
    private static final Layout FULL = TestLayouts.full(Machine.Q35, Acceleration.KVM);

    @Test
    void shouldDescribeAFullLayoutAsInTheGoldenFile() throws IOException {
        try (InputStream golden = getClass().getResourceAsStream("full-domain.xml")) {
            assertThat(DomainXml.of(FULL, parts(Accelerator.KVM, "console=ttyS0 quiet nopti"), HOST))
                    .isEqualTo(new String(golden.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void shouldListHousekeepingCoresInOrder() {
        var placement = placement(Set.of(17, 2, 33, 0, 10, 1), Optional.empty());
        String xml = DomainXml.of(FULL, parts(Accelerator.KVM, placement, ""), HOST);
        assertThat(at(xml, "/domain/cputune/emulatorpin/@cpuset")).isEqualTo("0,1,2,10,17,33");
    }

    @Test
    void shouldTakeMemoryFromTheNodeAndThePagesThatTheLayoutNames() {
        Layout layout = TestLayouts.withHost(
                FULL,
                new Layout.Host(
                        Layout.Policy.DEDICATED,
                        List.of(),
                        Optional.of(1),
                        Layout.Hugepages.GIB1,
                        Layout.Siblings.TOGETHER,
                        List.of()));
        String xml = DomainXml.of(layout, parts(Accelerator.KVM, placement(Set.of(0), Optional.of(1)), ""), HOST);
        assertThat(at(xml, "/domain/numatune/memory/@mode")).isEqualTo("strict");
        assertThat(at(xml, "/domain/numatune/memory/@nodeset")).isEqualTo("1");
        assertThat(at(xml, "/domain/memoryBacking/hugepages/page/@size")).isEqualTo("1048576");
        assertThat(at(xml, "/domain/memoryBacking/source/@type")).isEqualTo("memfd");
    }

    @Test
    void shouldPreferTheNodeThatHvmdChose() {
        String xml = DomainXml.of(FULL, parts(Accelerator.KVM, placement(Set.of(0), Optional.of(1)), ""), HOST);
        assertThat(at(xml, "/domain/numatune/memory/@mode")).isEqualTo("preferred");
        assertThat(all(xml, "/domain/memoryBacking/hugepages")).isEmpty();
    }

    @Test
    void shouldLetQemuInterpretTheGuestUnderTcg() {
        String xml = DomainXml.of(FULL, parts(Accelerator.TCG, ""), HOST);
        assertThat(at(xml, "/domain/@type")).isEqualTo("qemu");
        assertThat(at(xml, "/domain/cpu/@mode")).isEqualTo("maximum");
    }

    @ParameterizedTest
    @CsvSource({"AUTO, q35, pcie-root", "Q35, q35, pcie-root", "PC, pc, pci-root"})
    void shouldGiveEachMachineItsBus(Machine machine, String type, String bus) {
        Layout layout = TestLayouts.full(machine, Acceleration.TCG);
        String xml = DomainXml.of(layout, parts(Accelerator.TCG, ""), HOST);
        assertThat(at(xml, "/domain/os/type/@machine")).isEqualTo(type);
        assertThat(at(xml, "/domain/devices/controller[@type='pci']/@model")).isEqualTo(bus);
        assertThat(DomainXml.usesQ35(layout)).isEqualTo(type.equals("q35"));
    }

    @Test
    void shouldNameNeitherFirmwareNorVirtiofsdWhereTheyAreNotFound() {
        String xml = DomainXml.of(FULL, parts(Accelerator.KVM, ""), new HostFiles(Optional.empty(), Optional.empty()));
        assertThat(all(xml, "//loader")).isEmpty();
        assertThat(all(xml, "//binary")).isEmpty();
        assertThat(all(xml, "//filesystem/source/@dir")).containsExactly("/home/me/work", "/srv/data");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/a & b",
                "/<tag attribute='x'>",
                "/\"quoted\"",
                "/it's",
                "/]]>",
                "/&amp;",
                "/über/\u65e5\u672c",
                "/\ud83d\ude00",
                "/two  spaces ",
                "/tab\tand\nline"
            })
    void shouldKeepSpecialCharactersOfAMount(String source) {
        Layout layout = TestLayouts.withMounts(FULL, new Mount(Path.of(source), false));
        assertThat(at(DomainXml.of(layout, parts(Accelerator.KVM, ""), HOST), "//filesystem/source/@dir"))
                .isEqualTo(source);
    }

    @Test
    void shouldKeepSpecialCharactersOfTheCommandLine() {
        String commandLine = "memmap=64K$0x10000 dyndbg=\"file a.c +p\" a=<b>&'c'";
        assertThat(at(DomainXml.of(FULL, parts(Accelerator.KVM, commandLine), HOST), "/domain/os/cmdline"))
                .isEqualTo(commandLine);
    }

    @Test
    void shouldGiveEveryMountASlotAndATagOfItsOwn() {
        Mount[] mounts = IntStream.range(0, DomainXml.MAX_MOUNTS)
                .mapToObj(i -> new Mount(Path.of("/mount/" + i), false))
                .toArray(Mount[]::new);
        String xml = DomainXml.of(TestLayouts.withMounts(FULL, mounts), parts(Accelerator.KVM, ""), HOST);
        assertThat(all(xml, "//filesystem/target/@dir"))
                .hasSize(23)
                .startsWith("hvm0", "hvm1")
                .endsWith("hvm22")
                .doesNotHaveDuplicates();
        assertThat(all(xml, "//filesystem/address/@slot"))
                .hasSize(23)
                .startsWith("0x08", "0x09")
                .endsWith("0x1e");
        assertThat(all(xml, "//address/@slot")).hasSize(26).doesNotHaveDuplicates();
    }

    @Test
    void shouldLeaveMountsToServersOfHvmdWhereLibvirtServesNone() {
        DomainXml.Parts own = parts(Accelerator.KVM, "");
        var parts = new DomainXml.Parts(
                own.uuid(),
                own.accelerator(),
                own.placement(),
                own.kernel(),
                own.initramfs(),
                Optional.empty(),
                own.commandLine(),
                own.consoleSocket(),
                own.agentSocket(),
                List.of(Path.of("/run/hvm/solver-1.mount0")),
                own.sharedMemory());
        Layout layout = TestLayouts.withMounts(FULL, new Mount(Path.of("/data"), false));
        String xml = DomainXml.of(layout, parts, HOST);
        assertThat(all(xml, "//filesystem/source/@socket")).containsExactly("/run/hvm/solver-1.mount0");
        assertThat(all(xml, "//filesystem/source/@dir")).isEmpty();
        assertThat(all(xml, "//filesystem/binary")).isEmpty();
        assertThat(all(xml, "//disk")).as("without a root file system").isEmpty();
    }

    @ParameterizedTest
    @EnumSource(names = {"Q35", "PC"})
    void shouldMakeADomainThatLibvirtTakes(Machine machine) throws LibvirtException {
        Layout layout = TestLayouts.withMounts(
                TestLayouts.full(machine, Acceleration.KVM), new Mount(Path.of("/a & <b> \"c\" 'd'"), true));
        String xml = DomainXml.of(layout, parts(Accelerator.KVM, "quiet"), HOST);
        var connect = new Connect("test:///default");
        Domain domain = connect.domainCreateXML(asTestDomain(xml), VALIDATE);
        try {
            assertThat(domain.getName()).isEqualTo("hvm-solver-1");
            assertThat(domain.getUUIDString()).isEqualTo(ID.toString());
            assertThat(domain.getMaxMemory()).isEqualTo(layout.memory() >> 10);
            String taken = domain.getXMLDesc(0);
            for (String place : List.of(
                    "//vcpu",
                    "//vcpupin/@cpuset",
                    "//emulatorpin/@cpuset",
                    "/domain/os/*[name() != 'boot']",
                    "//disk/source/@file",
                    "//disk/address/@slot",
                    "//filesystem/source/@dir",
                    "//filesystem/address/@slot",
                    "//channel/target/@name",
                    "//shmem/model/@type")) {
                assertThat(all(taken, place)).as(place).isNotEmpty().isEqualTo(all(xml, place));
            }
        } finally {
            domain.destroy(); // or the next connection to the test driver finds it
            connect.close();
        }
    }

    /** libvirt's test driver has domains of its own type only. */
    private static String asTestDomain(String xml) {
        return xml.replace("<domain type=\"kvm\">", "<domain type=\"test\">");
    }

    private static Placement placement(Set<Integer> housekeeping, Optional<Integer> node) {
        return new Placement(List.of(0, 1, 5, 4, 3, 2), Set.of(5, 4, 3, 2), Set.of(), housekeeping, node, List.of());
    }

    private static DomainXml.Parts parts(Accelerator accelerator, String commandLine) {
        return parts(accelerator, placement(Set.of(3, 0), Optional.empty()), commandLine);
    }

    private static DomainXml.Parts parts(Accelerator accelerator, Placement placement, String commandLine) {
        return new DomainXml.Parts(
                ID,
                accelerator,
                placement,
                Path.of("/var/lib/hvm/images/vmlinux-1-2"),
                Path.of("/var/lib/hvm/images/initramfs.cpio-1-2"),
                Optional.of(Path.of("/var/lib/hvm/images/rootfs.img-1-2")),
                commandLine,
                Path.of("/run/hvm/solver-1.console"),
                Path.of("/run/hvm/solver-1.agent"),
                List.of(),
                "hvm-solver-1");
    }

    private static String at(String xml, String place) {
        List<String> found = all(xml, place);
        assertThat(found).as(place).hasSize(1);
        return found.getFirst();
    }

    /** The texts of all that an XPath finds. */
    private static List<String> all(String xml, String place) {
        try {
            Document document = DocumentBuilderFactory.newDefaultInstance()
                    .newDocumentBuilder()
                    .parse(new InputSource(new StringReader(xml)));
            var nodes = (NodeList)
                    XPathFactory.newDefaultInstance().newXPath().evaluate(place, document, XPathConstants.NODESET);
            List<String> texts = new ArrayList<>();
            for (int i = 0; i < nodes.getLength(); i++) {
                texts.add(nodes.item(i).getTextContent());
            }
            return texts;
        } catch (IOException | ParserConfigurationException | SAXException | XPathException e) {
            throw new AssertionError(xml, e);
        }
    }
}
