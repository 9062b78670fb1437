// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

/** Layout of partition memory and its head, {@code hvm/partition.h}. A test holds every number against the C header. */
public final class PartitionDescriptor {
    private PartitionDescriptor() {}

    public static final long MAX_CORES = 0x40L;
    public static final long MAX_SLOTS = 0x1000L;
    public static final long MAX_SPACES = 0x100L;
    public static final long OFFSET_CORES = 0x1000L;
    public static final long OFFSET_PENDING = 0x5000L;
    public static final long OFFSET_LAST = 0x6000L;
    public static final long OFFSET_SLOTS = 0x20000L;
    public static final long OFFSET_LOG = 0x220000L;
    public static final long OFFSET_TABLES = 0x260000L;
    public static final long OFFSET_SPACES = 0x2a0000L;
    public static final long OFFSET_IMAGE = 0x400000L;
    public static final long OFFSET_CLEAN = 0x600000L;
    public static final long OFFSET_COUNTS = 0x800000L;
    public static final long OFFSET_HEAP = 0x904000L;
    public static final long CORE_AREA = 0x10000L;
    public static final long JOB_AREA = 0x800L;
    public static final long THREAD_AREA = 0x2000L;
    public static final long TABLE_PAGES = 0x40L;
    public static final long IMAGE_MAX = 0x200000L;
    public static final long MEMORY_ALIGN = 0x200000L;
    public static final long MEMORY_MIN = 0x1000000L;
    public static final long MEMORY_MAX = 0x4000000000L;
    public static final long IMAGE_VA = 0xffffffff80000000L;
    public static final long MODULE_VA = 0xffffffff00000000L;
    public static final long MODULE_SPAN = 0x40000000L;
    public static final long DIRECT_VA = 0xffff800000000000L;
    public static final long TRAMPOLINE_PHYS = 0x10000L;
    public static final long TRAMPOLINE_SIZE = 0x10000L;
    public static final long TRAMPOLINE_TABLES_PHYS = 0x11000L;
    public static final long DOWN = 0L;
    public static final long LOADING = 1L;
    public static final long BOOTING = 2L;
    public static final long READY = 3L;
    public static final long RUNNING = 4L;
    public static final long HUNG = 5L;
    public static final long FAILED = 6L;
    public static final long CORE_OFF = 0L;
    public static final long CORE_STARTING = 1L;
    public static final long CORE_IDLE = 2L;
    public static final long CORE_RUNNING = 3L;
    public static final long CORE_PANIC = 4L;
    public static final long FLAG_X2APIC = 1L;
    public static final long FLAG_LA57 = 2L;
    public static final long FLAG_PAUSE = 4L;
    public static final long FLAG_SHARED = 8L;
    public static final long FLAG_USER = 16L;
    public static final long FLAG_INTERPRETED = 0x20L;
    public static final long COUNTED_CALLS = 0x1eL;
    public static final long PARTITION_MAGIC = 0x313054524150564dL;
    public static final long COMMAND_NONE = 0L;
    public static final long COMMAND_RUN = 1L;
    public static final long COMMAND_PING = 2L;
    public static final long COMMAND_JOIN = 3L;
    public static final long STOP_GROUP = 1L;
    public static final long RUN_WORKER = 1L;
    public static final long RUN_MORE = 2L;
    public static final long RUN_POOL = 4L;
    public static final long TRACE_MAX = 0x10L;
    public static final long CORE_SIZE = 0x100L;
    public static final long VECTOR_DOORBELL = 0xf0L;
    public static final long VECTOR_TIMER = 0xf1L;
    public static final long VECTOR_SPURIOUS = 0xffL;

    /** Bytes of the whole. */
    public static final long SIZE = 0x100L;

    public static final long MAGIC_OFFSET = 0L;
    public static final long REVISION_OFFSET = 8L;
    public static final long FLAGS_OFFSET = 0xcL;
    public static final long PHYS_BASE_OFFSET = 0x10L;
    public static final long SIZE_OFFSET = 0x18L;
    public static final long CORE_COUNT_OFFSET = 0x20L;
    public static final long TSC_KHZ_OFFSET = 0x24L;
    public static final long SPIN_CYCLES_OFFSET = 0x28L;
    public static final long APIC_PHYS_OFFSET = 0x30L;
    public static final long WAKE_VECTOR_OFFSET = 0x38L;
    public static final long WAKE_APIC_OFFSET = 0x3cL;
    public static final long STATE_OFFSET = 0x40L;
    public static final long GENERATION_OFFSET = 0x44L;
    public static final long IDLE_TOP_OFFSET = 0x48L;
    public static final long PAT_OFFSET = 0x50L;
    public static final long IMAGE_END_OFFSET = 0x80L;
    public static final long PANIC_CORE_OFFSET = 0x88L;
    public static final long COUNTED_OFFSET = 0xc0L;
}
