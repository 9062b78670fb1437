// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/**
 * Who has which host core and how much memory, across all VMs of this node. A host core of an HRT partition belongs to it
 * alone; Linux partitions and QEMU's own threads share the others (housekeeping). Thread-safe.
 */
public final class CoreLedger {
    private final List<Integer> hostCores;
    private final Map<Integer, String> exclusive = new TreeMap<>();
    private final Map<String, Placement> placements = new HashMap<>();

    public CoreLedger(List<Integer> hostCores) {
        this.hostCores = List.copyOf(hostCores);
    }

    /**
     * Where a VM's vCPUs run.
     *
     * @param vcpus the host core of each vCPU, Linux's first
     * @param housekeeping the host cores of QEMU's own threads
     * @param notes what a person should know of it
     */
    public record Placement(List<Integer> vcpus, Set<Integer> housekeeping, List<String> notes) {
        public Placement {
            vcpus = List.copyOf(vcpus);
            housekeeping = Set.copyOf(housekeeping);
            notes = List.copyOf(notes);
        }
    }

    /**
     * Places a VM. HRT vCPUs get host cores from the highest down, so that core 0, where most hosts handle interrupts,
     * stays housekeeping's.
     *
     * @param wanted host cores named in the layout, one each vCPU; empty to choose
     * @throws HvmException if another VM has a core that this one needs
     */
    public synchronized Placement place(String vm, int linuxCores, int hrtCores, List<Integer> wanted) {
        release(vm);
        Placement placement = wanted.isEmpty() ? choose(vm, linuxCores, hrtCores) : named(vm, linuxCores, wanted);
        record(vm, linuxCores, placement);
        return placement;
    }

    /** Enters what a VM that runs already has. */
    public synchronized void adopt(String vm, int linuxCores, Placement placement) {
        record(vm, linuxCores, placement);
    }

    public synchronized void release(String vm) {
        placements.remove(vm);
        exclusive.values().removeIf(vm::equals);
    }

    /** The VM that has a host core for itself, by core. */
    public synchronized Map<Integer, String> owners() {
        return new TreeMap<>(exclusive);
    }

    private void record(String vm, int linuxCores, Placement placement) {
        placements.put(vm, placement);
        placement.vcpus().subList(linuxCores, placement.vcpus().size()).forEach(core -> exclusive.put(core, vm));
    }

    private Placement choose(String vm, int linuxCores, int hrtCores) {
        List<Integer> free =
                hostCores.stream().filter(core -> !exclusive.containsKey(core)).toList();
        List<String> notes = new ArrayList<>();
        if (hrtCores >= free.size() && !exclusive.isEmpty()) {
            throw HvmException.of(ErrorCode.HOST_RESOURCES, "Too few host cores are free")
                    .value(hrtCores + " HRT cores for " + vm)
                    .allowed(Math.max(0, free.size() - 1) + " of " + hostCores.size())
                    .owner(owned())
                    .hint("hvm destroy " + exclusive.values().iterator().next())
                    .build();
        }
        if (hrtCores >= free.size()) {
            notes.add("%d HRT cores on a host of %d cores: they share cores with each other or with Linux"
                    .formatted(hrtCores, hostCores.size()));
        }
        List<Integer> vcpus = new ArrayList<>();
        int forHrt = Math.min(hrtCores, Math.max(1, free.size() - 1));
        List<Integer> housekeeping = free.size() > forHrt ? free.subList(0, free.size() - forHrt) : free;
        for (int i = 0; i < linuxCores; i++) {
            vcpus.add(housekeeping.get(i % housekeeping.size()));
        }
        for (int i = 0; i < hrtCores; i++) {
            vcpus.add(free.get(free.size() - 1 - i % forHrt));
        }
        return new Placement(vcpus, new HashSet<>(housekeeping), notes);
    }

    private Placement named(String vm, int linuxCores, List<Integer> wanted) {
        for (int core : wanted) {
            if (!hostCores.contains(core)) {
                throw HvmException.of(ErrorCode.HOST_RESOURCES, "The layout names a host core that is not there")
                        .value(core)
                        .allowed(hostCores.toString())
                        .owner(vm)
                        .hint("set host.cores to auto")
                        .build();
            }
            if (exclusive.containsKey(core)) {
                throw HvmException.of(ErrorCode.HOST_RESOURCES, "A host core has an owner")
                        .value("core " + core)
                        .owner("HRT partition of " + exclusive.get(core))
                        .hint("hvm destroy " + exclusive.get(core) + ", or name another core")
                        .build();
            }
        }
        Set<Integer> housekeeping = new HashSet<>(hostCores);
        housekeeping.removeAll(exclusive.keySet());
        wanted.subList(linuxCores, wanted.size()).forEach(housekeeping::remove);
        if (housekeeping.isEmpty()) {
            housekeeping.addAll(wanted.subList(0, linuxCores));
        }
        return new Placement(wanted, housekeeping, List.of());
    }

    private String owned() {
        return String.join(
                ", ",
                exclusive.entrySet().stream()
                        .map(entry -> "core " + entry.getKey() + ": VM " + entry.getValue())
                        .toList());
    }
}
