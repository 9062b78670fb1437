// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

/** Layout of the control block of an HRT core, {@code struct hvm_core} of {@code hvm/partition.h}. A test holds every number against the C header. */
public final class CoreDescriptor {
    private CoreDescriptor() {}

    /** Bytes of the whole. */
    public static final long SIZE = 0x100L;

    public static final long COMMAND_OFFSET = 0L;
    public static final long SPACE_OFFSET = 8L;
    public static final long SLOT_OFFSET = 0x10L;
    public static final long CALL_SLOT_OFFSET = 0x14L;
    public static final long STOP_OFFSET = 0x18L;
    public static final long NUMBER_OFFSET = 0x20L;
    public static final long CORES_OFFSET = 0x24L;
    public static final long GROUP_OFFSET = 0x28L;
    public static final long COPY_OFFSET = 0x30L;
    public static final long FLAGS_OFFSET = 0x34L;
    public static final long STOP_TICKET_OFFSET = 0x38L;
    public static final long STATE_OFFSET = 0x40L;
    public static final long APIC_ID_OFFSET = 0x44L;
    public static final long COMMAND_ACK_OFFSET = 0x48L;
    public static final long LOADED_OFFSET = 0x50L;
    public static final long HEARTBEAT_OFFSET = 0x58L;
    public static final long ENTRY_TSC_OFFSET = 0x60L;
    public static final long READY_TSC_OFFSET = 0x68L;
    public static final long INTERRUPTS_OFFSET = 0x70L;
    public static final long SPURIOUS_OFFSET = 0x78L;
    public static final long FLUSH_OFFSET = 0x80L;
    public static final long SIGNAL_OFFSET = 0x88L;
    public static final long SLOT_END_OFFSET = 0x90L;
    public static final long FLUSH_ACK_OFFSET = 0xc0L;
    public static final long STOP_ACK_OFFSET = 0xc8L;
}
