/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel.h"

#include <errno.h>

#define WAKES_MAX 0xffffu
#define ALL_ONCE  0x10000u /* in the upper half */

static bool take(struct hrt_event *event, uint32_t state)
{
	while (state & WAKES_MAX)
		if (__atomic_compare_exchange_n(&event->state, &state, state - 1, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			return true;
	return false;
}

/* A waiter is counted before it looks: who wakes looks after he has changed the state. */
static int wait(struct hrt_event *event, uint64_t deadline)
{
	uint32_t began, state;
	int result = 0;

	__atomic_fetch_add(&event->waiters, 1, __ATOMIC_SEQ_CST);
	began = state = __atomic_load_n(&event->state, __ATOMIC_SEQ_CST);
	for (;;) {
		if ((state ^ began) >> 16 || take(event, state)) {
			result = 0;
			break;
		}
		if (result)
			break;
		state = load(&event->state);
		if (!(state & WAKES_MAX) && !((state ^ began) >> 16))
			result = hrt_kernel.wait(&event->state, state, deadline);
		state = load(&event->state);
	}
	__atomic_fetch_sub(&event->waiters, 1, __ATOMIC_RELAXED);
	return result;
}

void hrt_event_wait(struct hrt_event *event)
{
	hrt_event_wait_until(event, HRT_FOREVER);
}

int hrt_event_wait_until(struct hrt_event *event, uint64_t deadline)
{
	return take(event, load(&event->state)) ? 0 : wait(event, deadline);
}

int hrt_event_wake(struct hrt_event *event)
{
	uint32_t state = load(&event->state);

	do {
		if ((state & WAKES_MAX) == WAKES_MAX)
			return -EOVERFLOW;
	} while (
	    !__atomic_compare_exchange_n(&event->state, &state, state + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE));
	if (__atomic_load_n(&event->waiters, __ATOMIC_SEQ_CST))
		hrt_kernel.wake(&event->state, 1);
	return 0;
}

void hrt_event_wake_all(struct hrt_event *event)
{
	__atomic_fetch_add(&event->state, ALL_ONCE, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&event->waiters, __ATOMIC_SEQ_CST))
		hrt_kernel.wake(&event->state, HRT_ALL);
}
