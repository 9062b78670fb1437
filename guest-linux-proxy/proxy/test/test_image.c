/* SPDX-License-Identifier: Apache-2.0 */
#include "elf_builder.h"
#include "test.h"

#include "../image.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static struct refusal refusal;
static struct image image;

/* The built program's file: every byte tells its offset's page. */
static int file_with(const struct built *built)
{
	int fd = memfd_create("program", 0);

	for (unsigned int i = 0; i < BUILDER_FILE_SIZE; i++) {
		uint8_t byte = (uint8_t)(0x10 + i / 4096);

		CHECK_EQUAL(pwrite(fd, &byte, 1, i), 1);
	}
	CHECK_EQUAL(pwrite(fd, built, sizeof(*built), 0), sizeof(*built));
	return fd;
}

static int map_at(const struct built *built, int fd, enum image_place place)
{
	struct elf_program program;
	Elf64_Ehdr header;

	CHECK_EQUAL(elf_check_header((const uint8_t *)built, sizeof(*built), BUILDER_FILE_SIZE, &header, &refusal), 0);
	CHECK_EQUAL(elf_check_segments(&header, (const uint8_t *)built->segment, BUILDER_FILE_SIZE, &program, &refusal),
		    0);
	return image_map(fd, &program, place, &image, &refusal);
}

static int map(const struct built *built, int fd)
{
	return map_at(built, fd, IMAGE_PROGRAM);
}

static struct built independent_program(void)
{
	struct built built = built_program();

	built.header.e_type = ET_DYN;
	built.header.e_entry -= 0x400000;
	built.segment[0].p_vaddr -= 0x400000;
	built.segment[1].p_vaddr -= 0x400000;
	return built;
}

static void maps_bytes_and_zeroes_where_they_belong(void)
{
	struct built built = independent_program();
	int fd = file_with(&built);
	const uint8_t *base;

	CHECK_EQUAL(map(&built, fd), 0);
	base = (const uint8_t *)image.start;
	CHECK(memcmp(base, ELFMAG, SELFMAG) == 0);
	CHECK_EQUAL(base[0x17ff], 0x11);
	CHECK_EQUAL(base[0x3010], 0x12);
	CHECK_EQUAL(base[0x320f], 0x12);
	for (unsigned int i = 0x3210; i < 0x8010; i++)
		CHECK_EQUAL(base[i], 0);
	CHECK_EQUAL(image.entry, image.start + 0x100);
	CHECK_EQUAL(image.end, image.start + 0x9000);
	CHECK_EQUAL(image.data_end - image.data_start, 0x5000);
	munmap((void *)image.start, image.end - image.start);
	close(fd);
}

static void a_position_independent_program_keeps_its_alignment(void)
{
	struct built built = independent_program();
	int fd = file_with(&built);

	built.segment[1].p_align = 0x200000;
	for (int i = 0; i < 5; i++) {
		CHECK_EQUAL(map(&built, fd), 0);
		CHECK_EQUAL(image.bias % 0x200000, 0);
		munmap((void *)image.start, image.end - image.start);
	}
	close(fd);
}

static void an_interpreter_lies_elsewhere_and_keeps_its_alignment(void)
{
	struct built built = independent_program();
	int fd = file_with(&built);

	built.segment[1].p_align = 0x200000;
	CHECK_EQUAL(map_at(&built, fd, IMAGE_INTERPRETER), 0);
	CHECK_EQUAL(image.bias % 0x200000, 0);
	CHECK_EQUAL(image.entry, image.bias + 0x100);
	CHECK(image.start > 0x2aaaaaaaa000ull + (1ull << 40)); /* beyond where programs and their heaps lie */
	munmap((void *)image.start, image.end - image.start);
	close(fd);
}

static void never_replaces_what_is_mapped(void)
{
	struct built built = built_program();
	int fd = file_with(&built);
	void *there = mmap((void *)0x403000, 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	CHECK(there == (void *)0x403000);
	CHECK_EQUAL(map(&built, fd), -1);
	CHECK_EQUAL(refusal.error, EEXIST);
	CHECK_CONTAINS(refusal.text, "taken by its proxy");
	munmap((void *)0x400000, 0x10000);
	close(fd);
}

static void a_program_larger_than_memory_is_refused(void)
{
	struct built built = built_program();
	int fd = file_with(&built);

	built.segment[1].p_memsz = 0x700000000000;
	CHECK_EQUAL(map(&built, fd), -1);
	CHECK(refusal.error == ENOMEM || refusal.error == EEXIST);
	munmap((void *)0x400000, 0x10000);
	close(fd);
}

void test_image(void)
{
	RUN(maps_bytes_and_zeroes_where_they_belong);
	RUN(a_position_independent_program_keeps_its_alignment);
	RUN(an_interpreter_lies_elsewhere_and_keeps_its_alignment);
	RUN(never_replaces_what_is_mapped);
	RUN(a_program_larger_than_memory_is_refused);
}
