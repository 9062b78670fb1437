/* SPDX-License-Identifier: Apache-2.0 */
#include "region.h"

#include "mapping.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#define REGIONS_MAX   1024	   /* a server of each thread has a stack */
#define STACK_RESERVE (8ull << 20) /* the proxy's own stack may grow this far */

struct region {
	uint64_t start, end;
};

/* Regions only grow, and only their count makes new ones visible: readers need no lock. */
static struct region regions[REGIONS_MAX];
static unsigned int count;
static pthread_mutex_t adding = PTHREAD_MUTEX_INITIALIZER;

static void widen(struct region *region, uint64_t start, uint64_t end)
{
	if (start < region->start)
		__atomic_store_n(&region->start, start, __ATOMIC_RELAXED);
	if (end > region->end)
		__atomic_store_n(&region->end, end, __ATOMIC_RELAXED);
}

void region_add(uint64_t start, uint64_t size)
{
	uint64_t end = start + size;
	struct region *last;

	pthread_mutex_lock(&adding);
	last = &regions[count ? count - 1 : 0];
	/* Out of room: widen the last one. Refusing too much is safe, forgetting a region is not. */
	if (count == REGIONS_MAX || (count && start <= last->end && end >= last->start)) {
		widen(last, start, end);
	} else {
		regions[count] = (struct region){start, end};
		__atomic_store_n(&count, count + 1, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&adding);
}

bool region_is_own(uint64_t start, uint64_t size)
{
	unsigned int known = __atomic_load_n(&count, __ATOMIC_ACQUIRE);
	uint64_t end;

	if (__builtin_add_overflow(start, size, &end))
		return true;
	for (unsigned int i = 0; i < known; i++)
		if (start < __atomic_load_n(&regions[i].end, __ATOMIC_RELAXED) &&
		    end > __atomic_load_n(&regions[i].start, __ATOMIC_RELAXED))
			return true;
	return false;
}

static bool note(const struct mapping *mapping, void *context)
{
	uint64_t start = mapping->start;

	(void)context;
	if (start >> 47)
		return true; /* [vsyscall] lies in the upper half */
	if (strcmp(mapping->name, "[stack]") == 0)
		start -= STACK_RESERVE;
	region_add(start, mapping->end - start);
	return true;
}

static void hold(void)
{
	pthread_mutex_lock(&adding);
}

static void let_go(void)
{
	pthread_mutex_unlock(&adding);
}

__attribute__((constructor)) static void stand_over_fork(void)
{
	pthread_atfork(hold, let_go, let_go);
}

int region_note_own(void)
{
	int err = mapping_each(note, NULL);

	if (err)
		return err;
	return count ? 0 : -EIO;
}
