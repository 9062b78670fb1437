/* SPDX-License-Identifier: Apache-2.0 */
/*
 * madvise(MADV_DONTNEED) of memory that has nothing in it. C libraries give back the unused part of a thread's stack at
 * each end of a thread: after the first time there is nothing to give, and nothing to ask Linux. What could put pages
 * there again is known, for all of it goes through the slots: a page fault close by, or another system call.
 */
#ifndef HRT_DISCARD_H
#define HRT_DISCARD_H

#include <hvm/types.h>

struct hvm_regs;
struct job;
struct thread;

#define DISCARD_RANGES 8u

struct discard_range {
	uint64_t start, end;
	uint64_t calls; /* of the job's group, when it was empty */
};

/** Of one job. */
struct discards {
	uint32_t lock;
	uint32_t next; /* range to be overwritten */
	struct discard_range range[DISCARD_RANGES];
};

/** Of one core, which alone writes them: every forwarded call does. What counts is the sum over the group's cores. */
struct discard_counts {
	uint64_t calls; /* system calls begun that may change memory */
	uint64_t begun; /* they, and page faults */
	uint64_t ended;
} __attribute__((aligned(64)));

/** The system call. Interrupts are off. */
int64_t discard_madvise(struct thread *thread, const struct hvm_regs *regs);

/** Around every request to the proxy; @address: what a page fault (HVM_NR_PAGE_FAULT) is about. */
void discard_begin_request(struct job *job, uint32_t nr, uint64_t address);
void discard_end_request(uint32_t nr);

#endif
