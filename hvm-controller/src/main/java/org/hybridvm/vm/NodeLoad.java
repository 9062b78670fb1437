// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.hybridvm.host.HostTimes;

/**
 * What this node has done up to one moment. Times and counters only grow, so that two looks give rates for whatever period
 * somebody wants, and any number of lookers may look.
 *
 * @param clock nanoseconds of a clock that only goes forward, for the difference of two looks
 * @param memory bytes of the host
 * @param availableMemory bytes that new programs can get
 */
public record NodeLoad(
        long clock, Instant time, List<HostTimes.Core> cores, long memory, long availableMemory, List<OfVm> vms) {
    /** The same without what is told of other VMs than these. */
    public NodeLoad of(Set<String> names) {
        return new NodeLoad(
                clock,
                time,
                cores,
                memory,
                availableMemory,
                vms.stream().filter(vm -> names.contains(vm.name())).toList());
    }

    /**
     * @param pid of QEMU, if it runs
     * @param resident bytes of QEMU that are in memory
     * @param others nanoseconds that QEMU's threads other than vCPUs have run
     * @param housekeeping host cores that those run on
     * @param linux the agent's facts about the Linux partition, empty if it does not answer
     */
    public record OfVm(
            String name,
            VmState state,
            Optional<Long> pid,
            long memory,
            long resident,
            long others,
            Set<Integer> housekeeping,
            List<OfPartition> partitions,
            Map<String, Object> linux) {}

    /** @param activity what the HRT's own counters say; empty of the Linux partition, and if the agent does not answer */
    public record OfPartition(String name, boolean hrt, List<OfVcpu> vcpus, Optional<Guest.Activity> activity) {}

    /** @param ran nanoseconds that its thread was on the host's core */
    public record OfVcpu(int number, int hostCore, long ran) {}
}
