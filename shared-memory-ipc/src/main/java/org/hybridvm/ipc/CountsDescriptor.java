// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

/** Layout of a slot's further counters, {@code struct hvm_counts} of {@code hvm/partition.h}. A test holds every number against the C header. */
public final class CountsDescriptor {
    private CountsDescriptor() {}

    /** Bytes of the whole. */
    public static final long SIZE = 0x100L;

    public static final long INTERRUPT_CYCLES_OFFSET = 0L;
    public static final long PREEMPTIONS_OFFSET = 8L;
    public static final long CALL_OFFSET = 0x10L;
}
