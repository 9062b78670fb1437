/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fast user-space locking among HRT threads (futex(2)). Waits on private futexes stay in the HRT, unless their timeout
 * is by CLOCK_REALTIME, and so do their wakes. All others are Linux's, in the thread's proxy; a wake looks in both
 * places while somebody waits there.
 */
#ifndef HRT_FUTEX_H
#define HRT_FUTEX_H

#include "thread.h"

#define FUTEX_BUCKETS 64u

struct futex_bucket {
	uint32_t lock;
	uint32_t pad;
	struct thread *first;
};

/** Of one job: its threads wait for each other only. */
struct futexes {
	uint64_t in_linux; /* threads that wait in their proxies, or are about to */
	struct futex_bucket bucket[FUTEX_BUCKETS];
};

/** The system call. Interrupts are off. */
int64_t futex_call(struct thread *thread, const struct hvm_regs *regs);

/**
 * Wake at most @count threads that wait for @address, wherever they do, for the word there was changed by the kernel.
 * On the kernel stack of @thread, interrupts are off.
 */
void futex_wake(struct thread *thread, uint64_t address, uint32_t count);

/**
 * The same for threads that wait in the HRT; how many there were. Never waits. The program's change of the word is
 * visible before: it was made by a locked instruction.
 */
uint64_t futex_wake_here(struct thread *thread, uint64_t address, uint32_t count);

/**
 * Wait while the word at @address is @expected, until @deadline (TSC): 0, -EAGAIN, -ETIMEDOUT, -EFAULT if there is a
 * page fault in the way, or the result of who cancels it. Interrupts are off.
 */
int64_t futex_wait(struct thread *thread, uint64_t address, uint32_t expected, uint64_t deadline);

/** Wait until @deadline (TSC): -ETIMEDOUT, or the result of who cancels it. Interrupts are off. */
int64_t futex_sleep(struct thread *thread, uint64_t deadline);

/**
 * End the wait of @thread, if it waits in the HRT: its system call answers @result. False if it does not wait (any
 * more). From any core and from an interrupt; @thread may have begun another wait since the caller last looked.
 */
bool futex_cancel(struct thread *thread, int64_t result);

#endif
