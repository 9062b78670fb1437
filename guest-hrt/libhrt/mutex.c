/* SPDX-License-Identifier: Apache-2.0 */
/* U. Drepper, Futexes Are Tricky: the mutex that knows whether somebody waits. */
#include "kernel.h"

enum { FREE = 0, HELD = 1, AWAITED = 2 };

bool hrt_mutex_trylock(struct hrt_mutex *mutex)
{
	uint32_t free_state = FREE;

	return __atomic_compare_exchange_n(&mutex->state, &free_state, HELD, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void hrt_mutex_lock(struct hrt_mutex *mutex)
{
	if (hrt_mutex_trylock(mutex))
		return;
	/* Others may wait, too: it stays awaited until somebody gives it back whom none follows. */
	while (__atomic_exchange_n(&mutex->state, AWAITED, __ATOMIC_ACQUIRE) != FREE)
		hrt_kernel.wait(&mutex->state, AWAITED, HRT_FOREVER);
}

void hrt_mutex_unlock(struct hrt_mutex *mutex)
{
	if (__atomic_exchange_n(&mutex->state, FREE, __ATOMIC_SEQ_CST) == AWAITED)
		hrt_kernel.wake(&mutex->state, 1);
}
