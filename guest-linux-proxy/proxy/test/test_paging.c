/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "../paging.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB (1ull << 20)

static uint64_t map(uint64_t size, int protection, int flags)
{
	const uint64_t arg[6] = {0, size, (uint64_t)protection, (uint64_t)flags, (uint64_t)-1, 0};

	return (uint64_t)paging_map(arg);
}

static uint64_t map_memory(uint64_t size)
{
	return map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
}

static unsigned int resident(uint64_t address, uint64_t size)
{
	static unsigned char map_of_pages[4096];
	unsigned int n = 0;

	CHECK_EQUAL(mincore((void *)address, size, map_of_pages), 0);
	for (uint64_t i = 0; i < size / 4096; i++)
		n += map_of_pages[i] & 1;
	return n;
}

static void large_memory_begins_on_a_huge_page_and_has_its_size(void)
{
	for (int i = 0; i < 4; i++) {
		uint64_t at = map_memory(5 * MIB + 1);

		CHECK_EQUAL(at % (2 * MIB), 0);
		*(volatile char *)at = 1;
		*(volatile char *)(at + 5 * MIB) = 1;
		CHECK_EQUAL(munmap((void *)at, 5 * MIB + 4096), 0);
	}
}

/* Pages of address space that this process has. */
static uint64_t mapped(void)
{
	char text[64];
	int fd = open("/proc/self/statm", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	CHECK(n > 0);
	text[n > 0 ? n : 0] = 0;
	return strtoull(text, NULL, 10);
}

static void nothing_is_left_of_the_room_around_it(void)
{
	uint64_t before = mapped(), at = map_memory(4 * MIB);

	CHECK_EQUAL(mapped(), before + 1024);
	munmap((void *)at, 4 * MIB);
	CHECK_EQUAL(mapped(), before);
}

static void what_cannot_be_mapped_is_refused_as_by_linux(void)
{
	CHECK_EQUAL(map_memory(UINT64_MAX - 4095), (uint64_t)-ENOMEM);
	CHECK_EQUAL(map_memory(1ull << 46), (uint64_t)-ENOMEM);
	CHECK_EQUAL(map_memory(0), (uint64_t)-EINVAL);
}

static void memory_is_there_at_once_only_if_asked_for(void)
{
	uint64_t at = map_memory(MIB);

	CHECK_EQUAL(resident(at, MIB), 0);
	munmap((void *)at, MIB);
	paging_populates = true;
	at = map_memory(MIB);
	CHECK_EQUAL(resident(at, MIB), 256);
	munmap((void *)at, MIB);
	at = map_memory(6 * MIB);
	CHECK_EQUAL(resident(at, 6 * MIB), 6 * 256);
	munmap((void *)at, 6 * MIB);
	at = map(MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
	CHECK_EQUAL(resident(at, MIB), 0);
	munmap((void *)at, MIB);
	paging_populates = false;
}

static void what_becomes_writable_is_filled_a_stack_from_its_top(void)
{
	uint64_t at = map(8 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);

	paging_populates = true;
	mprotect((void *)at, 8 * MIB, PROT_READ | PROT_WRITE);
	paging_fill(at, MIB);
	CHECK_EQUAL(resident(at, MIB), 256);
	paging_fill(at, 8 * MIB);
	CHECK(resident(at, 8 * MIB) < 2048 - 256);
	CHECK_EQUAL(resident(at + 8 * MIB - (256 << 10), 256 << 10), 64);
	munmap((void *)at, 8 * MIB);
	paging_populates = false;
}

static void what_a_mapping_grows_by_is_filled(void)
{
	uint64_t at = map(MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);

	paging_populates = true;
	at = (uint64_t)mremap((void *)at, MIB, 3 * MIB, MREMAP_MAYMOVE);
	paging_fill_growth(at, MIB, 3 * MIB);
	CHECK_EQUAL(resident(at + MIB, 2 * MIB), 512);
	munmap((void *)at, 3 * MIB);
	paging_populates = false;
}

static void shared_memory_is_not_written_to(void)
{
	uint64_t at = map(MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);

	paging_populates = true;
	paging_fill(at, MIB);
	CHECK_EQUAL(resident(at, MIB), 0);
	munmap((void *)at, MIB);
	paging_populates = false;
}

void test_paging(void)
{
	RUN(large_memory_begins_on_a_huge_page_and_has_its_size);
	RUN(nothing_is_left_of_the_room_around_it);
	RUN(what_cannot_be_mapped_is_refused_as_by_linux);
	RUN(memory_is_there_at_once_only_if_asked_for);
	RUN(what_becomes_writable_is_filled_a_stack_from_its_top);
	RUN(what_a_mapping_grows_by_is_filled);
	RUN(shared_memory_is_not_written_to);
}
