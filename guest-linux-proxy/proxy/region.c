/* SPDX-License-Identifier: Apache-2.0 */
#include "region.h"

#include "mapping.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define REGIONS_MAX   64
#define STACK_RESERVE (8ull << 20) /* the proxy's own stack may grow this far */

struct region {
	uint64_t start, end;
};

static struct region regions[REGIONS_MAX];
static unsigned int count;

void region_add(uint64_t start, uint64_t size)
{
	uint64_t end = start + size;

	if (count && start <= regions[count - 1].end && start >= regions[count - 1].start) {
		if (end > regions[count - 1].end)
			regions[count - 1].end = end;
		return;
	}
	/* Out of room: widen the last one. Refusing too much is safe, forgetting a region is not. */
	if (count == REGIONS_MAX) {
		struct region *last = &regions[REGIONS_MAX - 1];

		last->start = start < last->start ? start : last->start;
		last->end = end > last->end ? end : last->end;
		return;
	}
	regions[count++] = (struct region){start, end};
}

bool region_is_own(uint64_t start, uint64_t size)
{
	uint64_t end;

	if (__builtin_add_overflow(start, size, &end))
		return true;
	for (unsigned int i = 0; i < count; i++)
		if (start < regions[i].end && end > regions[i].start)
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

int region_note_own(void)
{
	int err = mapping_each(note, NULL);

	if (err)
		return err;
	return count ? 0 : -EIO;
}
