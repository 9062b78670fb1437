/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "../mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

struct seen {
	uint64_t address;
	unsigned int visits;
	bool found;
	struct mapping mapping;
	char name[PATH_MAX];
};

static bool look_for(const struct mapping *mapping, void *context)
{
	struct seen *seen = context;

	seen->visits++;
	if (seen->address < mapping->start || seen->address >= mapping->end)
		return true;
	seen->found = true;
	seen->mapping = *mapping;
	strcpy(seen->name, mapping->name);
	return false;
}

static void tells_file_offset_and_protection(void)
{
	char long_name[200], path[220];
	struct seen seen = {.address = 0};
	void *at;
	int fd;

	memset(long_name, 'x', sizeof(long_name));
	snprintf(path, sizeof(path), "/tmp/a b.%.180s", long_name);
	fd = open(path, O_RDWR | O_CREAT, 0700);
	CHECK_EQUAL(ftruncate(fd, 0x3000), 0);
	at = mmap(NULL, 0x1000, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0x2000);
	seen.address = (uint64_t)at + 0xfff;
	CHECK_EQUAL(mapping_each(look_for, &seen), 0);
	CHECK(seen.found);
	CHECK_EQUAL(seen.mapping.start, at);
	CHECK_EQUAL(seen.mapping.offset, 0x2000);
	CHECK(seen.mapping.executable);
	CHECK(strcmp(seen.name, path) == 0);
	munmap(at, 0x1000);
	close(fd);
	unlink(path);
}

static void memory_without_a_file_has_no_name(void)
{
	void *at = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct seen seen = {.address = (uint64_t)at};

	CHECK_EQUAL(mapping_each(look_for, &seen), 0);
	CHECK(seen.found);
	CHECK(!seen.mapping.executable);
	CHECK(seen.name[0] == 0);
	munmap(at, 0x1000);
}

static void an_address_that_is_not_mapped_is_not_found(void)
{
	struct seen seen = {.address = 1};

	CHECK_EQUAL(mapping_each(look_for, &seen), 0);
	CHECK(!seen.found);
	CHECK(seen.visits > 5);
}

void test_mapping(void)
{
	RUN(tells_file_offset_and_protection);
	RUN(memory_without_a_file_has_no_name);
	RUN(an_address_that_is_not_mapped_is_not_found);
}
