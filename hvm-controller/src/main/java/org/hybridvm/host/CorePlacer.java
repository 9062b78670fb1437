// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.Layout.Policy;
import org.hybridvm.layout.Layout.Siblings;

/**
 * Chooses the host cores of one VM. HRT vCPUs get them from the highest down, so that core 0, where most hosts handle
 * interrupts, stays with Linux partitions; NUMA nodes likewise.
 */
final class CorePlacer {
    private final HostBooks books;
    private final HostTopology host;
    private final Layout layout;
    private final Layout.Host wish;
    private final MemoryRoom memory;

    /** @param books without the VM */
    CorePlacer(HostBooks books, Layout layout) {
        this.books = books;
        this.host = books.host();
        this.layout = layout;
        this.wish = layout.host();
        this.memory = new MemoryRoom(books, Claim.of(layout, null));
    }

    /** @throws HvmException if it cannot be placed */
    Placement place() {
        Optional<HostTopology.Node> node = wish.numa().map(this::requireNode);
        if (!wish.cores().isEmpty()) {
            Placement named = new NamedCores(books, layout).place();
            memory.require(named.node());
            return named;
        }
        if (node.isEmpty() && host.nodes().size() > 1) {
            Optional<Placement> onOne = onOneNode();
            if (onOne.isPresent()) {
                return onOne.get();
            }
        }
        memory.require(wish.numa());
        Set<Integer> cores = node.map(HostTopology.Node::cores).orElseGet(() -> new TreeSet<>(host.cores()));
        List<String> notes = node.isEmpty() && host.nodes().size() > 1
                ? List.of("no NUMA node has all that " + layout.name() + " needs: it is spread over several")
                : List.of();
        return choose(cores, wish.siblings(), notes)
                .map(this::housekept)
                .or(() -> small(cores))
                .orElseThrow(() -> tooFew(cores));
    }

    private HostTopology.Node requireNode(int number) {
        return host.node(number)
                .orElseThrow(() -> HvmException.of(ErrorCode.HOST_RESOURCES, "The host has no such NUMA node")
                        .value(number)
                        .allowed(host.nodes().stream()
                                .map(node -> String.valueOf(node.number()))
                                .toList()
                                .toString())
                        .owner(layout.name())
                        .hint("set host.numa to auto")
                        .build());
    }

    private Optional<Placement> onOneNode() {
        return host.nodes().stream()
                .sorted(Comparator.comparingInt(HostTopology.Node::number).reversed())
                .filter(node -> memory.isOn(Optional.of(node.number())))
                .flatMap(node -> choose(node.cores(), wish.siblings(), List.of())
                        .map(this::housekept)
                        .map(found -> bound(found, node.number()))
                        .stream())
                .findFirst();
    }

    private static Placement bound(Placement found, int node) {
        return new Placement(
                found.vcpus(),
                found.dedicated(),
                found.withheld(),
                found.housekeeping(),
                Optional.of(node),
                found.notes());
    }

    /** Empty if these cores do not suffice. */
    private Optional<Placement> choose(Collection<Integer> cores, Siblings siblings, List<String> notes) {
        List<Integer> hrt = hrtCores(cores, siblings);
        if (hrt.size() < dedicatedCount()) {
            return Optional.empty();
        }
        Set<Integer> dedicated = new LinkedHashSet<>(hrt);
        Set<Integer> withheld = siblings == Siblings.ANY ? Set.of() : siblingsOf(dedicated);
        List<Integer> shared = cores.stream()
                .filter(core -> books.closedBy(core).isEmpty())
                .filter(core -> !dedicated.contains(core) && !withheld.contains(core))
                .sorted()
                .toList();
        if (shared.isEmpty()) {
            return Optional.empty();
        }
        List<Integer> vcpus = new ArrayList<>();
        for (int i = 0; i < layout.vcpus() - dedicated.size(); i++) {
            vcpus.add(shared.get(i % shared.size()));
        }
        Set<Integer> housekeeping = Set.copyOf(vcpus);
        vcpus.addAll(dedicated);
        return Optional.of(new Placement(vcpus, dedicated, withheld, housekeeping, wish.numa(), notes));
    }

    private int dedicatedCount() {
        return wish.policy() == Policy.SHARED
                ? 0
                : layout.vcpus() - layout.linux().cores();
    }

    /** At most as many as the VM needs. */
    private List<Integer> hrtCores(Collection<Integer> cores, Siblings siblings) {
        List<Integer> chosen = new ArrayList<>();
        for (Set<Integer> physical : physicalCores(cores, siblings)) {
            boolean free =
                    physical.stream().allMatch(core -> books.claimedBy(core).isEmpty());
            if (free) {
                chosen.addAll(siblings == Siblings.APART ? List.of(Collections.min(physical)) : physical);
            }
        }
        return chosen.subList(0, Math.min(dedicatedCount(), chosen.size()));
    }

    /** From the highest down; each thread for one if siblings do not matter. */
    private List<Set<Integer>> physicalCores(Collection<Integer> cores, Siblings siblings) {
        Set<Set<Integer>> groups = new HashSet<>();
        for (int core : cores) {
            groups.add(siblings == Siblings.ANY ? Set.of(core) : new TreeSet<>(host.siblingsOf(core)));
        }
        return groups.stream()
                .sorted(Comparator.<Set<Integer>>comparingInt(Collections::min).reversed())
                .toList();
    }

    private Set<Integer> siblingsOf(Set<Integer> cores) {
        var siblings = new TreeSet<Integer>();
        cores.forEach(core -> siblings.addAll(host.siblingsOf(core)));
        siblings.removeAll(cores);
        return siblings;
    }

    /** With the housekeeping cores that the layout names. */
    private Placement housekept(Placement found) {
        return wish.housekeeping().isEmpty() ? found : new NamedCores(books, layout).withHousekeeping(found);
    }

    /** A host that is too small for the VM even without others: cores are shared inside the VM, and it is said so. */
    private Optional<Placement> small(Set<Integer> cores) {
        if (!books.claims().isEmpty()) {
            return Optional.empty();
        }
        Optional<Placement> apart = wish.siblings() == Siblings.ANY
                ? Optional.empty()
                : choose(
                        cores,
                        Siblings.ANY,
                        List.of("the host has too few physical cores: HRT cores share theirs with Linux"));
        return apart.or(() -> Optional.of(crowded(cores))).map(this::housekept);
    }

    private Placement crowded(Set<Integer> allowed) {
        List<Integer> cores = List.copyOf(new TreeSet<>(allowed));
        int linux = layout.linux().cores();
        int hrt = layout.vcpus() - linux;
        int forHrt = Math.min(hrt, Math.max(1, cores.size() - 1));
        List<Integer> forLinux = cores.size() > forHrt ? cores.subList(0, cores.size() - forHrt) : cores;
        List<Integer> vcpus = new ArrayList<>();
        IntStream.range(0, linux).forEach(i -> vcpus.add(forLinux.get(i % forLinux.size())));
        IntStream.range(0, hrt).forEach(i -> vcpus.add(cores.get(cores.size() - 1 - i % forHrt)));
        return new Placement(
                vcpus,
                new HashSet<>(vcpus.subList(linux, vcpus.size())),
                Set.of(),
                new HashSet<>(vcpus.subList(0, linux)),
                wish.numa(),
                List.of("%d HRT cores on a host of %d cores: they share cores with each other or with Linux"
                        .formatted(hrt, cores.size())));
    }

    private HvmException tooFew(Set<Integer> cores) {
        long free =
                cores.stream().filter(core -> books.claimedBy(core).isEmpty()).count();
        String mend = "hvm destroy one of them; or set host.policy to shared";
        if (wish.siblings() != Siblings.ANY
                && choose(cores, Siblings.ANY, List.of()).isPresent()) {
            mend = "set host.siblings to any; or hvm destroy one of them";
        }
        return HvmException.of(ErrorCode.HOST_RESOURCES, "Too few host cores are free")
                .value(dedicatedCount() + " HRT cores for " + layout.name()
                        + wish.numa().map(node -> " on NUMA node " + node).orElse(""))
                .allowed(free + " of " + cores.size() + " are free, and Linux needs one")
                .owner(books.ownersInWords().isEmpty() ? "VMs that share them" : books.ownersInWords())
                .hint(mend)
                .build();
    }
}
