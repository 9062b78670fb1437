// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hybridvm.vm.TestLayouts.GIB;
import static org.hybridvm.vm.TestLayouts.MIB;
import static org.hybridvm.vm.TestLayouts.demo;
import static org.hybridvm.vm.TestLayouts.hrt;

import java.util.List;
import java.util.stream.IntStream;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.Layout.Hrt;
import org.hybridvm.vm.GuestMemory.Range;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GuestMemoryTest {
    private static final boolean Q35 = true;
    private static final boolean PC = false;

    @ParameterizedTest
    @ValueSource(booleans = {Q35, PC})
    void shouldPutAPartitionAt256MiB(boolean machine) {
        assertThat(GuestMemory.place(demo(2 * GIB, hrt("hrt", 64 * MIB)), machine))
                .containsExactly(new Range(256 * MIB, 64 * MIB));
    }

    @Test
    void shouldPutPartitionsInARow() {
        assertThat(GuestMemory.place(demo(2 * GIB, hrt("a", 64 * MIB), hrt("b", 16 * MIB), hrt("c", 512 * MIB)), Q35))
                .containsExactly(
                        new Range(256 * MIB, 64 * MIB),
                        new Range(320 * MIB, 16 * MIB),
                        new Range(336 * MIB, 512 * MIB));
    }

    @Test
    void shouldPutEightPartitionsInARow() {
        Hrt[] partitions =
                IntStream.range(0, 8).mapToObj(i -> hrt("p" + i, 16 * MIB)).toArray(Hrt[]::new);
        assertThat(GuestMemory.place(demo(GIB, partitions), Q35))
                .isEqualTo(IntStream.range(0, 8)
                        .mapToObj(i -> new Range((256 + 16 * i) * MIB, 16 * MIB))
                        .toList());
    }

    /** The least memory that a layout may have: 256 MiB below the partitions, 128 MiB above them. */
    @ParameterizedTest
    @CsvSource({"512, 128", "1024, 640"})
    void shouldLeaveLinux128MiBAboveThePartitions(long memory, long partition) {
        assertThat(GuestMemory.place(demo(memory * MIB, hrt("hrt", partition * MIB)), Q35))
                .containsExactly(new Range(256 * MIB, partition * MIB));
        assertThatThrownBy(() -> GuestMemory.place(demo(memory * MIB, hrt("hrt", (partition + 2) * MIB)), Q35))
                .isInstanceOf(HvmException.class);
    }

    /** QEMU splits RAM at 2 GiB on q35 from 2816 MiB on, at 3 GiB on pc from 3584 MiB on. */
    @ParameterizedTest
    @CsvSource({
        "true, 2814, 2430, 256", // below the split: all RAM is below the PCI hole
        "true, 2816, 1664, 256", // from there on 2 GiB are
        "true, 4096, 1664, 256",
        "true, 4096, 1666, 4096",
        "true, 4096, 2048, 4096",
        "false, 3582, 3198, 256",
        "false, 3584, 2688, 256",
        "false, 8192, 2688, 256",
        "false, 8192, 2690, 4096",
        "false, 8192, 5120, 4096"
    })
    void shouldPutPartitionsAboveThePciHoleOnlyIfTheyDoNotFitBelow(
            boolean machine, long memory, long partition, long base) {
        assertThat(GuestMemory.place(demo(memory * MIB, hrt("hrt", partition * MIB)), machine))
                .containsExactly(new Range(base * MIB, partition * MIB));
    }

    @Test
    void shouldMoveAllPartitionsAboveThePciHoleTogether() {
        assertThat(GuestMemory.place(demo(8 * GIB, hrt("small", 16 * MIB), hrt("big", 2 * GIB)), Q35))
                .containsExactly(new Range(4 * GIB, 16 * MIB), new Range(4 * GIB + 16 * MIB, 2 * GIB));
    }

    @Test
    void shouldRefusePartitionsThatFitOnNeitherSideOfThePciHole() {
        assertThatThrownBy(() -> GuestMemory.place(demo(3 * GIB, hrt("a", GIB), hrt("b", 642 * MIB)), Q35))
                .isInstanceOfSatisfying(
                        HvmException.class,
                        refused -> assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_LAYOUT))
                .hasMessage("The HRT partitions' memory fits neither below nor above 4GiB: 1666MiB of 3GiB."
                        + " Allowed: at most 1664MiB. Owner: demo. Try: give the VM more memory");
        assertThatThrownBy(() -> GuestMemory.place(demo(5 * GIB, hrt("a", 4 * GIB)), PC))
                .hasMessage("The HRT partitions' memory fits neither below nor above 4GiB: 4GiB of 5GiB."
                        + " Allowed: at most 2688MiB. Owner: demo. Try: give the VM more memory");
    }

    @ParameterizedTest
    @CsvSource({"true, 1664", "false, 2688"})
    void shouldTakeWhatItSaysIsAllowed(boolean machine, long allowed) {
        assertThat(GuestMemory.place(demo(4 * GIB, hrt("hrt", allowed * MIB)), machine))
                .isEqualTo(List.of(new Range(256 * MIB, allowed * MIB)));
    }

    @Test
    void shouldStayInsideTheGuestsMemoryAndNotOverlap() {
        for (long memory = 512; memory <= 9216; memory += 128) {
            for (long first = 16; first <= memory - 400; first += 112) {
                Layout layout = demo(memory * MIB, hrt("a", first * MIB), hrt("b", 16 * MIB));
                for (boolean machine : new boolean[] {Q35, PC}) {
                    long below = memory * MIB < (machine ? 2816 : 3584) * MIB ? memory * MIB : (machine ? 2 : 3) * GIB;
                    long above = memory * MIB - below;
                    List<Range> ranges;
                    try {
                        ranges = GuestMemory.place(layout, machine);
                    } catch (HvmException refused) {
                        assertThat((first + 16) * MIB)
                                .as(layout + " " + machine)
                                .isGreaterThan(Math.max(below - 384 * MIB, above));
                        continue;
                    }
                    long base = ranges.getFirst().base();
                    long end = ranges.getLast().base() + ranges.getLast().size();
                    assertThat(ranges.getLast().base()).isEqualTo(base + first * MIB);
                    assertThat(end)
                            .as(layout + " " + machine)
                            .isLessThanOrEqualTo(base < 4 * GIB ? below - 128 * MIB : 4 * GIB + above);
                }
            }
        }
    }
}
