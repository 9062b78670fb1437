// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.Layout.Hugepages;
import org.hybridvm.layout.Layout.Policy;
import org.hybridvm.layout.Layout.Siblings;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever comes and goes, in whatever order: what the ledger promises holds. */
class HostLedgerCasesTest {
    private static final HostTopology CONFINED = RecordedHost.read("confined");
    private static final HostTopology TWO_SOCKETS = RecordedHost.read("two-sockets");
    private static final int STEPS = 300;
    private static final int NAMES = 12;

    static Stream<Integer> seeds() {
        return IntStream.range(0, 40).boxed();
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void shouldNeverGiveOneThingToTwo(int seed) {
        var random = new Random(seed);
        HostTopology host = seed % 4 == 0 ? CONFINED : TWO_SOCKETS;
        var ledger = new HostLedger(() -> host);
        int placed = 0;
        for (int step = 0; step < STEPS; step++) {
            String name = "vm" + random.nextInt(NAMES);
            if (random.nextInt(4) == 0) {
                ledger.release(name);
            } else {
                placed += tryToPlace(ledger, wish(random, name, host)) ? 1 : 0;
            }
            requireSound(ledger.books());
        }
        assertThat(placed).as("VMs that got a place").isGreaterThan(10);
    }

    private static boolean tryToPlace(HostLedger ledger, Layout layout) {
        HostBooks before = ledger.books();
        try {
            Placement placement = ledger.place(layout);
            assertThat(placement.vcpus()).hasSize(layout.vcpus());
            return true;
        } catch (HvmException refused) {
            assertThat(refused.code()).isEqualTo(ErrorCode.HOST_RESOURCES);
            assertThat(refused.hint()).isNotBlank();
            assertThat(ledger.books()).as("a refusal changes nothing").isEqualTo(before);
            return false;
        }
    }

    private static Layout wish(Random random, String name, HostTopology host) {
        int linux = 1 + random.nextInt(3);
        int hrt = 1 + random.nextInt(4);
        Wishes wish = Wishes.vm(name)
                .cores(linux, hrt)
                .memory((1L + random.nextInt((int) (host.memory() >> 32))) << 30)
                .siblings(Siblings.values()[random.nextInt(3)])
                .policy(Policy.values()[random.nextInt(5) == 0 ? 1 : 0]);
        if (random.nextInt(3) == 0) {
            wish.hugepages(Hugepages.values()[random.nextInt(3)]);
        }
        if (random.nextInt(4) == 0) {
            wish.node(random.nextInt(2));
        }
        if (random.nextInt(4) == 0) {
            List<Integer> cores = new ArrayList<>(host.cores());
            Collections.shuffle(cores, random);
            wish.on(IntStream.range(0, linux + hrt)
                    .mapToObj(i -> cores.get(i % cores.size()))
                    .toArray(Integer[]::new));
        }
        if (random.nextInt(6) == 0) {
            wish.housekeeping(host.cores().get(random.nextInt(host.cores().size())));
        }
        return wish.layout();
    }

    private static void requireSound(HostBooks books) {
        for (Claim one : books.claims().values()) {
            requirePossible(books.host(), one);
            for (Claim other : books.claims().values()) {
                if (!one.vm().equals(other.vm())
                        && !Collections.disjoint(
                                one.placement().closed(), other.placement().claimed())) {
                    assertThat(one.placement().closed())
                            .as("%s against %s", one, other)
                            .doesNotContainAnyElementsOf(other.placement().claimed());
                }
            }
        }
        requireMemory(books);
    }

    private static void requirePossible(HostTopology host, Claim claim) {
        Placement placement = claim.placement();
        assertThat(host.cores()).containsAll(placement.vcpus()).containsAll(placement.housekeeping());
        Layout layout = claim.layout();
        if (layout.host().policy() == Policy.DEDICATED) {
            Set<Integer> hrt =
                    new TreeSet<>(placement.vcpus().subList(layout.linux().cores(), layout.vcpus()));
            assertThat(placement.dedicated()).isEqualTo(hrt);
            if (layout.host().siblings() != Siblings.ANY && placement.notes().isEmpty()) {
                hrt.forEach(core -> assertThat(placement.closed()).containsAll(host.siblingsOf(core)));
            }
        }
        layout.host()
                .numa()
                .ifPresent(node -> assertThat(placement.vcpus())
                        .allSatisfy(
                                core -> assertThat(host.node(node).orElseThrow().cores())
                                        .contains(core)));
    }

    private static void requireMemory(HostBooks books) {
        long memory = books.claims().values().stream().mapToLong(Claim::memory).sum();
        assertThat(memory)
                .isLessThanOrEqualTo(books.host().memory() - books.host().hugeMemory());
        for (Hugepages size : List.of(Hugepages.MIB2, Hugepages.GIB1)) {
            assertThat(pages(books, size, claim -> true))
                    .isLessThanOrEqualTo(books.host().hugePages(size.size()).total());
            for (HostTopology.Node node : books.host().nodes()) {
                assertThat(pages(books, size, claim -> claim.node().equals(java.util.Optional.of(node.number()))))
                        .isLessThanOrEqualTo(node.hugePages()
                                .getOrDefault(size.size(), HostTopology.Pages.NONE)
                                .total());
            }
        }
    }

    private static long pages(HostBooks books, Hugepages size, java.util.function.Predicate<Claim> which) {
        return books.claims().values().stream()
                .filter(claim -> claim.pageSize() == size.size())
                .filter(which)
                .mapToLong(Claim::pages)
                .sum();
    }
}
