/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel.h"

void hrt_condition_wait(struct hrt_condition *condition, struct hrt_mutex *mutex)
{
	hrt_condition_wait_until(condition, mutex, HRT_FOREVER);
}

/* Counted with the mutex held: whoever changes the condition with it sees the waiter, or the waiter sees the change. */
int hrt_condition_wait_until(struct hrt_condition *condition, struct hrt_mutex *mutex, uint64_t deadline)
{
	uint32_t sequence;
	int result;

	__atomic_fetch_add(&condition->waiters, 1, __ATOMIC_SEQ_CST);
	sequence = load(&condition->sequence);
	hrt_mutex_unlock(mutex);
	result = hrt_kernel.wait(&condition->sequence, sequence, deadline);
	__atomic_fetch_sub(&condition->waiters, 1, __ATOMIC_RELAXED);
	hrt_mutex_lock(mutex);
	return result;
}

static void wake(struct hrt_condition *condition, uint32_t count)
{
	if (!__atomic_load_n(&condition->waiters, __ATOMIC_SEQ_CST))
		return;
	__atomic_fetch_add(&condition->sequence, 1, __ATOMIC_SEQ_CST);
	hrt_kernel.wake(&condition->sequence, count);
}

void hrt_condition_signal(struct hrt_condition *condition)
{
	wake(condition, 1);
}

void hrt_condition_broadcast(struct hrt_condition *condition)
{
	wake(condition, HRT_ALL);
}
