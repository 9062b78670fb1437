/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

static uint32_t count = 1; /* of cores ... */
static uint32_t end = 1;   /* ... whose numbers lie below */

__attribute__((constructor(102))) static void count_cores(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set))
		return;
	count = (uint32_t)CPU_COUNT(&set);
	for (uint32_t i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			end = i + 1;
}

uint32_t hrt_core_number(void)
{
	return hrt_kernel.core();
}

uint32_t hrt_core_count(void)
{
	return count;
}

struct hrt_core_local {
	size_t stride;
	uint8_t memory[] __attribute__((aligned(HRT_CACHE_LINE)));
};

struct hrt_core_local *hrt_core_local_create(size_t size)
{
	size_t stride = (size + HRT_CACHE_LINE - 1) / HRT_CACHE_LINE * HRT_CACHE_LINE, total;
	struct hrt_core_local *local;

	if (stride < size || __builtin_mul_overflow(stride, end, &total) ||
	    __builtin_add_overflow(total, sizeof(*local), &total))
		return NULL;
	local = aligned_alloc(HRT_CACHE_LINE, total);
	if (!local)
		return NULL;
	memset(local, 0, total);
	local->stride = stride;
	return local;
}

/* A core that the process was given later shares with another. */
void *hrt_core_local_of(struct hrt_core_local *local, uint32_t core)
{
	return local->memory + local->stride * (core % end);
}

void *hrt_core_local_mine(struct hrt_core_local *local)
{
	return hrt_core_local_of(local, hrt_core_number());
}

void hrt_core_local_destroy(struct hrt_core_local *local)
{
	free(local);
}
