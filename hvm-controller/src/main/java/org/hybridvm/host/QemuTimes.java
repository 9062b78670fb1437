// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Processor time and memory of one QEMU process. Its vCPU threads are known by their names, {@code CPU 0/KVM} or
 * {@code CPU 0/TCG}, which libvirt has QEMU give them. For the guest this costs nothing: no vCPU is interrupted.
 *
 * @param vcpus nanoseconds that each vCPU's thread has run, by vCPU
 * @param others nanoseconds of all other threads: emulation, disks, network
 * @param resident bytes of the process that are in memory
 */
public record QemuTimes(Map<Integer, Long> vcpus, long others, long resident) {
    private static final Pattern VCPU = Pattern.compile("CPU ([0-9]+)/[A-Z]+");

    /** Of a process; all zero if it is gone. */
    public static QemuTimes of(long pid) {
        return of(Path.of("/proc/" + pid));
    }

    static QemuTimes of(Path process) {
        var vcpus = new TreeMap<Integer, Long>();
        long others = 0;
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(process.resolve("task"))) {
            for (Path thread : threads) {
                long time = timeOf(thread);
                Matcher name = VCPU.matcher(nameOf(thread));
                if (name.matches()) {
                    vcpus.merge(Integer.parseInt(name.group(1)), time, Long::sum);
                } else {
                    others += time;
                }
            }
        } catch (IOException e) {
            return new QemuTimes(Map.of(), 0, 0);
        }
        return new QemuTimes(vcpus, others, ResidentMemory.of(process).orElse(0));
    }

    private static String nameOf(Path thread) {
        try {
            return Files.readString(thread.resolve("comm")).strip();
        } catch (IOException e) {
            return ""; // it has just ended
        }
    }

    /** The first field of schedstat: nanoseconds on a processor. */
    private static long timeOf(Path thread) {
        try {
            return Long.parseLong(Files.readString(thread.resolve("schedstat")).split(" ")[0]);
        } catch (IOException | NumberFormatException e) {
            return 0;
        }
    }
}
