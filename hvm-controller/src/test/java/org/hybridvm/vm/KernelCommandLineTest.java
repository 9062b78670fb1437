// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hybridvm.vm.TestLayouts.GIB;
import static org.hybridvm.vm.TestLayouts.MIB;
import static org.hybridvm.vm.TestLayouts.demo;
import static org.hybridvm.vm.TestLayouts.hrt;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.Layout.Mount;
import org.hybridvm.vm.GuestMemory.Range;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelCommandLineTest {
    private static final List<Integer> HOST_CORES = List.of(0, 1, 2, 3, 4, 5, 6, 7);

    private static final String ALWAYS = " no_ipi_broadcast=1 tsc=reliable clocksource=tsc cryptomgr.notests"
            + " no_timer_check nopat memmap=64K$0x10000";

    @Test
    void shouldReserveThePartitionAndNameItsCores() {
        assertThat(KernelCommandLine.of(
                        demo(2 * GIB, hrt("hrt", 64 * MIB)),
                        List.of(new Range(256 * MIB, 64 * MIB)),
                        false,
                        HOST_CORES))
                .isEqualTo("console=ttyS0 quiet panic=-1 maxcpus=1" + ALWAYS
                        + " memmap=64M$0x10000000 hvm.partition=hrt:1-1:0x10000000:64M");
    }

    @Test
    void shouldCountCoresOnFromLinuxsAndPutTheLayoutsWordsLast() {
        Layout layout = TestLayouts.full(Layout.Machine.Q35, Layout.Acceleration.KVM);
        assertThat(KernelCommandLine.of(
                        layout,
                        List.of(new Range(256 * MIB, 256 * MIB), new Range(512 * MIB, 64 * MIB)),
                        true,
                        HOST_CORES))
                .isEqualTo("console=ttyS0 quiet panic=-1 maxcpus=2" + ALWAYS
                        + " hvm.rootfs=/dev/vda memmap=256M$0x10000000 hvm.partition=fast:2-4:0x10000000:256M"
                        + " memmap=64M$0x20000000 hvm.partition=small:5-5:0x20000000:64M"
                        + " hvm.mount=hvm0:/home/me/work hvm.mount=hvm1:/srv/data:ro nopti");
    }

    @Test
    void shouldTellAPartitionThatItSharesHostCores() {
        assertThat(KernelCommandLine.of(
                        demo(2 * GIB, hrt("hrt", 64 * MIB)),
                        List.of(new Range(256 * MIB, 64 * MIB)),
                        false,
                        List.of(0, 0)))
                .endsWith(" hvm.partition=hrt:1-1:0x10000000:64M:shared");
    }

    @Test
    void shouldTellThePrivilegeOfProgramsWhereItIsNotTheKernels() {
        Layout.Hrt user = new Layout.Hrt("hrt", 1, 64 * MIB, Optional.empty(), Layout.Privilege.USER);
        List<Range> ranges = List.of(new Range(256 * MIB, 64 * MIB));
        assertThat(KernelCommandLine.of(demo(2 * GIB, user), ranges, false, HOST_CORES))
                .endsWith(" hvm.partition=hrt:1-1:0x10000000:64M:user");
        assertThat(KernelCommandLine.of(demo(2 * GIB, user), ranges, false, List.of(0, 0)))
                .endsWith(" hvm.partition=hrt:1-1:0x10000000:64M:shared:user");
    }

    @Test
    void shouldWriteAddressesAbove4GiB() {
        assertThat(KernelCommandLine.of(
                        demo(8 * GIB, hrt("hrt", 3 * GIB)), List.of(new Range(4 * GIB, 3 * GIB)), false, HOST_CORES))
                .endsWith(" memmap=3072M$0x100000000 hvm.partition=hrt:1-1:0x100000000:3072M");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "/a b|/a%20b",
                "/a:b,c|/a%3Ab%2Cc",
                "/100%|/100%25",
                "/\"a\"'b'|/%22a%22%27b%27",
                "/$HOME\\x|/%24HOME%5Cx",
                "/über|/%C3%BCber",
                "/a\tb|/a%09b",
                "/a\u007fb|/a%7Fb",
                "/A-z_0.9~+&<>=@|/A-z_0.9~+&<>=@"
            })
    void shouldEncodeWhatWouldEndAWordOrAField(String source, String encoded) {
        Layout layout = TestLayouts.withMounts(demo(2 * GIB, hrt("hrt", 64 * MIB)), new Mount(Path.of(source), true));
        assertThat(KernelCommandLine.of(layout, List.of(new Range(256 * MIB, 64 * MIB)), false, HOST_CORES))
                .endsWith(" hvm.mount=hvm0:" + encoded + ":ro");
    }
}
