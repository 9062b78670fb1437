// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

/** Layout of a slot, how one HRT thread asks its proxy for a system call: {@code hvm/slot.h} tells the protocol. A test holds every number against the C header. */
public final class SlotDescriptor {
    private SlotDescriptor() {}

    public static final long SLOT_ARGS = 6L;
    public static final long NR_FIRST_SPECIAL = 0xf000L;
    public static final long NR_PAGE_FAULT = 0xf001L;
    public static final long NR_EXCEPTION = 0xf002L;
    public static final long NR_THREAD_GONE = 0xf004L;
    public static final long NR_SIGNAL = 0xf005L;
    public static final long NR_SIGNAL_MASK = 0xf006L;
    public static final long NR_SERVERS = 0xf007L;
    public static final long NR_TASK_GROUP = 0xf009L;
    public static final long NR_CLOCK = 0xf008L;
    public static final long GONE_STOPPED = 1L;
    public static final long GONE_CORE = 2L;
    public static final long RESUME_CHILD = 1L;
    public static final long RESUME_PARENT = 2L;
    public static final long RESUME_WORKER = 3L;
    public static final long SLOT_SIZE = 0x200L;

    /** Bytes of the whole. */
    public static final long SIZE = 0x200L;

    public static final long HEAD_OFFSET = 0L;
    public static final long ARG_OFFSET = 8L;
    public static final long DONE_OFFSET = 0x38L;
    public static final long CLIENT_SLEEPING_OFFSET = 0x40L;
    public static final long CLIENT_CORE_OFFSET = 0x44L;
    public static final long CLIENT_CPU_OFFSET = 0x48L;
    public static final long SERIAL_OFFSET = 0x4cL;
    public static final long SIGNAL_MASK_OFFSET = 0x50L;
    public static final long ROBUST_LIST_OFFSET = 0x58L;
    public static final long ENDED_CYCLES_OFFSET = 0x60L;
    public static final long EVENTS_OFFSET = 0x68L;
    public static final long SERVER_SLEEPING_OFFSET = 0x80L;
    public static final long SERVERS_OFFSET = 0x84L;
    public static final long SIGNAL_OFFSET = 0x88L;
    public static final long RESUME_OFFSET = 0x8cL;
    public static final long SERVER_MASK_OFFSET = 0x90L;
    public static final long GENERATION_OFFSET = 0xc0L;
    public static final long INDEX_OFFSET = 0xc4L;
    public static final long PID_OFFSET = 0xc8L;
    public static final long TID_OFFSET = 0xccL;
    public static final long TASK_GROUP_OFFSET = 0xe0L;
    public static final long TASK_FIRST_OFFSET = 0xe8L;
    public static final long TASK_COUNT_OFFSET = 0xf0L;
    public static final long TASK_ENDED_OFFSET = 0xf8L;
    public static final long STATS_OFFSET = 0x100L;
    public static final long REGS_OFFSET = 0x140L;
}
