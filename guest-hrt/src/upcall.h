/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that threads make each other call (HVM_GATE_INTERRUPT of hvm/gate.h), without Linux: a doorbell interrupts
 * a thread that computes, and it enters the function as a signal's handler (signal.c).
 */
#ifndef HRT_UPCALL_H
#define HRT_UPCALL_H

#include "thread.h"

#define UPCALL_CLAIMED 1ull

/** True if one is there to be taken. */
static inline bool upcall_waits(const struct thread *thread)
{
	return hvm_load_acquire(&thread->upcall.function) > UPCALL_CLAIMED;
}

/** Take it; false if there is none. */
bool upcall_take(struct thread *thread, struct upcall *call);

/** Make thread number @number of the sender's job call it: 0, -ESRCH, -EAGAIN. Interrupts are off. */
int64_t upcall_send(struct thread *sender, uint64_t number, const struct upcall *call);

#endif
