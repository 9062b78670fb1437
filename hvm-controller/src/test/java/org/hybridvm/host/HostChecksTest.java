// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.hybridvm.host.HostChecks.Check;
import org.hybridvm.host.HostChecks.Status;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The checks that judge what they are given; the others judge the host that the test runs on. */
class HostChecksTest {
    private static final long GIB = 1L << 30;

    @TempDir
    private Path folder;

    @Test
    void shouldCheckEverythingInTheOrderOfItsReport() {
        assertThat(checks(2, 8 * GIB))
                .extracting(Check::name)
                .containsExactly(
                        "acceleration",
                        "qemu",
                        "qemu driver of libvirt",
                        "virtiofsd",
                        "vmlinux",
                        "initramfs.cpio",
                        "rootfs.img",
                        "host cores",
                        "memory",
                        "state folder",
                        "qemu's user",
                        "clock source",
                        "time service",
                        "huge pages",
                        "processors of hvmd",
                        "open files",
                        "java");
    }

    @Test
    void shouldSayWhyKvmIsTaken() {
        assertThat(HostChecks.run(folder, folder, new KvmProbe.Verdict(true, "KVM works"), host(2, 8 * GIB)))
                .contains(new Check("acceleration", Status.OK, "KVM works", Optional.empty()));
    }

    @Test
    void shouldSayWhyQemuInterprets() {
        assertThat(checks(2, 8 * GIB))
                .contains(new Check(
                        "acceleration",
                        Status.WARN,
                        "TCG (QEMU interprets, slowly): there is no /dev/kvm",
                        Optional.of("use a machine with nested or bare-metal virtualization")));
    }

    @Test
    void shouldTellTheSizeOfAnImage() throws IOException {
        Path kernel = Files.write(folder.resolve("vmlinux"), new byte[5000]);
        assertThat(checks(2, 8 * GIB)).contains(new Check("vmlinux", Status.OK, kernel + " (4 KiB)", Optional.empty()));
    }

    @Test
    void shouldMissAnImageAndSayHowToBuildIt() {
        assertThat(checks(2, 8 * GIB))
                .contains(new Check(
                        "initramfs.cpio",
                        Status.FAIL,
                        folder.resolve("initramfs.cpio") + " is missing",
                        Optional.of("make -C images")));
    }

    @Test
    void shouldWarnOfAMissingRootFileSystem() {
        assertThat(checks(2, 8 * GIB))
                .contains(new Check(
                        "rootfs.img",
                        Status.WARN,
                        folder.resolve("rootfs.img") + " is missing: guests have no shared libraries",
                        Optional.of("make -C images")));
    }

    @Test
    void shouldWarnOfAHostWithOneCore() {
        assertThat(checks(2, 8 * GIB)).contains(new Check("host cores", Status.OK, "2 online", Optional.empty()));
        assertThat(checks(1, 8 * GIB))
                .contains(new Check(
                        "host cores",
                        Status.WARN,
                        "1 online: HRT and Linux share it",
                        Optional.of("two are the least that keeps an HRT core quiet")));
    }

    @Test
    void shouldWarnOfAHostWithLessThan3GiB() {
        assertThat(checks(2, 3 * GIB))
                .contains(new Check("memory", Status.OK, "3GiB available of 16GiB", Optional.empty()));
        assertThat(checks(2, 3 * GIB - 1))
                .contains(new Check(
                        "memory",
                        Status.WARN,
                        "3071MiB available of 16GiB",
                        Optional.of("the default VM takes 2GiB; give a layout less")));
    }

    @Test
    void shouldMissTheStateFolder() {
        Path state = folder.resolve("missing");
        assertThat(HostChecks.run(folder, state, new KvmProbe.Verdict(true, "KVM works"), host(2, 8 * GIB)))
                .contains(new Check(
                        "state folder",
                        Status.FAIL,
                        state + " cannot be read (java.nio.file.NoSuchFileException: " + state + ")",
                        Optional.of("set HVM_HOME")));
    }

    private List<Check> checks(int cores, long available) {
        return HostChecks.run(
                folder, folder, new KvmProbe.Verdict(false, "there is no /dev/kvm"), host(cores, available));
    }

    private static HostTopology host(int cores, long available) {
        List<Integer> online = List.of(0, 1).subList(0, cores);
        return new HostTopology(online, online.stream().map(Set::of).toList(), 16 * GIB, available);
    }
}
