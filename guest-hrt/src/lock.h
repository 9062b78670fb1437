/* SPDX-License-Identifier: Apache-2.0 */
/* A spin lock among HRT cores: a word, 0 when free. Held for a few instructions, with interrupts off. */
#ifndef HRT_LOCK_H
#define HRT_LOCK_H

#include "core.h"
#include "cpu.h"

static inline void lock_take(uint32_t *lock)
{
	while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
		while (hvm_load_relaxed(lock))
			if (partition->flags & HVM_FLAG_PAUSE)
				cpu_pause();
}

static inline void lock_release(uint32_t *lock)
{
	hvm_store_release(lock, 0);
}

#endif
