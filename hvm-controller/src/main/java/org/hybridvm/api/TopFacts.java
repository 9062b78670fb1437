// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.hybridvm.host.HostTimes;
import org.hybridvm.job.JobRecord;
import org.hybridvm.vm.Guest;
import org.hybridvm.vm.NodeLoad;

/** {@code GET /v1/top}: times and counters up to now. Who wants a load takes the difference of two answers. */
final class TopFacts {
    private TopFacts() {}

    static Map<String, Object> of(NodeLoad load, List<JobRecord> jobs) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("time", load.time());
        facts.put("clock_ns", load.clock());
        facts.put("host", host(load));
        facts.put("vms", load.vms().stream().map(TopFacts::vm).toList());
        facts.put(
                "jobs",
                jobs.stream()
                        .filter(job -> !job.state().isTerminal())
                        .map(JobRecord::toJson)
                        .toList());
        return facts;
    }

    private static Map<String, Object> host(NodeLoad load) {
        var host = new LinkedHashMap<String, Object>();
        host.put("memory_mib", load.memory() >> 20);
        host.put("available_mib", load.availableMemory() >> 20);
        host.put("cores", load.cores().stream().map(core -> core(load, core)).toList());
        return host;
    }

    private static Map<String, Object> core(NodeLoad load, HostTimes.Core core) {
        var users = new ArrayList<Map<String, Object>>();
        for (NodeLoad.OfVm vm : load.vms()) {
            for (NodeLoad.OfPartition partition : vm.partitions()) {
                partition.vcpus().stream()
                        .filter(vcpu -> vcpu.hostCore() == core.number())
                        .forEach(vcpu -> users.add(
                                Map.of("vm", vm.name(), "partition", partition.name(), "vcpu", vcpu.number())));
            }
        }
        var facts = new LinkedHashMap<String, Object>();
        facts.put("core", core.number());
        facts.put("owner", CoreOwner.of(load, core.number()));
        facts.put("users", users);
        facts.put("busy_ns", core.busy());
        facts.put("idle_ns", core.idle());
        facts.put("steal_ns", core.steal());
        return facts;
    }

    private static Map<String, Object> vm(NodeLoad.OfVm vm) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("name", vm.name());
        facts.put("state", vm.state());
        vm.pid().ifPresent(pid -> facts.put("pid", pid));
        facts.put("memory_mib", vm.memory() >> 20);
        facts.put("resident_mib", vm.resident() >> 20);
        facts.put("emulator_ns", vm.others());
        facts.put(
                "partitions", vm.partitions().stream().map(TopFacts::partition).toList());
        facts.put("linux", vm.linux());
        return facts;
    }

    private static Map<String, Object> partition(NodeLoad.OfPartition partition) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("name", partition.name());
        facts.put("kind", partition.hrt() ? "hrt" : "linux");
        var vcpus = new ArrayList<Map<String, Object>>();
        List<Guest.Core> cores = partition.activity().map(Guest.Activity::cores).orElse(List.of());
        for (int i = 0; i < partition.vcpus().size(); i++) {
            vcpus.add(vcpu(partition.vcpus().get(i), i < cores.size() ? cores.get(i) : null));
        }
        facts.put("vcpus", vcpus);
        partition.activity().ifPresent(activity -> facts.put("counters", counters(activity)));
        return facts;
    }

    private static Map<String, Object> vcpu(NodeLoad.OfVcpu vcpu, Guest.Core core) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("vcpu", vcpu.number());
        facts.put("host_core", vcpu.hostCore());
        facts.put("ran_ns", vcpu.ran());
        if (core != null) {
            facts.put("state", core.state().toLowerCase(Locale.ROOT));
            facts.put("heartbeat", core.heartbeat());
            facts.put("interrupts", core.interrupts());
        }
        return facts;
    }

    private static Map<String, Object> counters(Guest.Activity activity) {
        var counters = new LinkedHashMap<String, Object>();
        counters.put("processes", activity.jobs());
        counters.put("calls_local", activity.callsLocal());
        counters.put("calls_forwarded", activity.callsForwarded());
        counters.put("page_faults", activity.pageFaults());
        counters.put("doorbells", activity.doorbells());
        counters.put("halts", activity.halts());
        counters.put("interrupts", activity.interrupts());
        counters.put("shootdowns", activity.shootdowns());
        counters.put("preemptions", activity.preemptions());
        return counters;
    }
}
