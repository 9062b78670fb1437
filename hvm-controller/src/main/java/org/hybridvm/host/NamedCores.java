// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.Layout.Policy;
import org.hybridvm.layout.Layout.Siblings;

/** Takes the host cores that a layout names, if they are free. */
final class NamedCores {
    private final HostBooks books;
    private final HostTopology host;
    private final Layout layout;

    NamedCores(HostBooks books, Layout layout) {
        this.books = books;
        this.host = books.host();
        this.layout = layout;
    }

    /** @throws HvmException if one of them is not there, or another VM's */
    Placement place() {
        List<Integer> cores = layout.host().cores();
        cores.forEach(this::requireThere);
        List<Integer> linux = cores.subList(0, layout.linux().cores());
        Set<Integer> dedicated = layout.host().policy() == Policy.SHARED
                ? Set.of()
                : new TreeSet<>(cores.subList(linux.size(), cores.size()));
        Set<Integer> withheld = layout.host().siblings() == Siblings.ANY ? Set.of() : siblingsOf(dedicated);
        dedicated.forEach(this::requireUnused);
        withheld.forEach(this::requireSibling);
        cores.forEach(this::requireOpen);
        if (layout.host().siblings() == Siblings.APART) {
            requireApart(dedicated, linux);
        }
        var placement = new Placement(
                cores,
                dedicated,
                withheld,
                new HashSet<>(linux.isEmpty() ? cores : linux),
                layout.host().numa(),
                List.of());
        return layout.host().housekeeping().isEmpty() ? placement : withHousekeeping(placement);
    }

    /** With the cores of QEMU's own threads that the layout names. */
    Placement withHousekeeping(Placement placement) {
        List<Integer> wanted = layout.host().housekeeping();
        for (int core : wanted) {
            requireThere(core);
            requireOpen(core);
            if (placement.dedicated().contains(core)) {
                throw HvmException.of(ErrorCode.HOST_RESOURCES, "A housekeeping core is an HRT core of the same VM")
                        .value("core " + core)
                        .owner(layout.name())
                        .hint("name another core in host.housekeeping, or set it to auto")
                        .build();
            }
        }
        return new Placement(
                placement.vcpus(),
                placement.dedicated(),
                placement.withheld(),
                new HashSet<>(wanted),
                placement.node(),
                placement.notes());
    }

    private void requireThere(int core) {
        Optional<Integer> node = layout.host().numa();
        if (!host.cores().contains(core)) {
            throw HvmException.of(ErrorCode.HOST_RESOURCES, "The layout names a host core that is not there")
                    .value(core)
                    .allowed(host.cores().toString())
                    .owner(layout.name())
                    .hint("set host.cores to auto")
                    .build();
        }
        if (node.isPresent()
                && !host.nodeOf(core).map(HostTopology.Node::number).equals(node)) {
            throw HvmException.of(ErrorCode.HOST_RESOURCES, "The layout names a host core of another NUMA node")
                    .value("core " + core + ", node " + node.get())
                    .allowed(host.node(node.get())
                            .map(one -> one.cores().toString())
                            .orElse("a node of the host"))
                    .owner(layout.name())
                    .hint("set host.numa to auto")
                    .build();
        }
    }

    private void requireOpen(int core) {
        books.closedBy(core).ifPresent(claim -> {
            throw owned(core, claim, "A host core has an owner", "HRT partition of ");
        });
    }

    private void requireUnused(int core) {
        requireOpen(core);
        books.claimedBy(core).ifPresent(claim -> {
            throw owned(core, claim, "A host core that an HRT vCPU is to have for itself is in use", "Linux of ");
        });
    }

    private void requireSibling(int core) {
        books.claimedBy(core).ifPresent(claim -> {
            throw owned(core, claim, "The sibling of an HRT vCPU's host core is another VM's", "");
        });
    }

    private HvmException owned(int core, Claim claim, String what, String part) {
        List<Integer> free = host.cores().stream()
                .filter(one -> books.claimedBy(one).isEmpty())
                .toList();
        return HvmException.of(ErrorCode.HOST_RESOURCES, what)
                .value("core " + core)
                .allowed("free are " + free)
                .owner(part + claim.vm())
                .hint("hvm destroy " + claim.vm() + ", or name another core")
                .build();
    }

    private void requireApart(Set<Integer> dedicated, List<Integer> linux) {
        for (int core : dedicated) {
            for (int sibling : host.siblingsOf(core)) {
                if (sibling != core && (dedicated.contains(sibling) || linux.contains(sibling))) {
                    throw HvmException.of(
                                    ErrorCode.HOST_RESOURCES, "Two of the layout's host cores are one physical core")
                            .value("cores " + core + " and " + sibling)
                            .allowed("host.siblings: together, or any")
                            .owner(layout.name())
                            .hint("name another core")
                            .build();
                }
            }
        }
    }

    private Set<Integer> siblingsOf(Set<Integer> cores) {
        var siblings = new TreeSet<Integer>();
        cores.forEach(core -> siblings.addAll(host.siblingsOf(core)));
        siblings.removeAll(cores);
        return siblings;
    }
}
