// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.hybridvm.host.HostTimes;
import org.hybridvm.job.JobRecord;
import org.hybridvm.job.JobService;
import org.hybridvm.job.JobState;
import org.hybridvm.metrics.Family;
import org.hybridvm.metrics.Family.Type;
import org.hybridvm.metrics.Metrics;
import org.hybridvm.vm.Guest;
import org.hybridvm.vm.NodeLoad;
import org.hybridvm.vm.VmState;

/** The node for Prometheus: jobs, VMs, partitions, host cores. Label values are names of VMs and partitions, and states. */
final class NodeMetrics implements Metrics.Source {
    private static final double NANOS = 1e9;

    private final VmControl vms;
    private final JobService jobs;
    private final HeartbeatAges ages = new HeartbeatAges();

    NodeMetrics(VmControl vms, JobService jobs) {
        this.vms = vms;
        this.jobs = jobs;
    }

    @Override
    public List<Family> collect() {
        var families = new ArrayList<Family>();
        families.add(jobs());
        families.add(new Family("hvm_ready", Type.GAUGE, "1 while VMs can be managed.")
                .add(vms.obstacle().isEmpty() ? 1 : 0));
        if (vms.isOpen()) { // a scrape must not wait for libvirt
            NodeLoad load = vms.load();
            addHost(families, load);
            addVms(families, load);
            addPartitions(families, load);
        }
        return families;
    }

    private Family jobs() {
        var counts = new EnumMap<JobState, Integer>(JobState.class);
        for (JobState state : JobState.values()) {
            counts.put(state, 0);
        }
        for (JobRecord job : jobs.list()) {
            counts.merge(job.state(), 1, Integer::sum);
        }
        var family = new Family(
                "hvm_jobs", Type.GAUGE, "Jobs that are known, by state; of those that ended the last 10000.");
        counts.forEach((state, count) -> family.add(count, "state", state.name()));
        return family;
    }

    private static void addHost(List<Family> families, NodeLoad load) {
        var owners = new TreeMap<String, Integer>();
        var seconds = new Family("hvm_host_core_seconds_total", Type.COUNTER, "What the host's cores did.");
        for (HostTimes.Core core : load.cores()) {
            owners.merge(CoreOwner.of(load, core.number()), 1, Integer::sum);
            String number = Integer.toString(core.number());
            seconds.add(core.busy() / NANOS, "core", number, "mode", "busy")
                    .add(core.idle() / NANOS, "core", number, "mode", "idle")
                    .add(core.steal() / NANOS, "core", number, "mode", "steal");
        }
        var cores =
                new Family("hvm_host_cores", Type.GAUGE, "Host cores by owner: a partition, housekeeping, or free.");
        owners.forEach((owner, count) -> cores.add(count, "owner", owner));
        families.add(cores);
        families.add(seconds);
        families.add(new Family("hvm_host_memory_bytes", Type.GAUGE, "Memory of the host.")
                .add(load.memory(), "kind", "total")
                .add(load.availableMemory(), "kind", "available"));
    }

    private static void addVms(List<Family> families, NodeLoad load) {
        var states = new Family("hvm_vm_state", Type.GAUGE, "1 for the state that the VM is in.");
        var resident = new Family("hvm_vm_resident_bytes", Type.GAUGE, "Memory of the VM's QEMU that is in RAM.");
        var emulator = new Family(
                "hvm_vm_emulator_seconds_total", Type.COUNTER, "Processor time of QEMU's threads other than vCPUs.");
        for (NodeLoad.OfVm vm : load.vms()) {
            for (VmState state : VmState.values()) {
                states.add(vm.state() == state ? 1 : 0, "vm", vm.name(), "state", state.name());
            }
            resident.add(vm.resident(), "vm", vm.name());
            emulator.add(vm.others() / NANOS, "vm", vm.name());
        }
        families.addAll(List.of(states, resident, emulator));
    }

    private void addPartitions(List<Family> families, NodeLoad load) {
        var seconds = new Family(
                "hvm_partition_cpu_seconds_total",
                Type.COUNTER,
                "Processor time of the partition's vCPUs on the host.");
        var age = new Family(
                "hvm_partition_heartbeat_age_seconds",
                Type.GAUGE,
                "Since when no look has found the partition's heartbeat higher; an idle or computing HRT need not beat.");
        var calls =
                new Family("hvm_partition_calls_total", Type.COUNTER, "System calls of HRT threads, by who answered.");
        var counters = new TreeMap<String, Family>();
        for (NodeLoad.OfVm vm : load.vms()) {
            for (NodeLoad.OfPartition partition : vm.partitions()) {
                String[] labels = {"vm", vm.name(), "partition", partition.name()};
                long ran = partition.vcpus().stream()
                        .mapToLong(NodeLoad.OfVcpu::ran)
                        .sum();
                seconds.add(ran / NANOS, labels);
                partition.activity().ifPresent(activity -> {
                    age.add(ages.of(vm.name() + "/" + partition.name(), activity, load.clock()) / NANOS, labels);
                    calls.add(activity.callsLocal(), with(labels, "answered", "hrt"));
                    calls.add(activity.callsForwarded(), with(labels, "answered", "linux"));
                    counters(activity)
                            .forEach((name, value) -> counters.computeIfAbsent(
                                            name,
                                            absent -> new Family("hvm_partition_" + name, Type.COUNTER, HELP.get(name)))
                                    .add(value, labels));
                });
            }
        }
        families.addAll(List.of(seconds, age, calls));
        families.addAll(counters.values());
    }

    private static final Map<String, String> HELP = Map.of(
            "processes_total", "Processes that ran on the partition.",
            "page_faults_total", "Page faults of HRT threads that Linux resolved.",
            "doorbells_total", "Interrupts that the HRT sent to Linux, because a server slept.",
            "interrupts_total", "Interrupts that HRT threads took.",
            "shootdowns_total", "Translation flushes among the interrupts.",
            "preemptions_total", "Times that the timer gave a core to another thread.");

    private static Map<String, Long> counters(Guest.Activity activity) {
        return Map.of(
                "processes_total", activity.jobs(),
                "page_faults_total", activity.pageFaults(),
                "doorbells_total", activity.doorbells(),
                "interrupts_total", activity.interrupts(),
                "shootdowns_total", activity.shootdowns(),
                "preemptions_total", activity.preemptions());
    }

    private static String[] with(String[] labels, String name, String value) {
        String[] all = java.util.Arrays.copyOf(labels, labels.length + 2);
        all[labels.length] = name;
        all[labels.length + 1] = value;
        return all;
    }
}
