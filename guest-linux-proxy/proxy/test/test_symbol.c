/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "../symbol.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int named_function_for_the_test(int x)
{
	return x * 3 + 1;
}

static int first_bias(struct dl_phdr_info *info, size_t size, void *bias)
{
	(void)size;
	*(uint64_t *)bias = info->dlpi_addr;
	return 1;
}

static uint64_t own_bias(void)
{
	uint64_t bias = 0;

	dl_iterate_phdr(first_bias, &bias);
	return bias;
}

static void finds_a_function_and_the_offset_in_it(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	uint64_t address = (uint64_t)&named_function_for_the_test - own_bias();
	struct symbol symbols[] = {{.address = address + 2}, {.address = 1}, {.address = UINT64_MAX}};

	CHECK_EQUAL(named_function_for_the_test(1), 4);
	symbol_resolve(fd, symbols, 3);
	CHECK(strcmp(symbols[0].name, "named_function_for_the_test") == 0);
	CHECK_EQUAL(symbols[0].offset, 2);
	CHECK(symbols[1].name[0] == 0);
	CHECK(symbols[2].name[0] == 0);
	close(fd);
}

static void tells_where_a_byte_of_the_file_is_loaded(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	uint64_t address = 99;
	Elf64_Ehdr header;

	CHECK(symbol_address(fd, 0, &address));
	CHECK_EQUAL(address, 0);
	CHECK_EQUAL(pread(fd, &header, sizeof(header), 0), sizeof(header));
	CHECK(!symbol_address(fd, header.e_shoff, &address)); /* section headers are not loaded */
	CHECK(!symbol_address(fd, UINT64_MAX, &address));
	CHECK(!symbol_address(-1, 0, &address));
	close(fd);
}

/* Stripped, as Debian's libraries are: only what a library exports has a name. */
static void a_library_without_a_symbol_table_has_its_dynamic_one(void)
{
	struct symbol symbol = {.address = 0};
	Dl_info info;
	int fd;

	CHECK(dladdr((void *)&a64l, &info) != 0);
	fd = open(info.dli_fname, O_RDONLY);
	symbol.address = (uint64_t)info.dli_saddr - (uint64_t)info.dli_fbase + 1;
	symbol_resolve(fd, &symbol, 1);
	CHECK(strcmp(symbol.name, "a64l") == 0);
	CHECK_EQUAL(symbol.offset, 1);
	close(fd);
}

/* Copy this program's file, damage its section headers, resolve: no crash, no endless loop. */
static void damaged_files_leave_names_empty_or_short(void)
{
	int own = open("/proc/self/exe", O_RDONLY);
	int copy = memfd_create("damaged", 0);
	struct stat status;
	uint64_t seed = 7;
	Elf64_Ehdr header;
	uint8_t *bytes;

	fstat(own, &status);
	CHECK_EQUAL(ftruncate(copy, status.st_size), 0);
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, copy, 0);
	CHECK_EQUAL(read(own, bytes, (size_t)status.st_size), status.st_size);
	memcpy(&header, bytes, sizeof(header));
	for (int round = 0; round < 300; round++) {
		struct symbol symbols[1] = {{.address = (uint64_t)&named_function_for_the_test - own_bias()}};
		size_t table = (size_t)header.e_shnum * sizeof(Elf64_Shdr);
		size_t at =
		    round % 10 == 0 ? test_random(&seed) % sizeof(header) : header.e_shoff + test_random(&seed) % table;
		uint64_t value = test_random(&seed) % 2 ? test_random(&seed) : test_random(&seed) % 65536;
		uint8_t before[8];

		memcpy(before, bytes + at, 8);
		memcpy(bytes + at, &value, 8);
		symbol_resolve(copy, symbols, 1);
		CHECK(memchr(symbols[0].name, 0, sizeof(symbols[0].name)) != NULL);
		memcpy(bytes + at, before, 8);
	}
	munmap(bytes, (size_t)status.st_size);
	close(own);
	close(copy);
}

static void a_file_that_is_no_elf_file_has_no_names(void)
{
	int fd = open("/proc/self/cmdline", O_RDONLY);
	struct symbol symbols[1] = {{.address = 0x401000}};

	symbol_resolve(fd, symbols, 1);
	CHECK(symbols[0].name[0] == 0);
	symbol_resolve(-1, symbols, 1);
	CHECK(symbols[0].name[0] == 0);
	close(fd);
}

void test_symbol(void)
{
	RUN(finds_a_function_and_the_offset_in_it);
	RUN(tells_where_a_byte_of_the_file_is_loaded);
	RUN(a_library_without_a_symbol_table_has_its_dynamic_one);
	RUN(damaged_files_leave_names_empty_or_short);
	RUN(a_file_that_is_no_elf_file_has_no_names);
}
