// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

/** Layout of the counters inside a slot, {@code struct hvm_slot_stats} of {@code hvm/slot.h}. A test holds every number against the C header. */
public final class SlotStatsDescriptor {
    private SlotStatsDescriptor() {}

    /** Bytes of the whole. */
    public static final long SIZE = 0x40L;

    public static final long CALLS_LOCAL_OFFSET = 0L;
    public static final long CALLS_FORWARDED_OFFSET = 8L;
    public static final long PAGE_FAULTS_OFFSET = 0x10L;
    public static final long WAKES_SENT_OFFSET = 0x18L;
    public static final long HALTS_OFFSET = 0x20L;
    public static final long INTERRUPTS_OFFSET = 0x28L;
    public static final long SHOOTDOWNS_OFFSET = 0x30L;
    public static final long START_TSC_OFFSET = 0x38L;
}
