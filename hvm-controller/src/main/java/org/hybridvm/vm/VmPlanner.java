// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.host.Claim;
import org.hybridvm.host.HostBooks;
import org.hybridvm.layout.Difference;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.LayoutDiff;
import org.hybridvm.vm.VmPlan.Action;
import org.hybridvm.vm.VmPlan.Basis;
import org.hybridvm.vm.VmPlan.Step;

/** Compares what is declared with what is there. Asks nobody and changes nothing. */
final class VmPlanner {
    private final Map<String, Present> present = new TreeMap<>();
    private final Map<String, Layout> wanted = new TreeMap<>();
    private final boolean prune;
    private HostBooks books;

    /** A VM that is there. */
    record Present(Layout layout, Basis basis) {}

    private VmPlanner(HostBooks books, Collection<Present> present, Collection<Layout> wanted, boolean prune) {
        this.books = books;
        this.prune = prune;
        present.forEach(vm -> this.present.put(vm.layout().name(), vm));
        for (Layout layout : wanted) {
            if (this.wanted.put(layout.name(), layout) != null) {
                throw HvmException.of(ErrorCode.INVALID_LAYOUT, "A VM is declared twice")
                        .value(layout.name())
                        .hint("give one of the layouts another name")
                        .build();
            }
        }
    }

    /**
     * @param books what all VMs have that are there
     * @param prune whether VMs that are not declared are removed
     * @throws HvmException if the host has not what the layouts ask for
     */
    static VmPlan plan(HostBooks books, Collection<Present> present, Collection<Layout> wanted, boolean prune) {
        return new VmPlanner(books, present, wanted, prune).plan();
    }

    private VmPlan plan() {
        HostBooks before = books;
        var names = new TreeSet<>(wanted.keySet());
        names.addAll(present.keySet());
        Map<String, Action> actions = new TreeMap<>();
        names.forEach(name -> actions.put(name, action(name)));
        actions.forEach((name, action) -> {
            if (action.endsJobs() || action.boots()) {
                books = books.without(name);
            }
        });
        List<Step> steps = new ArrayList<>();
        actions.forEach((name, action) -> steps.add(step(name, action)));
        var basis = new TreeMap<String, Basis>();
        present.forEach((name, vm) -> basis.put(name, vm.basis()));
        return new VmPlan(basis, steps, before, books);
    }

    private Action action(String name) {
        Present vm = present.get(name);
        if (!wanted.containsKey(name)) {
            return prune ? Action.REMOVE : Action.KEEP;
        }
        if (vm == null) {
            return Action.CREATE;
        }
        if (!vm.basis().running()) {
            return Action.START;
        }
        List<Difference> differences = differences(name);
        if (differences.isEmpty()) {
            return Action.NONE;
        }
        boolean live = differences.stream().allMatch(one -> one.effect() == Difference.Effect.LIVE);
        return live ? Action.UPDATE : Action.RESTART;
    }

    private List<Difference> differences(String name) {
        return present.containsKey(name) && wanted.containsKey(name)
                ? LayoutDiff.between(present.get(name).layout(), wanted.get(name))
                : List.of();
    }

    private Step step(String name, Action action) {
        Optional<Layout> layout = Optional.ofNullable(wanted.get(name));
        Optional<Claim> claim = Optional.empty();
        if (action.boots()) {
            GuestMemory.place(layout.get(), DomainXml.usesQ35(layout.get()));
            claim = Optional.of(books.place(layout.get()));
            books = books.with(claim.get());
        }
        return new Step(name, action, differences(name), layout, claim);
    }
}
