// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.hybridvm.layout.Layout;

/** The Linux partition's kernel command line: what makes room for the HRT, and what makes boot quick (docs/boot.md). */
final class KernelCommandLine {
    /** The trampoline's page and tables (hvm/partition.h, HVM_TRAMPOLINE_PHYS). */
    private static final String TRAMPOLINE = "memmap=64K$0x10000";

    private KernelCommandLine() {}

    /**
     * @param rootFs whether the VM has a disk with a root file system
     * @param hostCores the host core of each vCPU
     */
    static String of(Layout layout, List<GuestMemory.Range> ranges, boolean rootFs, List<Integer> hostCores) {
        List<String> words = new ArrayList<>(List.of(
                "console=ttyS0",
                "quiet",
                "panic=-1",
                "maxcpus=" + layout.linux().cores(),
                "no_ipi_broadcast=1",
                "tsc=reliable",
                "clocksource=tsc",
                "cryptomgr.notests",
                "no_timer_check",
                "nopat",
                TRAMPOLINE));
        if (rootFs) {
            words.add("hvm.rootfs=/dev/" + DomainXml.ROOT_DISK);
        }
        addPartitions(words, layout, ranges, hostCores);
        for (int i = 0; i < layout.mounts().size(); i++) {
            Layout.Mount mount = layout.mounts().get(i);
            words.add("hvm.mount=%s:%s%s"
                    .formatted(
                            DomainXml.mountTag(i), encode(mount.source().toString()), mount.readOnly() ? ":ro" : ""));
        }
        if (!layout.linux().commandLine().isEmpty()) {
            words.add(layout.linux().commandLine());
        }
        return String.join(" ", words);
    }

    /** The vCPUs of the partitions follow Linux', and each other. */
    private static void addPartitions(
            List<String> words, Layout layout, List<GuestMemory.Range> ranges, List<Integer> hostCores) {
        int cpu = layout.linux().cores();
        for (int i = 0; i < layout.partitions().size(); i++) {
            Layout.Hrt partition = layout.partitions().get(i);
            GuestMemory.Range range = ranges.get(i);
            words.add("memmap=%dM$0x%x".formatted(range.size() >> 20, range.base()));
            int end = cpu + partition.cores();
            words.add("hvm.partition=%s:%d-%d:0x%x:%dM%s%s"
                    .formatted(
                            partition.name(),
                            cpu,
                            end - 1,
                            range.base(),
                            range.size() >> 20,
                            isShared(layout, hostCores.subList(cpu, end), hostCores) ? ":shared" : "",
                            partition.privilege() == Layout.Privilege.USER ? ":user" : ""));
            cpu = end;
        }
    }

    /** Whether a vCPU of the partition has its host core not for itself. */
    private static boolean isShared(Layout layout, List<Integer> own, List<Integer> all) {
        return layout.host().policy() == Layout.Policy.SHARED
                || own.stream().anyMatch(core -> Collections.frequency(all, core) > 1);
    }

    /** Bytes that would end a word or a field are written as %XX. */
    private static String encode(String path) {
        var encoded = new StringBuilder();
        for (byte b : path.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            if (c > ' ' && c < 0x7f && ":,%\"'$\\".indexOf(c) < 0) {
                encoded.append(c);
            } else {
                encoded.append("%%%02X".formatted((int) c));
            }
        }
        return encoded.toString();
    }
}
