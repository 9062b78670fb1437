/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The third mutex of Drepper's "Futexes are tricky" (2011): free, held, held with somebody asleep. A member on an HRT
 * core looks for a while first; its futex(2) goes to Linux, so that it and a thread there can wake each other.
 */
#include "lock.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gang.h"

#define LOOKS 1000

enum { FREE, HELD, WAITED_FOR };

bool lock_try(uint32_t *lock)
{
	uint32_t state = FREE;

	return __atomic_compare_exchange_n(lock, &state, HELD, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void sleep_for(uint32_t *lock)
{
	while (__atomic_exchange_n(lock, WAITED_FOR, __ATOMIC_ACQUIRE) != FREE)
		syscall(SYS_futex, lock, FUTEX_WAIT_PRIVATE, WAITED_FOR, NULL);
}

void lock_take(uint32_t *lock)
{
	if (lock_try(lock))
		return;
	for (int i = 0; i < LOOKS; i++) {
		gang_relax();
		if (__atomic_load_n(lock, __ATOMIC_RELAXED) == FREE && lock_try(lock))
			return;
	}
	sleep_for(lock);
}

void lock_release(uint32_t *lock)
{
	if (__atomic_exchange_n(lock, FREE, __ATOMIC_RELEASE) == WAITED_FOR)
		syscall(SYS_futex, lock, FUTEX_WAKE_PRIVATE, 1);
}
