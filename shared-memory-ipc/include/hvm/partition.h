/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Memory of an HRT partition, as hvm.ko lays it out and the aerokernel finds it.
 *
 * The partition's memory is one physically contiguous range, 2 MiB aligned, cut out of Linux by memmap=SIZE$BASE.
 * Offsets from its start:
 *
 *   0x000000  struct hvm_partition
 *   0x001000  struct hvm_core [HVM_MAX_CORES]
 *   0x005000  pending map: one bit per slot whose sleeping server must be woken
 *   0x006000  struct hvm_last_words [HVM_MAX_CORES]
 *   0x020000  struct hvm_slot [HVM_MAX_SLOTS], a job owns whole pages of them
 *   0x220000  log ring (hvm/log.h)
 *   0x260000  page tables that every address space of the partition shares
 *   0x2a0000  top-level page tables, one per HRT process
 *   0x400000  aerokernel image: text, data, bss
 *   0x600000  clean copy of the image, for a fast reboot
 *   0x800000  struct hvm_counts [HVM_MAX_SLOTS]
 *   0x904000  the aerokernel's own memory, to the end: an area for each core, one for each
 *             space's job, one for each slot's thread. Not at
 *             0x900000: the page of a core would share its place in a small TLB with the first page above, and a
 *             thread's with the slots', which is seen in every system call (40 ns under TCG)
 *
 * Virtual addresses of the aerokernel, the same with 4- and 5-level paging:
 *   HVM_IMAGE_VA   the image, 2 MiB: the only code that is not the program's
 *   HVM_MODULE_VA  HRT modules (hvm/device.h), in 2 MiB pages
 *   HVM_DIRECT_VA  + physical address: the partition's memory (write-back) and the local APIC (uncached), nothing else
 * The lower half belongs to the merged process; with no process loaded it is empty.
 */
#ifndef HVM_PARTITION_H
#define HVM_PARTITION_H

#include <hvm/slot.h>
#include <hvm/types.h>

#define HVM_MAX_CORES  64u
#define HVM_MAX_SLOTS  4096u
#define HVM_MAX_SPACES 256u /* HRT processes of one partition at a time */

#define HVM_OFFSET_CORES   0x001000u
#define HVM_OFFSET_PENDING 0x005000u
#define HVM_OFFSET_LAST	   0x006000u
#define HVM_OFFSET_SLOTS   0x020000u
#define HVM_OFFSET_LOG	   0x220000u
#define HVM_OFFSET_TABLES  0x260000u
#define HVM_OFFSET_SPACES  0x2a0000u
#define HVM_OFFSET_IMAGE   0x400000u
#define HVM_OFFSET_CLEAN   0x600000u
#define HVM_OFFSET_COUNTS  0x800000u
#define HVM_OFFSET_HEAP	   0x904000u

#define HVM_CORE_AREA	0x10000u
#define HVM_JOB_AREA	0x800u
#define HVM_THREAD_AREA 0x2000u

#define HVM_TABLE_PAGES	 64u	   /* pages from HVM_OFFSET_TABLES on */
#define HVM_IMAGE_MAX	 0x200000u /* bytes, bss included */
#define HVM_MEMORY_ALIGN 0x200000u
#define HVM_MODULE_SPAN	 0x40000000u   /* bytes from HVM_MODULE_VA on: what one page directory maps */
#define HVM_MEMORY_MIN	 0x1000000u    /* 16 MiB */
#define HVM_MEMORY_MAX	 0x4000000000u /* 256 GiB */

#define HVM_IMAGE_VA  0xffffffff80000000ull
#define HVM_MODULE_VA 0xffffffff00000000ull /* below the same top-level entry, so that no space needs another */
#define HVM_DIRECT_VA 0xffff800000000000ull

/*
 * Below 1 MiB, cut out of Linux by memmap=64K$0x10000: the page where a starting core enters (SIPI vector 0x10) and the
 * first page tables, which must lie below 4 GiB because CR3 is loaded with 32 bits there.
 */
#define HVM_TRAMPOLINE_PHYS	   0x10000u
#define HVM_TRAMPOLINE_SIZE	   0x10000u
#define HVM_TRAMPOLINE_TABLES_PHYS 0x11000u /* 4 pages */

/** States of a partition. Terminal until a reboot: HUNG, FAILED. */
enum hvm_partition_state {
	HVM_DOWN = 0,	 /* cores belong to Linux or are parked; no image runs */
	HVM_LOADING = 1, /* the image is being copied */
	HVM_BOOTING = 2, /* cores were started and have not all reported */
	HVM_READY = 3,	 /* every core idles */
	HVM_RUNNING = 4, /* at least one core has a job */
	HVM_HUNG = 5,	 /* a core did not answer within its limit */
	HVM_FAILED = 6,	 /* the aerokernel panicked, or did not boot */
};

/** States of an HRT core, written by the core itself, except HVM_CORE_OFF and HVM_CORE_STARTING (the module). */
enum hvm_core_state {
	HVM_CORE_OFF = 0,      /* not started, or parked by INIT */
	HVM_CORE_STARTING = 1, /* SIPI sent */
	HVM_CORE_IDLE = 2,     /* waits for a command */
	HVM_CORE_RUNNING = 3,  /* an HRT thread is on it */
	HVM_CORE_PANIC = 4,    /* halted for good; registers in the log */
};

/** Bits of hvm_partition.flags. */
#define HVM_FLAG_X2APIC	     0x1u  /* Linux runs its APICs in x2APIC mode: the HRT must, too */
#define HVM_FLAG_LA57	     0x2u  /* Linux pages with 5 levels: CR4.LA57 must be set before paging */
#define HVM_FLAG_PAUSE	     0x4u  /* spin with PAUSE */
#define HVM_FLAG_SHARED	     0x8u  /* vCPUs share host processors: one that polls takes time from another that works */
#define HVM_FLAG_USER	     0x10u /* programs run in ring 3 */
#define HVM_FLAG_INTERPRETED 0x20u /* the vCPUs are QEMU's interpreter (TCG), not hardware */

/** Numbers of system calls that have a counter; the first counter is for all others. */
#define HVM_COUNTED_CALLS 30u

#define HVM_PARTITION_MAGIC 0x313054524150564dull /* "MVPART01" */

struct hvm_partition {
	/* line 0: written by the module before the first core starts, constant afterwards */
	uint64_t magic;
	uint32_t revision;
	uint32_t flags;
	uint64_t phys_base;
	uint64_t size;
	uint32_t core_count;
	uint32_t tsc_khz;
	uint64_t spin_cycles; /* how long to spin for an answer before halting, TSC cycles */
	uint64_t apic_phys;   /* xAPIC registers; unused in x2APIC mode */
	uint32_t wake_vector; /* HRT to Linux: vector ... */
	uint32_t wake_apic;   /* ... and physical APIC id for the ICR */

	/* line 1: the module */
	uint32_t state;	     /* enum hvm_partition_state */
	uint32_t generation; /* raised at every boot of the partition */
	uint64_t idle_top;   /* physical address of the top-level table with an empty lower half */
	uint64_t pat;	     /* IA32_PAT as Linux has it: the same page-table entries must mean the same to both */
	uint64_t line1_pad[5];

	/* line 2: the aerokernel */
	uint64_t image_end;  /* bytes of the image including bss, as linked */
	uint64_t panic_core; /* 1 + index of the first core that panicked; 0 = none */
	uint64_t line2_pad[6];

	/* line 3: the aerokernel, at boot */
	uint16_t counted[HVM_COUNTED_CALLS]; /* the system call that each of hvm_counts.call counts */
	uint32_t line3_pad;
};
HVM_ASSERT_SIZE(struct hvm_partition, 256);
HVM_ASSERT_OFFSET(struct hvm_partition, state, 64);
HVM_ASSERT_OFFSET(struct hvm_partition, image_end, 128);

/**
 * More counters of the threads that ran behind a slot, beside struct hvm_slot_stats. The module clears them when a job
 * gets the slot; the aerokernel counts.
 */
struct hvm_counts {
	uint64_t interrupt_cycles;	  /* spent in interrupts, TSC cycles */
	uint64_t preemptions;		  /* times the timer gave its core to another thread */
	uint64_t call[HVM_COUNTED_CALLS]; /* system calls that the aerokernel answered, by hvm_partition.counted */
};
HVM_ASSERT_SIZE(struct hvm_counts, 256);

/** Commands of the module to an HRT core. */
enum hvm_command_kind {
	HVM_COMMAND_NONE = 0,
	HVM_COMMAND_RUN = 1,  /* start a thread: the fields of struct hvm_core line 0 and the registers in its slot */
	HVM_COMMAND_PING = 2, /* answer with the heartbeat, nothing else */
	HVM_COMMAND_JOIN = 3, /* as RUN, without a thread: run those that the job's other cores start */
};

/** hvm_core.flags. */
#define HVM_RUN_WORKER 0x1u /* the thread is a worker (HVM_THREAD_WORKER): of this core only */
#define HVM_RUN_MORE   0x2u /* the space has workers already */
#define HVM_RUN_POOL   0x4u /* the group is a pool (hvm/ptask.h) */

/** hvm_core.stop: not one space but the group. */
#define HVM_STOP_GROUP 1ull

/*
 * Control block of one HRT core. A command is posted like a slot's request: fields first, then command with release,
 * then the doorbell interrupt. The core copies it once and acknowledges it by command_ack.
 *
 * The cores of a job are a group, which the jobs of its child processes share: a core of the group runs threads of any
 * of their spaces, and takes RUN at any time. stop holds the space (physical address of its top-level table) whose
 * threads must leave the core, or HVM_STOP_GROUP: leave the group, idle. The core forgets those threads, takes none of
 * them while stop holds that value, and answers by stop_ack; then it has another table loaded.
 */
struct hvm_core {
	/* line 0: written by the module */
	uint64_t command;   /* bits 63..32 sequence number, 7..0 enum hvm_command_kind */
	uint64_t space;	    /* RUN: physical address of the top-level table to load */
	uint32_t slot;	    /* RUN: the thread's slot; rip, rsp, rdi.. and fs_base are in its regs */
	uint32_t call_slot; /* RUN with HVM_RUN_POOL: 1 + slot by which the process submits tasks, or 0 */
	uint64_t stop;	    /* leave this space, or HVM_STOP_GROUP; 0 = none */
	uint32_t number;    /* RUN, JOIN: of this core in the job */
	uint32_t cores;	    /* RUN, JOIN: how many cores the job has */
	uint64_t group;	    /* RUN, JOIN: the core group that the job's cores are, never 0 */
	uint32_t copy;	/* RUN: 1 + slot of a thread whose vector registers this one gets (cr2: its clear_tid), or 0 */
	uint32_t flags; /* RUN, JOIN: HVM_RUN_* */
	uint64_t stop_ticket; /* raised, after stop was set, for each stop */

	/* line 1: written by the core */
	uint32_t state; /* enum hvm_core_state */
	uint32_t apic_id;
	uint64_t command_ack; /* the command word that was taken last */
	uint64_t loaded;      /* top-level table in CR3 if it is a process's; 0 = idle table */
	uint64_t heartbeat;   /* raised at every doorbell, system call and fault */
	uint64_t entry_tsc;   /* TSC at the first C instruction of the last boot */
	uint64_t ready_tsc;   /* TSC when it first idled */
	uint64_t interrupts;  /* interrupts taken since boot, NMI included */
	uint64_t spurious;    /* those of a vector that nobody asked for */

	/* line 2: written by the module */
	uint64_t flush;	   /* raised to ask for a flush of all translations of the loaded space */
	uint64_t signal;   /* raised when a slot of the core's job has a signal for its thread */
	uint32_t slot_end; /* RUN: 1 + the last of the job's slots */
	uint32_t line2_pad0;
	uint64_t line2_pad[5];

	/* line 3: written by the core */
	uint64_t flush_ack; /* the value of flush before the last reload of CR3 */
	uint64_t stop_ack;  /* the value of stop_ticket when the core had left what stop names */
	uint64_t line3_pad[6];
};
/*
 * What a core did when it panicked, or was asked by an NMI because it answered nothing else. Written by the core, then
 * state becomes HVM_CORE_PANIC. It outlives a reboot: only that of the present generation is news.
 */
#define HVM_TRACE_MAX 16u
struct hvm_last_words {
	uint32_t generation; /* of the partition's boot; 0 = never */
	uint32_t thread;     /* 1 + slot of the thread that it ran, 0 = none */
	uint64_t space;	     /* the top-level table that it had loaded, 0 = none */
	uint64_t cr3;
	uint64_t entry_rip; /* where the thread entered the kernel, if it is there; 0 = not known */
	uint64_t entry_rbp;
	uint64_t reserved[3];
	struct hvm_regs regs;	       /* a panic that is no exception has rip, rsp and rbp only */
	uint64_t trace[HVM_TRACE_MAX]; /* return addresses in the kernel, to the first 0 */
	uint64_t pad[16];
};
HVM_ASSERT_SIZE(struct hvm_last_words, 512);

#define HVM_CORE_SIZE 256u
HVM_ASSERT_SIZE(struct hvm_core, HVM_CORE_SIZE);
HVM_ASSERT_OFFSET(struct hvm_core, state, 64);
HVM_ASSERT_OFFSET(struct hvm_core, flush, 128);
HVM_ASSERT_OFFSET(struct hvm_core, flush_ack, 192);

_Static_assert(HVM_OFFSET_CORES + HVM_MAX_CORES * HVM_CORE_SIZE <= HVM_OFFSET_PENDING, "cores overlap the pending map");
_Static_assert(HVM_OFFSET_PENDING + HVM_MAX_SLOTS / 8 <= HVM_OFFSET_LAST, "the pending map overlaps the last words");
_Static_assert(HVM_OFFSET_LAST + HVM_MAX_CORES * sizeof(struct hvm_last_words) <= HVM_OFFSET_SLOTS,
	       "the last words overlap the slots");
_Static_assert(HVM_OFFSET_SLOTS + HVM_MAX_SLOTS * HVM_SLOT_SIZE <= HVM_OFFSET_LOG, "slots overlap the log");
_Static_assert(HVM_OFFSET_COUNTS + HVM_MAX_SLOTS * sizeof(struct hvm_counts) <= HVM_OFFSET_HEAP,
	       "counters overlap the heap");
_Static_assert(HVM_OFFSET_SPACES + HVM_MAX_SPACES * HVM_PAGE_SIZE <= HVM_OFFSET_IMAGE, "spaces overlap the image");

/** Slots of a partition of @size bytes that have memory for a thread. */
static inline uint32_t hvm_thread_count(uint64_t size, uint32_t cores)
{
	uint64_t used = HVM_OFFSET_HEAP + (uint64_t)cores * HVM_CORE_AREA + HVM_MAX_SPACES * HVM_JOB_AREA;
	uint64_t count = (size - used) / HVM_THREAD_AREA;

	return count < HVM_MAX_SLOTS ? (uint32_t)count : HVM_MAX_SLOTS;
}

/** Vectors that HRT cores accept. Any other is acknowledged, counted as spurious and ignored. */
#define HVM_VECTOR_DOORBELL 0xf0u
#define HVM_VECTOR_TIMER    0xf1u
#define HVM_VECTOR_SPURIOUS 0xffu

#endif
