// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.hybridvm.layout.ByteSize;

/** What hybrid VMs need on a host, found out one by one for {@code hvm doctor}. */
public final class HostChecks {
    /** The project's root file system, in the folder of images. */
    public static final String ROOT_FS = "rootfs.img";

    private static final String INSTALL = "apt-get install ";
    private static final long MIN_MEMORY = 3L << 30;
    private static final long MIN_DISK = 512L << 20;

    private HostChecks() {}

    public enum Status {
        OK,
        /** Works, with a loss that is named. */
        WARN,
        /** No VM runs. */
        FAIL
    }

    /**
     * One check.
     *
     * @param value what was found
     * @param mend what to do, empty if nothing
     */
    public record Check(String name, Status status, String value, Optional<String> mend) {}

    /**
     * @param images the folder of vmlinux and initramfs.cpio
     * @param state hvmd's own
     */
    public static List<Check> run(Path images, Path state, KvmProbe.Verdict kvm, HostTopology host) {
        List<Check> checks = new ArrayList<>();
        checks.add(new Check(
                "acceleration",
                kvm.usable() ? Status.OK : Status.WARN,
                kvm.usable() ? kvm.reason() : "TCG (QEMU interprets, slowly): " + kvm.reason(),
                kvm.usable()
                        ? Optional.empty()
                        : Optional.of("use a machine with nested or bare-metal virtualization")));
        checks.add(qemu());
        checks.add(file(
                "qemu driver of libvirt",
                "libvirt-daemon-driver-qemu",
                "/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so",
                "/usr/lib64/libvirt/connection-driver/libvirt_driver_qemu.so"));
        checks.add(file("virtiofsd", "qemu-system-common", "/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd"));
        checks.add(image(images.resolve("vmlinux")));
        checks.add(image(images.resolve("initramfs.cpio")));
        checks.add(rootFs(images.resolve(ROOT_FS)));
        checks.add(cores(host));
        checks.add(memory(host));
        checks.add(disk(state));
        checks.add(qemuUser());
        checks.addAll(KernelChecks.run(host));
        checks.add(new Check("java", Status.OK, Runtime.version().toString(), Optional.empty()));
        return checks;
    }

    public static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    /** The first line of QEMU's version, empty without QEMU. */
    public static Optional<String> qemuVersion() {
        try {
            Process process = new ProcessBuilder("qemu-system-x86_64", "--version")
                    .redirectErrorStream(true)
                    .start();
            String output = new String(process.getInputStream().readNBytes(4096));
            if (!process.waitFor(10, TimeUnit.SECONDS) || process.exitValue() != 0) {
                return Optional.empty();
            }
            return output.lines().findFirst();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    private static Check qemu() {
        return qemuVersion()
                .map(version -> new Check("qemu", Status.OK, version, Optional.empty()))
                .orElseGet(() -> new Check(
                        "qemu",
                        Status.FAIL,
                        "qemu-system-x86_64 does not run",
                        Optional.of(INSTALL + "qemu-system-x86")));
    }

    private static Check file(String name, String debianPackage, String... places) {
        for (String place : places) {
            if (Files.exists(Path.of(place))) {
                return new Check(name, Status.OK, place, Optional.empty());
            }
        }
        return new Check(
                name, Status.FAIL, "not found: " + String.join(", ", places), Optional.of(INSTALL + debianPackage));
    }

    private static Check image(Path file) {
        try {
            return new Check(
                    file.getFileName().toString(),
                    Status.OK,
                    file + " (" + Files.size(file) / 1024 + " KiB)",
                    Optional.empty());
        } catch (IOException e) {
            return new Check(
                    file.getFileName().toString(), Status.FAIL, file + " is missing", Optional.of("make -C images"));
        }
    }

    private static Check rootFs(Path file) {
        return Files.exists(file)
                ? image(file)
                : new Check(
                        ROOT_FS,
                        Status.WARN,
                        file + " is missing: guests have no shared libraries",
                        Optional.of("make -C images"));
    }

    private static Check cores(HostTopology host) {
        int count = host.cores().size();
        return count >= 2
                ? new Check("host cores", Status.OK, count + " online", Optional.empty())
                : new Check(
                        "host cores",
                        Status.WARN,
                        count + " online: HRT and Linux share it",
                        Optional.of("two are the least that keeps an HRT core quiet"));
    }

    private static Check memory(HostTopology host) {
        String value = ByteSize.format(host.availableMemory() >> 20 << 20) + " available of "
                + ByteSize.format(host.memory() >> 20 << 20);
        return host.availableMemory() >= MIN_MEMORY
                ? new Check("memory", Status.OK, value, Optional.empty())
                : new Check("memory", Status.WARN, value, Optional.of("the default VM takes 2GiB; give a layout less"));
    }

    private static Check disk(Path state) {
        try {
            long free = Files.getFileStore(state).getUsableSpace();
            return free >= MIN_DISK
                    ? new Check(
                            "state folder",
                            Status.OK,
                            state + ", " + ByteSize.format(free >> 20 << 20) + " free",
                            Optional.empty())
                    : new Check(
                            "state folder",
                            Status.FAIL,
                            state + ", " + ByteSize.format(free >> 20 << 20) + " free",
                            Optional.of("free at least 512MiB there, or set HVM_HOME"));
        } catch (IOException e) {
            return new Check(
                    "state folder", Status.FAIL, state + " cannot be read (" + e + ")", Optional.of("set HVM_HOME"));
        }
    }

    /** libvirt probes QEMU anew at every launch where its user may not open /dev/kvm, but the probe may. */
    private static Check qemuUserAndKvm() throws IOException {
        Path kvm = Path.of("/dev/kvm");
        String group = Files.exists(kvm)
                ? Files.readAttributes(kvm, PosixFileAttributes.class).group().getName()
                : "kvm";
        return group.equals("kvm")
                ? new Check("qemu's user", Status.OK, "libvirt-qemu", Optional.empty())
                : new Check(
                        "qemu's user",
                        Status.WARN,
                        "libvirt-qemu may not open /dev/kvm (group " + group
                                + "): every launch takes ten seconds longer",
                        Optional.of("chgrp kvm /dev/kvm && chmod 660 /dev/kvm"));
    }

    /** As root, libvirt runs QEMU as this user. */
    private static Check qemuUser() {
        if (!isRoot()) {
            return new Check("qemu's user", Status.OK, System.getProperty("user.name"), Optional.empty());
        }
        try (var lines = Files.lines(Path.of("/etc/passwd"))) {
            if (lines.anyMatch(line -> line.startsWith("libvirt-qemu:"))) {
                return qemuUserAndKvm();
            }
        } catch (IOException e) {
            // reported as missing
        }
        return new Check(
                "qemu's user",
                Status.FAIL,
                "there is no user libvirt-qemu",
                Optional.of(INSTALL + "libvirt-daemon-system"));
    }
}
