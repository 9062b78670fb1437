/* SPDX-License-Identifier: Apache-2.0 */
/*
 * madvise(MADV_DONTNEED) of memory that has nothing in it. C libraries give back the unused part of a thread's stack at
 * each end of a thread: after the first time there is nothing to give, and nothing to ask Linux. What could put pages
 * there again is known, for all of it goes through the slots: a page fault close by, or another system call.
 */
#ifndef HRT_DISCARD_H
#define HRT_DISCARD_H

#include <hvm/slot.h>

struct job;
struct thread;

#define DISCARD_RANGES	   8u
#define DISCARD_NR_MADVISE 28u

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

/** Something may have come to where @address is. */
void discard_forget_around(struct job *job, uint64_t address);

/* Requests that leave the program's memory as it is. */
static inline bool discard_is_harmless(uint32_t nr)
{
	return nr == DISCARD_NR_MADVISE || nr == HVM_NR_SERVERS || nr == HVM_NR_CLOCK || nr == HVM_NR_SIGNAL_MASK;
}

/**
 * Around every request to the proxy; @address: what a page fault (HVM_NR_PAGE_FAULT) is about. False: discard_end must
 * not follow. Interrupts are off, as below.
 */
static inline bool discard_begin_request(struct discard_counts *counts, struct job *job, uint32_t nr, uint64_t address)
{
	if (discard_is_harmless(nr))
		return false;
	hvm_store_relaxed(&counts->begun, counts->begun + 1);
	if (nr == HVM_NR_PAGE_FAULT)
		discard_forget_around(job, address);
	else
		hvm_store_relaxed(&counts->calls, counts->calls + 1);
	return true;
}

/** The same for a system call that may change memory. */
static inline void discard_begin_call(struct discard_counts *counts)
{
	hvm_store_relaxed(&counts->begun, counts->begun + 1);
	hvm_store_relaxed(&counts->calls, counts->calls + 1);
}

static inline void discard_end(struct discard_counts *counts)
{
	hvm_store_relaxed(&counts->ended, counts->ended + 1);
}

#endif
