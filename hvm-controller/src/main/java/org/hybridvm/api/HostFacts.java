// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.hybridvm.host.Claim;
import org.hybridvm.host.HostBooks;
import org.hybridvm.host.HostTopology;
import org.hybridvm.layout.ByteSize;
import org.hybridvm.layout.Layout;

/** The host and who has what of it, as JSON objects. Sizes are in MiB. */
final class HostFacts {
    private HostFacts() {}

    /** As it is. */
    static Map<String, Object> of(HostBooks books) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put(
                "cores",
                books.host().cores().stream()
                        .map(core -> {
                            Map<String, Object> one = core(books.host(), core);
                            one.put("use", uses(books, core));
                            return one;
                        })
                        .toList());
        facts.put("nodes", books.host().nodes().stream().map(HostFacts::node).toList());
        facts.put("memory_mib", mebibytes(books.host().memory()));
        facts.put("memory_available_mib", mebibytes(books.host().availableMemory()));
        facts.put("promised", promised(books));
        return facts;
    }

    /** As it is, and as it would be. */
    static Map<String, Object> change(HostBooks before, HostBooks after) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put(
                "cores",
                after.host().cores().stream()
                        .map(core -> {
                            Map<String, Object> one = core(after.host(), core);
                            one.put("before", uses(before, core));
                            one.put("after", uses(after, core));
                            return one;
                        })
                        .toList());
        facts.put("memory_mib", mebibytes(after.host().memory()));
        facts.put("before", promised(before));
        facts.put("after", promised(after));
        return facts;
    }

    private static Map<String, Object> core(HostTopology host, int core) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("core", core);
        host.nodeOf(core).ifPresent(node -> facts.put("node", node.number()));
        facts.put("siblings", List.copyOf(new TreeSet<>(host.siblingsOf(core))));
        return facts;
    }

    /** What runs there: partitions as VM/PARTITION. */
    private static List<String> uses(HostBooks books, int core) {
        Set<String> uses = new LinkedHashSet<>();
        books.claims().values().forEach(claim -> add(uses, claim, core));
        return List.copyOf(uses);
    }

    private static void add(Set<String> uses, Claim claim, int core) {
        List<Integer> vcpus = claim.placement().vcpus();
        List<String> partitions = partitions(claim.layout());
        int before = uses.size();
        for (int vcpu = 0; vcpu < vcpus.size(); vcpu++) {
            if (vcpus.get(vcpu) == core) {
                uses.add(claim.vm() + "/" + partitions.get(vcpu));
            }
        }
        if (uses.size() == before && claim.placement().housekeeping().contains(core)) {
            uses.add(claim.vm() + " housekeeping");
        }
        if (uses.size() == before && claim.placement().withheld().contains(core)) {
            uses.add(claim.vm() + " idle sibling");
        }
    }

    /** The partition of each vCPU. */
    private static List<String> partitions(Layout layout) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < layout.linux().cores(); i++) {
            names.add("linux");
        }
        for (Layout.Hrt hrt : layout.partitions()) {
            for (int i = 0; i < hrt.cores(); i++) {
                names.add(hrt.name());
            }
        }
        return names;
    }

    private static Map<String, Object> node(HostTopology.Node node) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("node", node.number());
        facts.put("cores", List.copyOf(new TreeSet<>(node.cores())));
        facts.put("memory_mib", mebibytes(node.memory()));
        var pages = new LinkedHashMap<String, Object>();
        node.hugePages()
                .forEach((size, count) ->
                        pages.put(ByteSize.format(size), Map.of("total", count.total(), "free", count.free())));
        facts.put("hugepages", pages);
        return facts;
    }

    private static List<Map<String, Object>> promised(HostBooks books) {
        return books.claims().values().stream().map(HostFacts::promised).toList();
    }

    private static Map<String, Object> promised(Claim claim) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("vm", claim.vm());
        facts.put("memory_mib", mebibytes(claim.memory()));
        if (claim.pages() > 0) {
            facts.put("hugepages", claim.pages());
            facts.put("hugepage_size", ByteSize.format(claim.pageSize()));
        }
        claim.node().ifPresent(node -> facts.put("node", node));
        return facts;
    }

    private static long mebibytes(long bytes) {
        return bytes >> 20;
    }
}
