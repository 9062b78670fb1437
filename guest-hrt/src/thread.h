/* SPDX-License-Identifier: Apache-2.0 */
/* One HRT thread: a program's flow of control, in the address space of its Linux process. */
#ifndef HRT_THREAD_H
#define HRT_THREAD_H

#include <hvm/slot.h>

struct thread {
	struct hvm_slot *slot;	    /* its system calls and faults */
	struct hvm_slot *call_slot; /* whose calls it serves, or NULL for a thread that runs a program */
	uint64_t space;		    /* physical address of its top-level table */
	uint32_t sequence;	    /* of the last request on slot */
	uint32_t generation;
	uint64_t window;	      /* how long it polls before it halts, TSC cycles */
	const struct hvm_regs *entry; /* what the program last entered the kernel with; NULL if it never did */
};

/** Start the thread that the registers in its slot describe. Does not return; ends by core_abandon_thread. */
_Noreturn void thread_run(struct thread *thread);

/**
 * Forward a request to the proxy and wait for the answer: spin, then halt. Call with interrupts on, on the thread's
 * kernel stack. Does not return if the thread is stopped meanwhile.
 */
int64_t thread_forward(struct thread *thread, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS]);

/** Report what the program did wrong, and wait to be stopped. */
_Noreturn void thread_exception(struct thread *thread, const struct hvm_regs *regs);

#endif
