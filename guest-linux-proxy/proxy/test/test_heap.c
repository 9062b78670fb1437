/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "../heap.h"

#include <sys/mman.h>
#include <sys/resource.h>

#define START 0x2bbbbbbbb000ull

static void starts_empty_and_answers_its_end(void)
{
	heap_init(START, 0);
	CHECK_EQUAL(heap_set_end(0), START);
}

static void grows_byte_by_byte_and_its_memory_is_zero(void)
{
	heap_init(START, 0);
	CHECK_EQUAL(heap_set_end(START + 1), START + 1);
	CHECK_EQUAL(*(volatile uint8_t *)START, 0);
	*(volatile uint8_t *)START = 7;
	CHECK_EQUAL(heap_set_end(START + 10000), START + 10000);
	CHECK_EQUAL(*(volatile uint8_t *)START, 7);
	CHECK_EQUAL(*(volatile uint8_t *)(START + 9999), 0);
	CHECK_EQUAL(heap_set_end(START), START);
}

static void memory_given_back_comes_again_as_zero(void)
{
	heap_init(START, 0);
	heap_set_end(START + 8192);
	memset((void *)START, 1, 8192);
	CHECK_EQUAL(heap_set_end(START + 100), START + 100);
	CHECK_EQUAL(heap_set_end(START + 8192), START + 8192);
	CHECK_EQUAL(*(volatile uint8_t *)(START + 4096), 0);
	CHECK_EQUAL(*(volatile uint8_t *)START, 1);
	CHECK_EQUAL(heap_set_end(START), START);
}

static void an_end_below_the_start_or_that_wraps_changes_nothing(void)
{
	heap_init(START, 0);
	heap_set_end(START + 4096);
	CHECK_EQUAL(heap_set_end(START - 1), START + 4096);
	CHECK_EQUAL(heap_set_end(UINT64_MAX), START + 4096);
	CHECK_EQUAL(heap_set_end(START), START);
}

static void does_not_grow_over_another_mapping(void)
{
	void *wall =
	    mmap((void *)(START + 8192), 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	CHECK(wall == (void *)(START + 8192));
	heap_init(START, 0);
	CHECK_EQUAL(heap_set_end(START + 8192), START + 8192);
	CHECK_EQUAL(heap_set_end(START + 8193), START + 8192);
	munmap(wall, 4096);
	CHECK_EQUAL(heap_set_end(START), START);
}

static void keeps_to_the_data_limit(void)
{
	struct rlimit before, limit;

	getrlimit(RLIMIT_DATA, &before);
	limit = before;
	limit.rlim_cur = 1 << 20;
	heap_init(START, 512 << 10);
	setrlimit(RLIMIT_DATA, &limit);
	CHECK_EQUAL(heap_set_end(START + (513 << 10)), START);
	setrlimit(RLIMIT_DATA, &before);
	CHECK_EQUAL(heap_set_end(START + (513 << 10)), START + (513 << 10));
	CHECK_EQUAL(heap_set_end(START), START);
}

void test_heap(void)
{
	RUN(starts_empty_and_answers_its_end);
	RUN(grows_byte_by_byte_and_its_memory_is_zero);
	RUN(memory_given_back_comes_again_as_zero);
	RUN(an_end_below_the_start_or_that_wraps_changes_nothing);
	RUN(does_not_grow_over_another_mapping);
	RUN(keeps_to_the_data_limit);
}
