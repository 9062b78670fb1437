// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.hybridvm.HvmException;
import org.hybridvm.host.HostTimes;
import org.hybridvm.host.HostTopology;
import org.hybridvm.host.QemuProcess;
import org.hybridvm.host.QemuTimes;
import org.hybridvm.layout.Layout;

/**
 * Looks at what the node does. Lookers at about the same time share one look, so that what it costs does not grow with their
 * number: a few files of /proc for each VM and one question to each agent. Thread-safe; blocks.
 */
public final class NodeLoads {
    private static final long SHARED_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final Map<UUID, Long> pids = new ConcurrentHashMap<>();
    private NodeLoad last; // guarded by this

    /** @param vms those of the node */
    public synchronized NodeLoad look(List<VmView> vms) {
        if (last == null || System.nanoTime() - last.clock() > SHARED_NANOS) {
            HostTopology host = HostTopology.read();
            List<NodeLoad.OfVm> loads = vms.stream().map(this::of).toList();
            last = new NodeLoad(
                    System.nanoTime(),
                    Clock.systemUTC().instant(),
                    HostTimes.read(),
                    host.memory(),
                    host.availableMemory(),
                    loads);
        }
        return last;
    }

    private NodeLoad.OfVm of(VmView vm) {
        Optional<Long> pid = pidOf(vm);
        QemuTimes times = pid.map(QemuTimes::of).orElse(new QemuTimes(Map.of(), 0, 0));
        return new NodeLoad.OfVm(
                vm.name(),
                vm.state(),
                pid,
                vm.layout().memory(),
                times.resident(),
                times.others(),
                vm.placement().housekeeping(),
                partitions(vm, times),
                ask(vm, Guest::status).orElse(Map.of()));
    }

    private static List<NodeLoad.OfPartition> partitions(VmView vm, QemuTimes times) {
        List<Guest.Activity> activities = ask(vm, Guest::activity).orElse(List.of());
        var partitions = new ArrayList<NodeLoad.OfPartition>();
        int first = vm.layout().linux().cores();
        partitions.add(new NodeLoad.OfPartition("linux", false, vcpus(vm, times, 0, first), Optional.empty()));
        for (Layout.Hrt hrt : vm.layout().partitions()) {
            Optional<Guest.Activity> activity = activities.stream()
                    .filter(one -> one.partition().equals(hrt.name()))
                    .findFirst();
            partitions.add(new NodeLoad.OfPartition(hrt.name(), true, vcpus(vm, times, first, hrt.cores()), activity));
            first += hrt.cores();
        }
        return partitions;
    }

    private static List<NodeLoad.OfVcpu> vcpus(VmView vm, QemuTimes times, int first, int count) {
        var vcpus = new ArrayList<NodeLoad.OfVcpu>();
        for (int vcpu = first; vcpu < first + count; vcpu++) {
            int core = vm.placement().vcpus().get(vcpu);
            vcpus.add(new NodeLoad.OfVcpu(vcpu, core, times.vcpus().getOrDefault(vcpu, 0L)));
        }
        return vcpus;
    }

    private interface Question<T> {
        T ask(Guest guest);
    }

    /** A guest that does not answer must not hide the rest, and one that is not ready is not asked. */
    private static <T> Optional<T> ask(VmView vm, Question<T> question) {
        try {
            return vm.guest().filter(guest -> vm.state() == VmState.READY).map(question::ask);
        } catch (HvmException e) {
            return Optional.empty();
        }
    }

    /** To find a process by its arguments is slow, so it is remembered while it lives. */
    private Optional<Long> pidOf(VmView vm) {
        Long known = pids.get(vm.uuid());
        if (known != null && ProcessHandle.of(known).isPresent()) {
            return Optional.of(known);
        }
        pids.remove(vm.uuid());
        OptionalLong found = QemuProcess.find(vm.uuid());
        found.ifPresent(pid -> pids.put(vm.uuid(), pid));
        return found.isPresent() ? Optional.of(found.getAsLong()) : Optional.empty();
    }
}
