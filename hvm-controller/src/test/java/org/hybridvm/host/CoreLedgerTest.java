// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import java.util.List;
import java.util.Set;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.host.CoreLedger.Placement;
import org.junit.jupiter.api.Test;

class CoreLedgerTest {
    private static final List<Integer> ANY = List.of();

    private final CoreLedger ledger = new CoreLedger(List.of(0, 1, 2, 3));

    @Test
    void shouldGiveHrtCoresFromTheHighestDownAndLinuxTheRest() {
        assertThat(ledger.place("a", 1, 2, ANY)).isEqualTo(new Placement(List.of(0, 3, 2), Set.of(0, 1), List.of()));
        assertThat(ledger.owners()).containsExactly(entry(2, "a"), entry(3, "a"));
    }

    @Test
    void shouldLetLinuxVcpusShareTheHousekeepingCores() {
        assertThat(ledger.place("a", 5, 2, ANY).vcpus()).containsExactly(0, 1, 0, 1, 0, 3, 2);
    }

    @Test
    void shouldLeaveOneCoreToHousekeeping() {
        assertThat(ledger.place("a", 2, 3, ANY)).isEqualTo(new Placement(List.of(0, 0, 3, 2, 1), Set.of(0), List.of()));
    }

    @Test
    void shouldGiveTheNextVmWhatIsFree() {
        ledger.place("a", 1, 1, ANY);
        assertThat(ledger.place("b", 1, 2, ANY)).isEqualTo(new Placement(List.of(0, 2, 1), Set.of(0), List.of()));
        assertThat(ledger.owners()).containsExactly(entry(1, "b"), entry(2, "b"), entry(3, "a"));
    }

    @Test
    void shouldTakeTheNumbersOfCoresAsTheHostHasThem() {
        assertThat(new CoreLedger(List.of(2, 5, 7)).place("a", 1, 1, ANY))
                .isEqualTo(new Placement(List.of(2, 7), Set.of(2, 5), List.of()));
    }

    @Test
    void shouldRefuseMoreHrtCoresThanOtherVmsLeave() {
        ledger.place("a", 1, 1, ANY);
        ledger.place("b", 1, 1, ANY);
        assertThatThrownBy(() -> ledger.place("c", 1, 2, ANY))
                .isInstanceOfSatisfying(HvmException.class, CoreLedgerTest::isForTheHostsResources)
                .hasMessage("Too few host cores are free: 2 HRT cores for c. Allowed: 1 of 4."
                        + " Owner: core 2: VM b, core 3: VM a. Try: hvm destroy b");
        assertThat(ledger.owners()).containsExactly(entry(2, "b"), entry(3, "a"));
    }

    @Test
    void shouldRefuseASecondVmWhereTheFirstLeftHousekeepingAlone() {
        ledger.place("a", 1, 3, ANY);
        assertThatThrownBy(() -> ledger.place("b", 1, 1, ANY))
                .hasMessage("Too few host cores are free: 1 HRT cores for b. Allowed: 0 of 4."
                        + " Owner: core 1: VM a, core 2: VM a, core 3: VM a. Try: hvm destroy a");
    }

    @Test
    void shouldShareCoresOnAHostThatIsTooSmallAndSaySo() {
        assertThat(ledger.place("a", 1, 5, ANY))
                .isEqualTo(new Placement(
                        List.of(0, 3, 2, 1, 3, 2),
                        Set.of(0),
                        List.of("5 HRT cores on a host of 4 cores: they share cores with each other or with Linux")));
    }

    @Test
    void shouldShareTheOnlyCoreWithLinux() {
        assertThat(new CoreLedger(List.of(0)).place("a", 1, 1, ANY))
                .isEqualTo(new Placement(
                        List.of(0, 0),
                        Set.of(0),
                        List.of("1 HRT cores on a host of 1 cores: they share cores with each other or with Linux")));
    }

    @Test
    void shouldTakeTheCoresThatTheLayoutNames() {
        assertThat(ledger.place("a", 1, 2, List.of(3, 0, 1)))
                .isEqualTo(new Placement(List.of(3, 0, 1), Set.of(2, 3), List.of()));
        assertThat(ledger.owners()).containsExactly(entry(0, "a"), entry(1, "a"));
    }

    @Test
    void shouldKeepHousekeepingOffTheCoresOfOtherVms() {
        ledger.place("a", 1, 1, List.of(0, 1));
        assertThat(ledger.place("b", 1, 1, List.of(0, 2)).housekeeping()).containsExactlyInAnyOrder(0, 3);
    }

    @Test
    void shouldLetHousekeepingRunOnLinuxsCoresIfNoOtherIsLeft() {
        assertThat(new CoreLedger(List.of(0, 1))
                        .place("a", 1, 2, List.of(0, 0, 1))
                        .housekeeping())
                .containsExactly(0);
    }

    @Test
    void shouldRefuseANamedCoreThatAnotherVmHas() {
        ledger.place("a", 1, 1, List.of(0, 2));
        assertThatThrownBy(() -> ledger.place("b", 1, 1, List.of(1, 2)))
                .isInstanceOfSatisfying(HvmException.class, CoreLedgerTest::isForTheHostsResources)
                .hasMessage("A host core has an owner: core 2. Owner: HRT partition of a."
                        + " Try: hvm destroy a, or name another core");
        assertThatThrownBy(() -> ledger.place("b", 1, 1, List.of(2, 1)))
                .hasMessageStartingWith("A host core has an owner: core 2.");
    }

    @Test
    void shouldRefuseANamedCoreThatTheHostDoesNotHave() {
        assertThatThrownBy(() -> ledger.place("a", 1, 1, List.of(0, 4)))
                .isInstanceOfSatisfying(HvmException.class, CoreLedgerTest::isForTheHostsResources)
                .hasMessage("The layout names a host core that is not there: 4. Allowed: [0, 1, 2, 3]. Owner: a."
                        + " Try: set host.cores to auto");
    }

    @Test
    void shouldPlaceAVmAnewWithoutItsFormerCoresInItsWay() {
        ledger.place("a", 1, 3, ANY);
        assertThat(ledger.place("a", 1, 1, List.of(0, 3)).vcpus()).containsExactly(0, 3);
        assertThat(ledger.owners()).containsExactly(entry(3, "a"));
    }

    @Test
    void shouldGiveBackWhatAVmHad() {
        ledger.place("a", 1, 2, ANY);
        ledger.place("b", 1, 1, ANY);
        ledger.release("a");
        assertThat(ledger.owners()).containsExactly(entry(1, "b"));
        assertThat(ledger.place("c", 1, 2, ANY).vcpus()).containsExactly(0, 3, 2);
    }

    @Test
    void shouldReleaseNothingOfAVmThatItDoesNotKnow() {
        ledger.place("a", 1, 1, ANY);
        ledger.release("b");
        assertThat(ledger.owners()).containsExactly(entry(3, "a"));
    }

    @Test
    void shouldAdoptWhatARunningVmHas() {
        ledger.adopt("a", 1, new Placement(List.of(0, 2), Set.of(0), List.of()));
        assertThat(ledger.owners()).containsExactly(entry(2, "a"));
        assertThat(ledger.place("b", 1, 2, ANY).vcpus()).containsExactly(0, 3, 1);
    }

    private static void isForTheHostsResources(HvmException refused) {
        assertThat(refused.code()).isEqualTo(ErrorCode.HOST_RESOURCES);
    }
}
