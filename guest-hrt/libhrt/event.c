/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel.h"

#include <errno.h>

#define WAKES_MAX  0xffffull
#define ALL_ONCE   0x10000ull
#define ALL_MASK   0xffff0000ull
#define ONE_WAITER 0x100000000ull

/* Waiters wait for the lower half: who comes or goes among them does not disturb it. */
static const uint32_t *word(const struct hrt_event *event)
{
	return (const uint32_t *)&event->state;
}

static uint64_t look(const struct hrt_event *event)
{
	return __atomic_load_n(&event->state, __ATOMIC_ACQUIRE);
}

static bool change(struct hrt_event *event, uint64_t *from, uint64_t to)
{
	return __atomic_compare_exchange_n(&event->state, from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE);
}

/* As one that is counted among the waiters since @began; leaves them unless it fails. */
static bool pass(struct hrt_event *event, uint64_t began)
{
	uint64_t state = look(event);

	for (;;) {
		bool all = (state ^ began) & ALL_MASK;

		if (!all && !(state & WAKES_MAX))
			return false;
		if (change(event, &state, state - ONE_WAITER - (all ? 0 : 1)))
			return true;
	}
}

static int wait(struct hrt_event *event, uint64_t began, uint64_t deadline)
{
	int result;

	for (;;) {
		/* While nobody was let through, the lower half is what it was, but without a wake. */
		result = hrt_kernel.wait(word(event), (uint32_t)(began & ALL_MASK), deadline);
		if (pass(event, began))
			return 0;
		if (result)
			break;
	}
	__atomic_fetch_sub(&event->state, ONE_WAITER, __ATOMIC_RELAXED);
	return result;
}

int hrt_event_wait_until(struct hrt_event *event, uint64_t deadline)
{
	uint64_t state = look(event);

	for (;;) {
		if (state & WAKES_MAX) {
			if (change(event, &state, state - 1))
				return 0;
		} else if (change(event, &state, state + ONE_WAITER)) {
			return wait(event, state, deadline);
		}
	}
}

void hrt_event_wait(struct hrt_event *event)
{
	hrt_event_wait_until(event, HRT_FOREVER);
}

int hrt_event_wake(struct hrt_event *event)
{
	uint64_t state = look(event);

	do {
		if ((state & WAKES_MAX) == WAKES_MAX)
			return -EOVERFLOW;
	} while (!change(event, &state, state + 1));
	if (state >= ONE_WAITER)
		hrt_kernel.wake(word(event), 1);
	return 0;
}

void hrt_event_wake_all(struct hrt_event *event)
{
	uint64_t state = look(event);

	/* The upper bits of the count wrap, without a carry into the waiters. */
	while (!change(event, &state, (state & ~ALL_MASK) | ((state + ALL_ONCE) & ALL_MASK)))
		;
	if (state >= ONE_WAITER)
		hrt_kernel.wake(word(event), HRT_ALL);
}
