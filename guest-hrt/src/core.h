/* SPDX-License-Identifier: Apache-2.0 */
/* One HRT core: its private state, descriptor tables and stacks. */
#ifndef HRT_CORE_H
#define HRT_CORE_H

#include <hvm/partition.h>

#include "discard.h"
#include "renew.h"
#include "thread.h"

/*
 * Every core owns CORE_AREA_SIZE bytes of partition memory from HVM_OFFSET_HEAP on:
 * struct core at the start, then the stacks, the boot and idle stack at the end.
 */
#define CORE_AREA_SIZE HVM_CORE_AREA

/** Interrupt stack table entries (SDM Vol. 3, 6.14.5). Programs in ring 0 have live red zones: nothing runs on theirs.
 */
enum ist {
	IST_INTERRUPT = 1,
	IST_NMI = 2,
	IST_DOUBLE_FAULT = 3,
	IST_MACHINE_CHECK = 4,
	IST_EXCEPTION = 5, /* left at once for the thread's kernel stack if a program caused it */
	IST_COUNT = 5,
};
#define IST_STACK_SIZE	0x1000u
#define IDLE_STACK_SIZE 0x2000u

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map;
} __attribute__((packed));

/*
 * Selectors. SYSCALL wants data right after code, SYSRET code right after data, of ring 3, both where Linux has them;
 * 0x78 is where Linux's vDSO looks for the CPU number (LSL).
 */
#define SELECTOR_CODE	   0x08
#define SELECTOR_DATA	   0x10
#define SELECTOR_TSS	   0x18
#define SELECTOR_SYSRET	   0x23 /* no segment: what SYSRET adds 8 and 16 to */
#define SELECTOR_USER_DATA 0x2b
#define SELECTOR_USER_CODE 0x33
#define SELECTOR_CPU_NODE  0x78
#define GDT_ENTRIES	   16

/** Reached through GS while the kernel runs. Only its own core touches it. */
struct core {
	struct core *self;
	uint64_t user_rsp;	  /* the program's stack pointer, during the first instructions of SYSCALL */
	uint64_t thread_stack;	  /* top of the running thread's kernel stack */
	struct thread *thread;	  /* the running thread, or NULL */
	struct hvm_core *control; /* the block shared with the module */
	uint32_t index;
	uint32_t popf_flags; /* with one of these, a program gets its flags back after SYSCALL by POPF */
	struct discard_counts discard;
	struct renewal renewal;
	uint64_t signal_seen; /* control->signal when it was last looked for signals */
	bool fpu_live;	      /* the running thread's vector state is in the registers; otherwise CR0.TS is set */
	bool stop_requested;  /* the doorbell saw a stop that is not answered yet */
	uint64_t gdt[GDT_ENTRIES];
	struct tss tss;

	/* sched.c; lock protects group and ready against the other cores */
	uint32_t lock;
	uint32_t number;	   /* of the core in its group */
	bool misplaced;		   /* a thread in ready may not run here any more */
	uint32_t barrier;	   /* raised by who wants this core to order its memory accesses ... */
	uint32_t barrier_ack;	   /* ... and what it saw when it last did */
	uint64_t group;		   /* of which it runs the threads, 0 = none */
	struct thread *ready;	   /* can run, the first one first */
	struct thread *ready_last; /* valid while there is a first */
	struct thread *waiting;	   /* for answers; only this core touches it */
	struct thread *displaced;  /* can run as soon as its stack is left */
	struct thread *blocked;	   /* waits for another; its stack is about to be left */
	struct thread *dead;	   /* ended; its server hears of it when its stack is left */
	uint32_t load;		   /* threads that are this core's */
	uint32_t polling;	   /* looks at its queue all the time: no doorbell needed */
	bool polls;		   /* before it halts */
	bool pauses;		   /* when it polls (HVM_FLAG_PAUSE) */

	/* ptask.c */
	bool pool;		    /* its group is a pool */
	struct group *ptask;	    /* the group of tasks that it has, of which ... */
	struct thread *pool_worker; /* ... this worker, which is not parked, has the last range or news */

	/* timer.c; times are TSC cycles, 0 = none */
	uint32_t timer_lock;   /* protects timers against threads that were stolen */
	struct thread *timers; /* that wait with a timeout, the next one first */
	uint64_t tick_at;      /* another thread's turn */
	uint64_t armed_at;     /* the APIC's timer interrupts */

	uint8_t ist_stack[IST_COUNT][IST_STACK_SIZE] __attribute__((aligned(64)));
};
_Static_assert(sizeof(struct core) + IDLE_STACK_SIZE <= CORE_AREA_SIZE, "a core outgrew its area");

/** The partition that this kernel runs; constant after the first core's boot. */
extern struct hvm_partition *partition;

/*
 * Not by a __seg_gs pointer: gcc 12's alias analysis takes what is loaded through a null pointer, of whatever segment,
 * for a pointer to nothing, and drops stores through it.
 */
static inline struct core *core_self(void)
{
	struct core *core;

	__asm__ volatile("mov %%gs:%c1, %0" : "=r"(core) : "i"(offsetof(struct core, self)));
	return core;
}

/** Tell the module that the core is alive; only for itself. */
static inline void core_beat(struct core *core)
{
	hvm_store_relaxed(&core->control->heartbeat, core->control->heartbeat + 1);
}

/** Core number @index of the partition. */
static inline struct core *core_at(uint32_t index)
{
	return (struct core *)((uint8_t *)partition + HVM_OFFSET_HEAP + (uint64_t)index * CORE_AREA_SIZE);
}

/** Slot number @index of the partition; panics if there is none: a stray program may have written it. */
struct hvm_slot *slot_at(uint32_t index);

/** The counters beside slot number @index, which slot_at() took. */
static inline struct hvm_counts *counts_at(uint32_t index)
{
	return (struct hvm_counts *)((uint8_t *)partition + HVM_OFFSET_COUNTS) + index;
}

/** Entered from head.S on a fresh idle stack: set the core up, then idle for ever. */
_Noreturn void core_boot(struct hvm_partition *part, uint64_t index, uint64_t entry_tsc);

/** Wait for commands of the module and run them. The caller's stack is abandoned. */
_Noreturn void core_idle(void);

/**
 * The doorbell interrupt: flush translations if asked, notice a stop, take a thread that the module gives to the core's
 * group. Interrupts are off. Other commands are taken by core_idle.
 */
void core_doorbell(struct core *core);

/** Make @number, of the core in its job, what programs on this core are told by getcpu. */
void core_set_number(struct core *core, uint32_t number);

/** Load a top-level table and tell the module which. 0 loads the idle table. Interrupts may be on or off. */
void core_load_space(struct core *core, uint64_t space);

/**
 * Leave what the module's stop names: a space, or the group. Returns if the running thread (or the idle stack) is not
 * concerned. Interrupts are off, nothing is held.
 */
void core_obey_stop(struct core *core);

#endif
