/* SPDX-License-Identifier: Apache-2.0 */
#include "paging.h"

#include "mapping.h"
#include "partition_memory.h"
#include "raw.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#define PAGE	   4096ull
#define HUGE_PAGE  (2ull << 20)
#define HUGE_BYTES (4ull << 20)	  /* mappings from this size on are made of huge pages */
#define FILE_BYTES (64ull << 20)  /* --populate reads files up to this size: libraries, not data */
#define FILL_BYTES (1ull << 20)	  /* larger ranges that become writable are stacks, mostly: ... */
#define FILL_TOP   (256ull << 10) /* ... their upper end is what will be used */

/* Flags with which a mapping can be moved to a better place. */
#define PLAIN_FLAGS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK)

bool paging_populates;
static bool huge = true;

void paging_init(bool populate, bool huge_pages)
{
	struct timespec now;

	paging_populates = populate;
	huge = huge_pages;
	if (!huge_pages)
		prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (populate)
		clock_gettime(CLOCK_MONOTONIC, &now); /* the vDSO's data is this process's and the program's */
}

static uint64_t page_up(uint64_t size)
{
	return (size + PAGE - 1) & ~(PAGE - 1);
}

static bool should_populate(uint64_t size, uint64_t protection, uint64_t flags)
{
	if (!paging_populates || !protection || (flags & MAP_TYPE) != MAP_PRIVATE || flags & MAP_NORESERVE)
		return false;
	if (flags & MAP_ANONYMOUS)
		return protection & PROT_WRITE && !(flags & MAP_STACK);
	return size <= FILE_BYTES;
}

/* Private anonymous memory that may lie anywhere, of a size that rounding does not make overflow. */
static bool is_plain(const uint64_t arg[6])
{
	return !arg[0] && arg[1] < UINT64_MAX / 2 && arg[2] & PROT_WRITE && (arg[3] & ~(uint64_t)PLAIN_FLAGS) == 0 &&
	       arg[3] & MAP_ANONYMOUS && arg[3] & MAP_PRIVATE;
}

/*
 * Linux 6.1 aligns no anonymous mapping to its huge pages, so that the first and the last one would be lost: map more,
 * and give back what is over at both ends.
 */
static int64_t map_aligned(const uint64_t arg[6])
{
	uint64_t size = page_up(arg[1]);
	uint64_t room = size + HUGE_PAGE - PAGE;
	const uint64_t wanted[6] = {0, room, arg[2], arg[3] & ~(uint64_t)MAP_POPULATE, arg[4], arg[5]};
	int64_t at = raw_call(SYS_mmap, wanted);
	uint64_t start, end;

	if (at < 0)
		return at;
	start = ((uint64_t)at + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	end = start + size;
	if (start > (uint64_t)at)
		munmap((void *)at, start - (uint64_t)at);
	if (end < (uint64_t)at + room)
		munmap((void *)end, (uint64_t)at + room - end);
	madvise((void *)start, size, MADV_HUGEPAGE); /* EINVAL from a kernel without them */
	if (arg[3] & MAP_POPULATE)
		madvise((void *)start, size, MADV_POPULATE_WRITE); /* as MAP_POPULATE: what fails is faulted in */
	return (int64_t)start;
}

int64_t paging_map(const uint64_t arg[6])
{
	const uint64_t populate = should_populate(arg[1], arg[2], arg[3]) ? MAP_POPULATE : 0;
	const uint64_t wanted[6] = {arg[0], arg[1], arg[2], arg[3] | populate, arg[4], arg[5]};

	if (is_plain(wanted) && arg[1] >= HUGE_PAGE && !(arg[3] & MAP_NORESERVE)) {
		int64_t result = partition_memory_map(wanted);

		if (result >= 0)
			return result;
	}
	if (huge && is_plain(wanted) && arg[1] >= HUGE_BYTES) {
		int64_t result = map_aligned(wanted);

		if (result >= 0)
			return result;
	}
	return raw_call(SYS_mmap, wanted);
}

struct lookup {
	uint64_t address;
	bool private;
};

static bool look(const struct mapping *mapping, void *context)
{
	struct lookup *lookup = context;

	if (lookup->address >= mapping->end)
		return true;
	/* Shared anonymous memory has the name of a file. */
	lookup->private = lookup->address >= mapping->start && !*mapping->name;
	return false;
}

/* Writing to a shared file's pages would change its times, and fill its holes. */
static bool is_private_memory(uint64_t address)
{
	struct lookup lookup = {.address = address};

	return mapping_each(look, &lookup) == 0 && lookup.private;
}

void paging_fill(uint64_t address, uint64_t size)
{
	uint64_t bytes = page_up(size);

	if (!paging_populates || !is_private_memory(address))
		return;
	if (bytes > FILL_BYTES) {
		address += bytes - FILL_TOP;
		bytes = FILL_TOP;
	}
	madvise((void *)address, bytes, MADV_POPULATE_WRITE);
}

void paging_fill_growth(uint64_t address, uint64_t old_size, uint64_t size)
{
	uint64_t old_bytes = page_up(old_size);

	if (!paging_populates || !is_private_memory(address))
		return;
	/* Refused if the mapping must not be written. */
	madvise((void *)(address + old_bytes), page_up(size) - old_bytes, MADV_POPULATE_WRITE);
}
