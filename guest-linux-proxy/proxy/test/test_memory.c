/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "../memory.h"

#include <sys/mman.h>

static void copies_fail_on_bad_pointers_instead_of_crashing(void)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t value = 42;

	munmap(pages + 4096, 4096);
	CHECK(memory_write((uint64_t)pages, &value, sizeof(value)));
	CHECK(memory_read((uint64_t)pages, &value, sizeof(value)));
	CHECK_EQUAL(value, 42);
	CHECK(!memory_read((uint64_t)pages + 4092, &value, sizeof(value)));
	CHECK(!memory_write((uint64_t)pages + 4092, &value, sizeof(value)));
	CHECK(!memory_read(0, &value, 1));
	CHECK(!memory_read(0xdead000000000000, &value, 1));
	mprotect(pages, 4096, PROT_READ);
	CHECK(!memory_write((uint64_t)pages, &value, sizeof(value)));
	munmap(pages, 4096);
}

static void a_string_may_end_just_before_an_unmapped_page(void)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char text[64];

	munmap(pages + 4096, 4096);
	strcpy(pages + 4096 - 6, "hello");
	CHECK_EQUAL(memory_read_string((uint64_t)pages + 4096 - 6, text, sizeof(text)), 5);
	CHECK(strcmp(text, "hello") == 0);
	CHECK_EQUAL(memory_read_string((uint64_t)pages + 4096 - 6, text, 5), -1);
	pages[4095] = 'x';
	CHECK_EQUAL(memory_read_string((uint64_t)pages + 4096 - 6, text, sizeof(text)), -1);
	munmap(pages, 4096);
}

void test_memory(void)
{
	RUN(copies_fail_on_bad_pointers_instead_of_crashing);
	RUN(a_string_may_end_just_before_an_unmapped_page);
}
