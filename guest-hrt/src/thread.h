/* SPDX-License-Identifier: Apache-2.0 */
/* One HRT thread: a program's flow of control, in the address space of its Linux process. */
#ifndef HRT_THREAD_H
#define HRT_THREAD_H

#include "fpu.h"

#include <hvm/partition.h>

struct job;

/** A function that another thread wants this one to call (upcall.h). */
struct upcall {
	uint64_t function; /* 0: none; UPCALL_CLAIMED: the rest is being written */
	uint64_t argument;
	uint64_t restorer; /* where it returns to */
};

struct thread {
	struct hvm_slot *slot;	   /* of its system calls */
	struct hvm_counts *counts; /* beside the slot */
	struct job *job;
	uint64_t space;	   /* physical address of its top-level table */
	uint64_t group;	   /* of cores that may run it */
	uint32_t sequence; /* of the last request on slot */
	uint32_t generation;
	uint64_t window;	      /* how long it polls before it halts, TSC cycles */
	const struct hvm_regs *entry; /* what the program last entered the kernel with; NULL if it never did */
	uint64_t trap, trap_error, trap_address; /* of the program's last exception */

	struct upcall upcall;
	uint64_t clear_tid; /* address of a word to clear and wake when it ends, 0 = none */

	/* sched.c */
	uint64_t rsp;	  /* of its kernel stack, while it does not run */
	uint64_t fs_base; /* the program's, while it does not run */
	uint64_t gs_base;
	uint64_t tag;	     /* of the request it waits for */
	bool last;	     /* ended, and nobody is left: the server ends the process ... */
	uint64_t status;     /* ... with this */
	struct thread *next; /* in a queue */
	uint64_t futex;	     /* address that it waits for, in a bucket; 0: it does not */
	uint32_t futex_bits;
	int64_t result;		   /* of its wait */
	uint64_t deadline;	   /* timer.c */
	struct thread *timer_next; /* in the queue of timer_core */
	struct core *timer_core;
	uint32_t block;			/* enum block of sched.c */
	uint32_t core;			/* index of its core */
	uint64_t cores;			/* of the job that it may run on, a bit for each number */
	struct fpu_control fpu_control; /* that it begins with */
	bool fpu_used;			/* fpu holds its state, unless the registers do */
	uint8_t fpu_streak;		/* turns in a row in which it used vectors */
	bool begun;			/* has run: fs_base and gs_base hold its state while it does not run */
	bool worker;			/* of a process that stays in Linux (HVM_THREAD_WORKER) */
	bool parked;			/* a worker of a pool that waits for work */
	bool lent;			/* to a child process, from vfork to its exec or exit */
	uint8_t fpu[FPU_STATE_SIZE] __attribute__((aligned(64)));
};

/*
 * Threads lie behind the cores in partition memory, one area for each slot: struct thread at its start, the kernel
 * stack at its end.
 */
#define THREAD_AREA_SIZE HVM_THREAD_AREA
#define THREAD_STACK_MIN 0x1000u
_Static_assert(sizeof(struct thread) + THREAD_STACK_MIN <= THREAD_AREA_SIZE, "a thread outgrew its area");

/** Threads that partition memory has room for, at most one for each slot. */
uint32_t thread_count(void);

/** The thread of slot @index, which is below thread_count(). */
struct thread *thread_at(uint32_t index);

/** The number of its slot. */
static inline uint32_t thread_index(const struct thread *thread)
{
	return (uint32_t)(((uint64_t)thread - (uint64_t)thread_at(0)) / THREAD_AREA_SIZE);
}

/** Tell the server that the job's last thread ended, and that the process ends with @status. */
void thread_post_exit(struct thread *thread, uint64_t status);

/** Wake who sleeps in Linux behind the slot with number @index of the partition. */
void thread_wake_linux(uint32_t index);

/** Start the thread that the registers in its slot describe. Does not return; ends by sched_exit or core_obey_stop. */
_Noreturn void thread_run(struct thread *thread);

/**
 * Forward a request to the proxy and wait for the answer: spin, then let others run, then halt. On the thread's kernel
 * stack, interrupts are off, and on for moments. Does not return if the thread is stopped meanwhile.
 */
int64_t thread_forward(struct thread *thread, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS]);

/** Report what the program did wrong; returns, as thread_forward, if a signal's handler is to run. */
int64_t thread_exception(struct thread *thread, const struct hvm_regs *regs);

/** The same, and there is no way on. */
_Noreturn void thread_die(struct thread *thread, const struct hvm_regs *regs);

#endif
