// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hybridvm.host.Wishes.vm;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.hybridvm.host.Claim;
import org.hybridvm.host.HostBooks;
import org.hybridvm.host.HostTopology;
import org.hybridvm.host.RecordedHost;
import org.hybridvm.layout.Layout;
import org.hybridvm.vm.VmPlan.Action;
import org.hybridvm.vm.VmPlan.Basis;
import org.hybridvm.vm.VmPlan.Step;
import org.hybridvm.vm.VmPlanner.Present;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VmPlannerTest {
    private static final HostBooks EMPTY = HostBooks.of(new HostTopology(
            List.of(0, 1, 2, 3), List.of(Set.of(0), Set.of(1), Set.of(2), Set.of(3)), 16L << 30, 16L << 30));

    @Test
    void shouldMakeWhatIsNotThere() {
        VmPlan plan = VmPlanner.plan(EMPTY, List.of(), List.of(vm("a").layout()), false);
        assertThat(actions(plan)).containsExactly(Map.entry("a", Action.CREATE));
        assertThat(plan.after().owners()).containsExactly(Map.entry(3, "a"));
        assertThat(plan.before().claims()).isEmpty();
        assertThat(plan.isEmpty()).isFalse();
    }

    @Test
    void shouldLeaveAloneWhatIsAsDeclaredAndWhatIsNotDeclared() {
        Layout a = vm("a").layout();
        Layout b = vm("b").layout();
        VmPlan plan = VmPlanner.plan(with(a, b), present(a, b), List.of(a), false);
        assertThat(actions(plan)).isEqualTo(Map.of("a", Action.NONE, "b", Action.KEEP));
        assertThat(plan.isEmpty()).isTrue();
        assertThat(plan.after()).isEqualTo(plan.before());
    }

    @Test
    void shouldRemoveWhatIsNotDeclaredIfItIsAskedTo() {
        Layout a = vm("a").layout();
        Layout b = vm("b").layout();
        VmPlan plan = VmPlanner.plan(with(a, b), present(a, b), List.of(a), true);
        assertThat(actions(plan)).isEqualTo(Map.of("a", Action.NONE, "b", Action.REMOVE));
        assertThat(plan.after().claims()).containsOnlyKeys("a");
    }

    @Test
    void shouldStartWhatIsDeclaredAndDoesNotRun() {
        Layout a = vm("a").layout();
        VmPlan plan = VmPlanner.plan(EMPTY, List.of(new Present(a, new Basis(1, false))), List.of(a), false);
        assertThat(actions(plan)).containsExactly(Map.entry("a", Action.START));
    }

    @Test
    void shouldGiveTheCoresOfAVmThatGoesToOneThatComes() {
        Layout old = vm("old").cores(1, 3).layout();
        VmPlan plan = VmPlanner.plan(
                with(old), present(old), List.of(vm("new").cores(1, 3).layout()), true);
        assertThat(plan.after().owners().values()).containsOnly("new");
    }

    @Test
    void shouldLetTwoVmsChangeTheirCores() {
        Layout a = vm("a").on(0, 2).layout();
        Layout b = vm("b").on(0, 3).layout();
        VmPlan plan = VmPlanner.plan(
                with(a, b),
                present(a, b),
                List.of(vm("a").on(0, 3).layout(), vm("b").on(0, 2).layout()),
                false);
        assertThat(plan.after().owners()).isEqualTo(Map.of(2, "b", 3, "a"));
    }

    @Test
    void shouldRefuseWhatTheHostHasNot() {
        Layout a = vm("a").cores(1, 2).layout();
        assertThatThrownBy(() -> VmPlanner.plan(
                        with(a), present(a), List.of(a, vm("b").cores(1, 2).layout()), false))
                .hasMessageContaining("Owner: core 2: VM a, core 3: VM a");
        assertThatThrownBy(() -> VmPlanner.plan(EMPTY, List.of(), List.of(a, a), false))
                .hasMessageStartingWith("A VM is declared twice: a.");
    }

    /** Applying a plan and planning again: nothing to do, and the VMs are those that were declared. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void shouldBeDoneWhenItWasDone(int seed) {
        var random = new Random(seed);
        HostBooks books = HostBooks.of(RecordedHost.read("two-sockets"));
        List<Present> there = List.of();
        for (int round = 0; round < 8; round++) {
            List<Layout> wanted = wanted(random);
            boolean prune = random.nextBoolean();
            VmPlan plan = VmPlanner.plan(books, there, wanted, prune);
            there = applied(there, plan);
            books = plan.after();
            assertThat(VmPlanner.plan(books, there, wanted, prune).isEmpty()).isTrue();
            assertThat(there.stream().map(Present::layout)).containsAll(wanted);
            assertThat(books.claims().keySet())
                    .containsExactlyInAnyOrderElementsOf(
                            there.stream().map(one -> one.layout().name()).toList());
        }
    }

    private static List<Layout> wanted(Random random) {
        List<Layout> wanted = new ArrayList<>();
        for (String name : List.of("a", "b", "c", "d")) {
            if (random.nextBoolean()) {
                wanted.add(vm(name).cores(1 + random.nextInt(2), 1 + random.nextInt(3))
                        .memory((1L + random.nextInt(4)) << 30)
                        .layout());
            }
        }
        return wanted;
    }

    private static List<Present> applied(List<Present> there, VmPlan plan) {
        Map<String, Present> next = new TreeMap<>();
        there.forEach(one -> next.put(one.layout().name(), one));
        for (Step step : plan.steps()) {
            if (step.action() == Action.REMOVE) {
                next.remove(step.vm());
            }
            step.layout().ifPresent(layout -> next.put(step.vm(), new Present(layout, new Basis(1, true))));
        }
        return List.copyOf(next.values());
    }

    private static HostBooks with(Layout... layouts) {
        HostBooks books = EMPTY;
        for (Layout layout : layouts) {
            Claim claim = books.place(layout);
            books = books.with(claim);
        }
        return books;
    }

    private static List<Present> present(Layout... layouts) {
        return java.util.Arrays.stream(layouts)
                .map(layout -> new Present(layout, new Basis(1, true)))
                .toList();
    }

    private static Map<String, Action> actions(VmPlan plan) {
        Map<String, Action> actions = new TreeMap<>();
        plan.steps().forEach(step -> actions.put(step.vm(), step.action()));
        return actions;
    }
}
