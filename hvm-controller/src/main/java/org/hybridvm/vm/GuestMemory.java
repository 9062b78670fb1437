// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.util.ArrayList;
import java.util.List;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.layout.ByteSize;
import org.hybridvm.layout.Layout;

/**
 * Where the HRT partitions' memory lies in the guest's physical address space. All of them in a row: from 256 MiB on if that
 * leaves Linux room below the PCI hole (the kernel lies at 16 MiB, the initramfs at the top), else from 4 GiB on.
 */
final class GuestMemory {
    static final long LOW_BASE = 256L << 20;
    static final long HIGH_BASE = 4L << 30;

    /** What must stay Linux's above the partitions, for its initramfs and early tables. */
    private static final long LOW_RESERVE = 128L << 20;

    private GuestMemory() {}

    /** A partition's range: base and size in bytes. */
    record Range(long base, long size) {}

    /** One range for each HRT partition, in order. */
    static List<Range> place(Layout layout, boolean q35) {
        long total = layout.partitions().stream().mapToLong(Layout.Hrt::memory).sum();
        long low = Math.min(layout.memory(), lowMemory(layout.memory(), q35));
        long next;
        if (LOW_BASE + total + LOW_RESERVE <= low) {
            next = LOW_BASE;
        } else if (total <= layout.memory() - low) {
            next = HIGH_BASE;
        } else {
            throw HvmException.of(
                            ErrorCode.INVALID_LAYOUT, "The HRT partitions' memory fits neither below nor above 4GiB")
                    .value(ByteSize.format(total) + " of " + ByteSize.format(layout.memory()))
                    .allowed(
                            "at most " + ByteSize.format(Math.max(low - LOW_BASE - LOW_RESERVE, layout.memory() - low)))
                    .owner(layout.name())
                    .hint("give the VM more memory")
                    .build();
        }
        List<Range> ranges = new ArrayList<>();
        for (Layout.Hrt partition : layout.partitions()) {
            ranges.add(new Range(next, partition.memory()));
            next += partition.memory();
        }
        return ranges;
    }

    /** RAM that QEMU puts below 4 GiB (hw/i386/pc_q35.c, pc_piix.c). */
    private static long lowMemory(long memory, boolean q35) {
        if (q35) {
            return memory >= 0xb0000000L ? 0x80000000L : 0xb0000000L;
        }
        return memory >= 0xe0000000L ? 0xc0000000L : 0xe0000000L;
    }
}
