/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "../region.h"

#include <sys/mman.h>

static void own_code_data_and_stack_are_own(void)
{
	static int data;
	int local = 0;

	CHECK_EQUAL(region_note_own(), 0);
	CHECK(region_is_own((uint64_t)&region_note_own, 1));
	CHECK(region_is_own((uint64_t)&data, 4));
	CHECK(region_is_own((uint64_t)&local, 4));
	CHECK(region_is_own((uint64_t)&local - (1 << 20), 1)); /* where the stack will grow */
}

static void later_mappings_are_the_programs(void)
{
	void *page =
	    mmap((void *)0x2cccccc00000, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	CHECK(page == (void *)0x2cccccc00000);
	CHECK(!region_is_own((uint64_t)page, 4096));
	region_add((uint64_t)page, 4096);
	CHECK(region_is_own((uint64_t)page - 4096, 4097));
	CHECK(region_is_own((uint64_t)page + 4095, 1));
	CHECK(!region_is_own((uint64_t)page - 4096, 4096));
	CHECK(!region_is_own((uint64_t)page + 4096, 4096));
	munmap(page, 4096);
}

static void a_mapping_below_the_last_joins_it(void)
{
	for (uint64_t start = 0x2cccccd00000; start > 0x2ccccc900000; start -= 0x1000)
		region_add(start, 0x1000);
	CHECK(region_is_own(0x2ccccc901000, 0x1000));
	CHECK(region_is_own(0x2cccccd00fff, 1));
	CHECK(!region_is_own(0x2cccccd01000, 0x1000));
	CHECK(!region_is_own(0x2ccccc900000, 0x1000));
}

static void a_range_that_wraps_touches_everything(void)
{
	CHECK(region_is_own(0x2dddddd00000, UINT64_MAX));
	CHECK(region_is_own(0, UINT64_MAX));
}

void test_region(void)
{
	RUN(own_code_data_and_stack_are_own);
	RUN(later_mappings_are_the_programs);
	RUN(a_mapping_below_the_last_joins_it);
	RUN(a_range_that_wraps_touches_everything);
}
