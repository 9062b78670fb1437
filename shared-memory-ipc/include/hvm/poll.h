/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a waiter polls before it sleeps. Too short, and each of many waits of the same length costs a sleep and a
 * wake-up; too long, and a waiter burns a core for nothing. The rule is that of halt polling in Linux
 * (Documentation/virt/kvm/halt-polling.rst): a window that grows when a little more polling would have done, and falls
 * back when the wait was long anyway. All times are TSC cycles.
 */
#ifndef HVM_POLL_H
#define HVM_POLL_H

#include <hvm/types.h>

/* Longest windows, as multiples of the partition's spin_cycles. */
#define HVM_POLL_HRT	32u /* an HRT core has nothing else to do */
#define HVM_POLL_SERVER 8u  /* a server shares its core with the rest of Linux */

/**
 * The next window, after a wait in which polling for @window did not suffice.
 * @waited: how long it took in all; @base: the shortest window; @limit: the longest, at least @base
 */
static inline uint64_t hvm_poll_adapt(uint64_t window, uint64_t waited, uint64_t base, uint64_t limit)
{
	if (waited > limit)
		return base;
	return window > limit / 2 ? limit : 2 * window;
}

#endif
