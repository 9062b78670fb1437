/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel.h"

void hrt_barrier_init(struct hrt_barrier *barrier, uint32_t parties)
{
	*barrier = (struct hrt_barrier){.parties = parties};
}

/* One word changes once for all; those who wait are in the kernel, which knows whether polling pays. */
bool hrt_barrier_wait(struct hrt_barrier *barrier)
{
	uint32_t generation = load(&barrier->generation);

	if (__atomic_add_fetch(&barrier->arrived, 1, __ATOMIC_ACQ_REL) == barrier->parties) {
		__atomic_store_n(&barrier->arrived, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&barrier->generation, generation + 1, __ATOMIC_SEQ_CST);
		if (barrier->parties > 1)
			hrt_kernel.wake(&barrier->generation, HRT_ALL);
		return true;
	}
	while (load(&barrier->generation) == generation)
		hrt_kernel.wait(&barrier->generation, generation, HRT_FOREVER);
	return false;
}
