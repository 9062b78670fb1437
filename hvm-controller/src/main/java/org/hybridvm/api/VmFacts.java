// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hybridvm.HvmException;
import org.hybridvm.host.QemuProcess;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.LayoutWords;
import org.hybridvm.vm.Guest;
import org.hybridvm.vm.VmView;

/** VMs and layouts as JSON objects. Sizes are in MiB, times in the unit that their name ends with. */
final class VmFacts {
    private VmFacts() {}

    /** What a list shows. */
    static Map<String, Object> of(VmView vm) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("name", vm.name());
        facts.put("state", vm.state().name());
        if (!vm.reason().isEmpty()) {
            facts.put("reason", vm.reason());
        }
        facts.put("generation", vm.generation());
        facts.put("acceleration", vm.accelerator().word());
        facts.put("partitions", partitions(vm));
        return facts;
    }

    /** All that is known. */
    static Map<String, Object> inFull(VmView vm) {
        Map<String, Object> facts = of(vm);
        facts.put("uuid", vm.uuid());
        QemuProcess.find(vm.uuid()).ifPresent(pid -> facts.put("pid", pid));
        facts.put("created", Instant.ofEpochMilli(vm.created()));
        facts.put("memory_mib", mebibytes(vm.layout().memory()));
        facts.put("window", vm.window().toString());
        facts.put("window_mib", mebibytes(vm.layout().window()));
        facts.put("mounts", mounts(vm.layout()));
        facts.put("host_cores", new ArrayList<>(vm.placement().vcpus()));
        facts.put("housekeeping_cores", new ArrayList<>(vm.placement().housekeeping()));
        facts.put("boot_ms", vm.bootPhases());
        vm.guest().ifPresent(guest -> facts.put("linux", statusOf(guest)));
        return facts;
    }

    static Map<String, Object> ofLayout(Layout layout) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("name", layout.name());
        facts.put("memory_mib", mebibytes(layout.memory()));
        facts.put("machine", LayoutWords.of(layout.machine()));
        facts.put("acceleration", LayoutWords.of(layout.acceleration()));
        facts.put("partitions", declared(layout));
        facts.put("mounts", mounts(layout));
        facts.put("window_mib", mebibytes(layout.window()));
        return facts;
    }

    private static List<Map<String, Object>> partitions(VmView vm) {
        List<Map<String, Object>> declared = declared(vm.layout());
        List<Guest.Partition> alive = vm.guest().map(VmFacts::partitionsOf).orElse(List.of());
        for (Map<String, Object> partition : declared) {
            alive.stream()
                    .filter(one -> one.name().equals(partition.get("name")))
                    .forEach(one -> addLive(partition, one));
        }
        return declared;
    }

    /** A guest that does not answer must not hide the rest. */
    private static List<Guest.Partition> partitionsOf(Guest guest) {
        try {
            return guest.partitions();
        } catch (HvmException e) {
            return List.of();
        }
    }

    private static Map<String, Object> statusOf(Guest guest) {
        try {
            return guest.status();
        } catch (HvmException e) {
            return Map.of("error", e.getMessage());
        }
    }

    private static List<Map<String, Object>> declared(Layout layout) {
        var partitions = new ArrayList<Map<String, Object>>();
        partitions.add(partition("linux", "linux", layout.linux().cores()));
        for (Layout.Hrt hrt : layout.partitions()) {
            Map<String, Object> partition = partition(hrt.name(), "hrt", hrt.cores());
            partition.put("memory_mib", mebibytes(hrt.memory()));
            partition.put("privilege", LayoutWords.of(hrt.privilege()));
            partitions.add(partition);
        }
        return partitions;
    }

    private static Map<String, Object> partition(String name, String kind, int cores) {
        var partition = new LinkedHashMap<String, Object>();
        partition.put("name", name);
        partition.put("kind", kind);
        partition.put("cores", cores);
        return partition;
    }

    private static void addLive(Map<String, Object> facts, Guest.Partition partition) {
        facts.put("state", partition.state());
        facts.put("privilege", partition.privilege());
        facts.put("cores_free", partition.coresFree());
        facts.put("jobs", partition.jobs());
        facts.put("boots", partition.generation());
        facts.put("first_instruction_us", partition.firstInstruction().toNanos() / 1000);
        facts.put("ready_us", partition.ready().toNanos() / 1000);
        facts.put("interrupts", partition.interrupts());
        facts.put("program_memory_mib", mebibytes(partition.programMemory()));
        facts.put("program_memory_used_mib", mebibytes(partition.programMemoryUsed()));
    }

    private static List<String> mounts(Layout layout) {
        return layout.mounts().stream()
                .map(mount -> mount.source() + (mount.readOnly() ? " (read-only)" : ""))
                .toList();
    }

    private static long mebibytes(long bytes) {
        return bytes >> 20;
    }
}
