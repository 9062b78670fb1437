// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;
import static org.hybridvm.host.Wishes.vm;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.Layout.Hugepages;
import org.hybridvm.layout.Layout.Policy;
import org.hybridvm.layout.Layout.Siblings;
import org.junit.jupiter.api.Test;

class HostLedgerTest {
    private static final long GIB = 1L << 30;

    private final HostLedger small = ledger(plain(0, 1, 2, 3));
    private final HostLedger large = ledger(RecordedHost.read("two-sockets"));

    @Test
    void shouldGiveHrtCoresFromTheHighestDownAndLinuxTheLowest() {
        assertThat(small.place(vm("a").cores(1, 2).layout()))
                .isEqualTo(new Placement(
                        List.of(0, 3, 2), Set.of(2, 3), Set.of(), Set.of(0), Optional.empty(), List.of()));
        assertThat(small.books().owners()).containsExactly(entry(2, "a"), entry(3, "a"));
    }

    @Test
    void shouldLetLinuxVcpusShareWhatIsLeft() {
        assertThat(small.place(vm("a").cores(5, 2).layout()).vcpus()).containsExactly(0, 1, 0, 1, 0, 3, 2);
        assertThat(ledger(plain(0, 1, 2, 3)).place(vm("a").cores(2, 3).layout()).vcpus())
                .containsExactly(0, 0, 3, 2, 1);
    }

    @Test
    void shouldGiveTheNextVmWhatIsFree() {
        small.place(vm("a").cores(1, 1).layout());
        assertThat(small.place(vm("b").cores(1, 2).layout()).vcpus()).containsExactly(0, 2, 1);
        assertThat(small.books().owners()).containsExactly(entry(1, "b"), entry(2, "b"), entry(3, "a"));
    }

    @Test
    void shouldNotMakeACoreAVmsOwnThatAnothersLinuxRunsOn() {
        small.place(vm("a").cores(2, 1).layout());
        assertRefused(
                () -> small.place(vm("b").cores(1, 2).layout()),
                "Too few host cores are free: 2 HRT cores for b. Allowed: 1 of 4 are free, and Linux needs one."
                        + " Owner: core 3: VM a. Try: hvm destroy one of them; or set host.policy to shared");
        assertThat(small.books().claims()).containsOnlyKeys("a");
    }

    @Test
    void shouldPutVmsThatShareOnCoresThatNobodyHasForItself() {
        HostLedger two = ledger(plain(0, 1));
        two.place(vm("a").cores(1, 1).layout());
        assertRefused(() -> two.place(vm("b").cores(1, 1).layout()), "Too few host cores are free");
        Placement shared = two.place(vm("b").cores(1, 1).policy(Policy.SHARED).layout());
        assertThat(shared.vcpus()).containsExactly(0, 0);
        assertThat(shared.dedicated()).isEmpty();
        two.release("a");
        assertThat(two.place(vm("c").cores(1, 1).policy(Policy.SHARED).layout()).vcpus())
                .containsExactly(0, 1);
    }

    @Test
    void shouldCrowdAHostThatIsTooSmallAndSaySo() {
        assertThat(small.place(vm("a").cores(1, 5).layout()))
                .satisfies(placement -> assertThat(placement.isCrowded()).isTrue())
                .isEqualTo(new Placement(
                        List.of(0, 3, 2, 1, 3, 2),
                        Set.of(1, 2, 3),
                        Set.of(),
                        Set.of(0),
                        Optional.empty(),
                        List.of("5 HRT cores on a host of 4 cores: they share cores with each other or with Linux")));
        assertThat(ledger(plain(0)).place(vm("a").cores(1, 1).layout()).vcpus()).containsExactly(0, 0);
    }

    @Test
    void shouldTakeTheCoresThatTheLayoutNames() {
        assertThat(small.place(vm("a").cores(1, 2).on(3, 0, 1).layout()))
                .isEqualTo(new Placement(
                        List.of(3, 0, 1), Set.of(0, 1), Set.of(), Set.of(3), Optional.empty(), List.of()));
    }

    @Test
    void shouldNameTheOwnerOfANamedCoreAndWhatIsFree() {
        small.place(vm("a").cores(1, 1).on(0, 2).layout());
        assertRefused(
                () -> small.place(vm("b").cores(1, 1).on(1, 2).layout()),
                "A host core has an owner: core 2. Allowed: free are [1, 3]. Owner: HRT partition of a."
                        + " Try: hvm destroy a, or name another core");
        assertRefused(() -> small.place(vm("b").cores(1, 1).on(2, 1).layout()), "A host core has an owner: core 2.");
        assertRefused(
                () -> small.place(vm("b").cores(1, 1).on(1, 0).layout()),
                "A host core that an HRT vCPU is to have for itself is in use: core 0. Allowed: free are [1, 3]."
                        + " Owner: Linux of a. Try: hvm destroy a, or name another core");
        assertRefused(
                () -> small.place(vm("b").cores(1, 1).on(0, 4).layout()),
                "The layout names a host core that is not there: 4. Allowed: [0, 1, 2, 3]. Owner: b."
                        + " Try: set host.cores to auto");
    }

    @Test
    void shouldPlaceAVmAnewWithoutItsFormerCoresInItsWay() {
        small.place(vm("a").cores(1, 3).layout());
        assertThat(small.place(vm("a").cores(1, 1).on(0, 3).layout()).vcpus()).containsExactly(0, 3);
        assertThat(small.books().owners()).containsExactly(entry(3, "a"));
    }

    @Test
    void shouldKeepTheOldPlaceOfAVmThatCannotBePlacedAnew() {
        small.place(vm("a").cores(1, 1).layout());
        Placement before = small.place(vm("b").cores(1, 1).layout());
        assertRefused(() -> small.place(vm("b").cores(1, 3).layout()), "Too few host cores are free");
        assertThat(small.books().claims().get("b").placement()).isEqualTo(before);
    }

    @Test
    void shouldFillPhysicalCoresAndKeepWhatIsLeftOfThemFromOthers() {
        Placement a = large.place(vm("a").cores(1, 3).layout());
        assertThat(a.dedicated()).containsExactlyInAnyOrder(15, 31, 14);
        assertThat(a.withheld()).containsExactly(30);
        assertThat(a.node()).contains(1);
        assertThat(large.place(vm("b").cores(1, 1).layout()).dedicated()).containsExactly(13);
        assertRefused(() -> large.place(vm("c").cores(1, 1).on(0, 30).layout()), "A host core has an owner: core 30.");
        assertRefused(() -> large.place(vm("c").cores(1, 1).on(29, 12).layout()), "A host core has an owner: core 29.");
    }

    @Test
    void shouldNotTakeAThreadWhoseSiblingAnothersLinuxRunsOn() {
        large.place(vm("a").cores(1, 1).on(3, 15).layout());
        assertRefused(
                () -> large.place(vm("b").cores(1, 1).on(4, 19).layout()),
                "The sibling of an HRT vCPU's host core is another VM's: core 3.");
        assertThat(large.place(vm("b").cores(1, 1)
                                .on(4, 19)
                                .siblings(Siblings.ANY)
                                .layout())
                        .withheld())
                .isEmpty();
    }

    @Test
    void shouldGiveEachHrtVcpuAPhysicalCoreWhereTheyAreToBeApart() {
        Placement a = large.place(vm("a").cores(1, 3).siblings(Siblings.APART).layout());
        assertThat(a.dedicated()).containsExactlyInAnyOrder(15, 14, 13);
        assertThat(a.withheld()).containsExactlyInAnyOrder(31, 30, 29);
        assertRefused(
                () -> ledger(RecordedHost.read("two-sockets"))
                        .place(vm("b").cores(1, 2)
                                .on(0, 4, 20)
                                .siblings(Siblings.APART)
                                .layout()),
                "Two of the layout's host cores are one physical core: cores 4 and 20.");
    }

    @Test
    void shouldCountThreadsAsCoresWhereSiblingsDoNotMatter() {
        assertThat(large.place(vm("a").cores(1, 2).siblings(Siblings.ANY).layout())
                        .dedicated())
                .containsExactlyInAnyOrder(31, 30);
    }

    @Test
    void shouldSayThatThreadsWouldSuffice() {
        for (String name : List.of("a", "b", "c", "d", "e", "f", "g")) {
            large.place(vm(name).cores(1, 1).node(1).layout());
        }
        assertRefused(
                () -> large.place(vm("h").cores(1, 1).node(1).layout()),
                "Too few host cores are free: 1 HRT cores for h on NUMA node 1.");
        assertRefused(() -> large.place(vm("h").cores(1, 2).node(1).layout()), "Owner: core 9: VM g");
    }

    @Test
    void shouldTakeTheNodeThatHasAllAndElseSpread() {
        assertThat(large.place(vm("a").cores(2, 12).memory(8 * GIB).layout()).node())
                .contains(1);
        assertThat(large.place(vm("b").cores(2, 6).memory(8 * GIB).layout()).node())
                .contains(0);
        HostLedger empty = ledger(RecordedHost.read("two-sockets"));
        Placement wide = empty.place(vm("c").cores(1, 20).layout());
        assertThat(wide.node()).isEmpty();
        assertThat(wide.notes()).containsExactly("no NUMA node has all that c needs: it is spread over several");
    }

    @Test
    void shouldKeepToTheNodeThatTheLayoutNames() {
        Placement a = large.place(vm("a").cores(2, 2).node(0).layout());
        assertThat(a.node()).contains(0);
        assertThat(a.vcpus()).containsExactly(0, 1, 7, 23);
        assertRefused(
                () -> large.place(vm("b").cores(1, 1).node(7).layout()),
                "The host has no such NUMA node: 7. Allowed: [0, 1]. Owner: b. Try: set host.numa to auto");
        assertRefused(
                () -> large.place(vm("b").cores(1, 1).on(0, 15).node(0).layout()),
                "The layout names a host core of another NUMA node: core 15, node 0.");
    }

    @Test
    void shouldPromiseNoMemoryTwice() {
        HostLedger host = ledger(new HostTopology(
                List.of(0, 1, 2, 3), List.of(Set.of(0), Set.of(1), Set.of(2), Set.of(3)), 8 * GIB, 8 * GIB));
        host.place(vm("a").cores(1, 1).memory(5 * GIB).layout());
        assertRefused(
                () -> host.place(vm("b").cores(1, 1).memory(3 * GIB).layout()),
                "The host has too little memory available: 3088MiB for b. Allowed: 2800MiB. Owner: VM a: 5136MiB."
                        + " Try: give the layout less memory; or hvm destroy a VM");
        host.place(vm("b").cores(1, 1).memory(2 * GIB).layout());
        host.place(vm("a").cores(1, 1).memory(5 * GIB + (512L << 20)).layout());
    }

    @Test
    void shouldLeaveOtherProgramsTheirMemory() {
        HostLedger host = ledger(new HostTopology(List.of(0, 1), List.of(Set.of(0), Set.of(1)), 8 * GIB, GIB));
        assertRefused(
                () -> host.place(vm("a").cores(1, 1).memory(GIB).layout()),
                "The host has too little memory available: 1040MiB for a. Allowed: 768MiB."
                        + " Owner: other programs of the host. Try: give the layout less memory");
    }

    @Test
    void shouldCountHugePagesForEachNode() {
        large.place(
                vm("a").cores(1, 1).memory(6 * GIB).hugepages(Hugepages.GIB1).layout());
        assertThat(large.books().claims().get("a").node()).contains(1);
        assertRefused(
                () -> large.place(vm("b").cores(1, 1)
                        .memory(3 * GIB)
                        .hugepages(Hugepages.GIB1)
                        .layout()),
                "The host has too few huge pages of 1GiB: 3 for b. Allowed: 2. Owner: VM a: 6GiB. Try: set more aside:"
                        + " echo N > /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages; or set"
                        + " host.hugepages to none; or hvm destroy a VM");
        assertRefused(
                () -> large.place(vm("b").cores(1, 1)
                        .memory(2 * GIB)
                        .hugepages(Hugepages.GIB1)
                        .node(0)
                        .layout()),
                "NUMA node 0 has too few huge pages of 1GiB: 2 for b. Allowed: 0.");
        large.place(
                vm("b").cores(1, 1).memory(2 * GIB).hugepages(Hugepages.GIB1).layout());
    }

    @Test
    void shouldPutQemusThreadsWhereTheLayoutSays() {
        assertThat(small.place(vm("a").cores(1, 1).housekeeping(1, 2).layout()).housekeeping())
                .containsExactlyInAnyOrder(1, 2);
        assertRefused(
                () -> small.place(vm("a").cores(1, 1).housekeeping(3).layout()),
                "A housekeeping core is an HRT core of the same VM: core 3.");
        small.place(vm("a").cores(1, 1).layout());
        assertRefused(
                () -> small.place(vm("b").cores(1, 1).housekeeping(3).layout()), "A host core has an owner: core 3.");
    }

    @Test
    void shouldGiveBackWhatAVmHad() {
        small.place(vm("a").cores(1, 2).layout());
        small.place(vm("b").cores(1, 1).layout());
        small.release("a");
        small.release("nobody");
        assertThat(small.books().owners()).containsExactly(entry(1, "b"));
        assertThat(small.place(vm("c").cores(1, 2).layout()).vcpus()).containsExactly(0, 3, 2);
    }

    @Test
    void shouldAdoptWhatARunningVmHas() {
        Layout a = vm("a").cores(1, 1).layout();
        small.adopt(a, new Placement(List.of(0, 2), Set.of(2), Set.of(), Set.of(0), Optional.empty(), List.of()));
        assertThat(small.place(vm("b").cores(1, 2).layout()).vcpus()).containsExactly(0, 3, 1);
    }

    private static void assertRefused(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String text) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        HvmException.class,
                        refused -> assertThat(refused.code()).isEqualTo(ErrorCode.HOST_RESOURCES))
                .hasMessageContaining(text);
    }

    private static HostLedger ledger(HostTopology host) {
        return new HostLedger(() -> host);
    }

    private static HostTopology plain(Integer... cores) {
        List<Integer> all = List.of(cores);
        return new HostTopology(all, all.stream().map(Set::of).toList(), 64 * GIB, 64 * GIB);
    }
}
