// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Where a VM runs.
 *
 * @param vcpus the host core of each vCPU, Linux's first
 * @param dedicated host cores that its HRT vCPUs have for themselves
 * @param withheld siblings of dedicated cores that no other VM gets
 * @param housekeeping the host cores of QEMU's own threads
 * @param node the NUMA node of its memory; empty: any
 * @param notes what a person should know of it
 */
public record Placement(
        List<Integer> vcpus,
        Set<Integer> dedicated,
        Set<Integer> withheld,
        Set<Integer> housekeeping,
        Optional<Integer> node,
        List<String> notes) {
    public Placement {
        vcpus = List.copyOf(vcpus);
        dedicated = Set.copyOf(dedicated);
        withheld = Set.copyOf(withheld);
        housekeeping = Set.copyOf(housekeeping);
        notes = List.copyOf(notes);
    }

    /** What no other VM may use. */
    public Set<Integer> closed() {
        var closed = new TreeSet<>(dedicated);
        closed.addAll(withheld);
        return closed;
    }

    /** What it uses itself, or keeps from others. */
    public Set<Integer> claimed() {
        Set<Integer> claimed = new TreeSet<>(vcpus);
        claimed.addAll(housekeeping);
        claimed.addAll(withheld);
        return claimed;
    }

    /** Whether several of its vCPUs have one host core. */
    public boolean isCrowded() {
        return new HashSet<>(vcpus).size() < vcpus.size();
    }
}
