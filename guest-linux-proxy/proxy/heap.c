/* SPDX-License-Identifier: Apache-2.0 */
#include "heap.h"

#include "paging.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define PAGE 4096ull
#define POPULATE_BYTES                                                                                                 \
	(1ull << 20) /* small steps, as malloc makes them, are populated: cheaper than faults on the HRT */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t heap_start, heap_end, data_bytes;

static void hold(void)
{
	pthread_mutex_lock(&lock);
}

static void let_go(void)
{
	pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void stand_over_fork(void)
{
	pthread_atfork(hold, let_go, let_go);
}

void heap_init(uint64_t start, uint64_t data_size)
{
	heap_start = heap_end = start;
	data_bytes = data_size;
}

static uint64_t page_up(uint64_t address)
{
	return (address + PAGE - 1) & ~(PAGE - 1);
}

static bool within_limit(uint64_t end)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_DATA, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return true;
	return end - heap_start + data_bytes <= limit.rlim_cur;
}

static bool grow(uint64_t from, uint64_t to)
{
	int populate = paging_populates || to - from <= POPULATE_BYTES ? MAP_POPULATE : 0;
	void *at = mmap((void *)from, to - from, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | populate, -1, 0);

	if (at == (void *)from)
		return true;
	if (at != MAP_FAILED)
		munmap(at, to - from);
	return false;
}

static uint64_t set_end(uint64_t end)
{
	uint64_t old_page = page_up(heap_end);
	uint64_t new_page = page_up(end);

	if (end < heap_start || new_page < end || !within_limit(end))
		return heap_end;
	if (new_page > old_page && !grow(old_page, new_page))
		return heap_end;
	if (new_page < old_page && munmap((void *)new_page, old_page - new_page))
		return heap_end;
	heap_end = end;
	return end;
}

uint64_t heap_set_end(uint64_t end)
{
	uint64_t now;

	pthread_mutex_lock(&lock);
	now = set_end(end);
	pthread_mutex_unlock(&lock);
	return now;
}
