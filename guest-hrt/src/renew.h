/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translations of an emulated processor. QEMU (TCG) sizes its table of a vCPU's translations when it is flushed, by how
 * full it was. A Linux CPU flushes all the time; an HRT core hardly ever does, would keep the small table of the start,
 * and a program that goes through a megabyte would miss at each page (seen: a factor of 3.7). So a core flushes a few
 * times when a program has begun, and when it got much memory; by timer, for it may do nothing but compute. On hardware
 * it does not.
 */
#ifndef HRT_RENEW_H
#define HRT_RENEW_H

#include <hvm/slot.h>

#define RENEW_NR_MMAP	9u
#define RENEW_NR_MREMAP 25u

struct core;

/** Of one core; times are TSC cycles. */
struct renewal {
	uint64_t at;	   /* the next flush, 0 = none */
	uint64_t interval; /* from the last one */
	uint64_t space;	   /* of the program that began last */
};

/**
 * A thread of the program of @space begins on the core: if it is its first here, flush from time to time for the next
 * tenth of a second. Interrupts are off, as below.
 */
void renew_begin(struct core *core, uint64_t space);

/** The program may have @size more bytes of memory now. */
void renew_for(struct core *core, uint64_t size);

/** A request was answered. */
static inline void renew_note(struct core *core, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	if (__builtin_expect((nr & ~(RENEW_NR_MMAP ^ RENEW_NR_MREMAP)) == RENEW_NR_MMAP, 0)) /* one of the two */
		renew_for(core, nr == RENEW_NR_MMAP ? arg[1] : arg[2]);
}
_Static_assert((RENEW_NR_MMAP ^ RENEW_NR_MREMAP) == 16, "more than one bit is not the same");

/** The core's tick came. */
void renew_tick(struct core *core);

#endif
