/* SPDX-License-Identifier: Apache-2.0 */
#include "elf_builder.h"
#include "test.h"

#include "../elf.h"

#include <errno.h>
#include <sys/mman.h>

static struct elf_program program;
static struct refusal refusal;

static int check(const struct built *file)
{
	Elf64_Ehdr header;

	memset(&refusal, 0, sizeof(refusal));
	if (elf_check_header((const uint8_t *)file, sizeof(*file), BUILDER_FILE_SIZE, &header, &refusal))
		return -1;
	return elf_check_segments(&header, (const uint8_t *)file->segment, BUILDER_FILE_SIZE, &program, &refusal);
}

static void refused_with(const struct built *file, int error, const char *words)
{
	CHECK_EQUAL(check(file), -1);
	CHECK_EQUAL(refusal.error, error);
	CHECK_CONTAINS(refusal.text, words);
}

static void bytes_refused_with(const void *bytes, size_t size, const char *words)
{
	Elf64_Ehdr header;

	CHECK_EQUAL(elf_check_header(bytes, size, size, &header, &refusal), -1);
	CHECK_EQUAL(refusal.error, ENOEXEC);
	CHECK_CONTAINS(refusal.text, words);
}

static void accepts_a_static_program_and_tells_its_layout(void)
{
	struct built file = built_program();

	CHECK_EQUAL(check(&file), 0);
	CHECK(!program.position_independent);
	CHECK(!program.executable_stack);
	CHECK_EQUAL(program.entry, 0x400100);
	CHECK_EQUAL(program.headers, 0x400000 + offsetof(struct built, segment));
	CHECK_EQUAL(program.header_count, 4);
	CHECK_EQUAL(program.low, 0x400000);
	CHECK_EQUAL(program.high, 0x409000);
	CHECK_EQUAL(program.segment_count, 2);
	CHECK_EQUAL(program.segment[0].protection, PROT_READ | PROT_EXEC);
	CHECK_EQUAL(program.segment[1].protection, PROT_READ | PROT_WRITE);
	CHECK_EQUAL(program.segment[1].memory_size, 0x5000);
}

static void accepts_a_static_pie_from_address_zero(void)
{
	struct built file = built_program();

	file.header.e_type = ET_DYN;
	file.header.e_entry = 0x100;
	file.segment[0].p_vaddr = 0;
	file.segment[1].p_vaddr = 0x3010;
	file.segment[1].p_align = 0x200000;
	CHECK_EQUAL(check(&file), 0);
	CHECK(program.position_independent);
	CHECK_EQUAL(program.low, 0);
	CHECK_EQUAL(program.align, 0x200000);
}

static void tells_an_executable_stack(void)
{
	struct built file = built_program();

	file.segment[2].p_flags |= PF_X;
	CHECK_EQUAL(check(&file), 0);
	CHECK(program.executable_stack);
}

static void headers_outside_every_segment_have_no_address(void)
{
	struct built file = built_program();

	file.segment[0].p_offset = 0x1000;
	CHECK_EQUAL(check(&file), 0);
	CHECK_EQUAL(program.headers, 0);
}

static void ignores_an_empty_segment(void)
{
	struct built file = built_program();

	file.segment[3] = (Elf64_Phdr){.p_type = PT_LOAD, .p_vaddr = 1, .p_align = 3};
	CHECK_EQUAL(check(&file), 0);
	CHECK_EQUAL(program.segment_count, 2);
}

static void refuses_what_is_no_elf_file(void)
{
	static const uint8_t short_elf[] = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64};

	bytes_refused_with("", 0, "empty");
	bytes_refused_with("M", 1, "not an ELF file");
	bytes_refused_with("MZ\220\0 a program for another system", 32, "not an ELF file");
	bytes_refused_with("#!/bin/sh\necho hello\n", 21, "script; name its interpreter");
	bytes_refused_with(short_elf, sizeof(short_elf), "cut off");
}

static void refuses_other_machines_and_classes(void)
{
	struct built file = built_program();

	file.header.e_machine = EM_AARCH64;
	refused_with(&file, ENOEXEC, "AArch64 (ELF machine 183); needed: x86-64 (62)");
	file.header.e_machine = EM_386;
	file.header.e_ident[EI_CLASS] = ELFCLASS32;
	refused_with(&file, ENOEXEC, "32-bit x86");
	file.header.e_machine = EM_X86_64;
	refused_with(&file, ENOEXEC, "32-bit program");
	file = built_program();
	file.header.e_ident[EI_DATA] = ELFDATA2MSB;
	refused_with(&file, ENOEXEC, "big-endian");
	file = built_program();
	file.header.e_ident[EI_VERSION] = 9;
	refused_with(&file, ENOEXEC, "version is 9");
}

static void refuses_other_kinds_of_elf_files(void)
{
	struct built file = built_program();

	file.header.e_type = ET_REL;
	refused_with(&file, ENOEXEC, "object file");
	file.header.e_type = ET_CORE;
	refused_with(&file, ENOEXEC, "core dump");
	file.header.e_type = 77;
	refused_with(&file, ENOEXEC, "ELF type is 77");
}

static void tells_where_the_interpreter_is_named(void)
{
	struct built file = built_program();

	CHECK_EQUAL(check(&file), 0);
	CHECK_EQUAL(program.interpreter_size, 0);
	file.segment[3] = (Elf64_Phdr){.p_type = PT_INTERP, .p_offset = 0x2ff0, .p_filesz = 0x10};
	CHECK_EQUAL(check(&file), 0);
	CHECK_EQUAL(program.interpreter_offset, 0x2ff0);
	CHECK_EQUAL(program.interpreter_size, 0x10);
	file.segment[2] = (Elf64_Phdr){.p_type = PT_INTERP, .p_offset = 0x1000, .p_filesz = 0x20};
	CHECK_EQUAL(check(&file), 0);
	CHECK_EQUAL(program.interpreter_offset, 0x1000); /* of two, the first */
}

static void refuses_an_interpreter_that_is_not_named(void)
{
	struct built file = built_program();

	file.segment[3] = (Elf64_Phdr){.p_type = PT_INTERP, .p_offset = 0x2ff0, .p_filesz = 0x11};
	refused_with(&file, ENOEXEC, "interpreter's path lies at 0x2ff0, the file has 0x3000 bytes");
	file.segment[3].p_offset = UINT64_MAX - 8;
	refused_with(&file, ENOEXEC, "interpreter's path lies at");
	file.segment[3].p_filesz = 1;
	refused_with(&file, ENOEXEC, "interpreter has 0x1 bytes; allowed: 2 to 4096");
	file.segment[3].p_filesz = 0x1001;
	refused_with(&file, ENOEXEC, "interpreter has 0x1001 bytes");
}

static void refuses_a_shared_library(void)
{
	struct built file = built_program();

	file.header.e_type = ET_DYN;
	file.header.e_entry = 0;
	refused_with(&file, ENOEXEC, "shared library");
}

static void refuses_program_headers_that_are_missing_or_outside(void)
{
	struct built file = built_program();

	file.header.e_phnum = 0;
	refused_with(&file, ENOEXEC, "no program headers");
	file.header.e_phnum = PN_XNUM;
	refused_with(&file, ENOEXEC, "65535 program headers");
	file = built_program();
	file.header.e_phentsize = 32;
	refused_with(&file, ENOEXEC, "32 bytes each");
	file = built_program();
	file.header.e_phoff = BUILDER_FILE_SIZE - sizeof(Elf64_Phdr);
	refused_with(&file, ENOEXEC, "cut off or damaged");
	file.header.e_phoff = UINT64_MAX - 8;
	refused_with(&file, ENOEXEC, "cut off or damaged");
}

static void refuses_segments_outside_the_file(void)
{
	struct built file = built_program();

	file.segment[1].p_filesz = 0x2000;
	refused_with(&file, ENOEXEC, "segment 1 needs 0x2000 bytes at 0x2010, the file has 0x3000");
	file = built_program();
	file.segment[1].p_offset = UINT64_MAX - 0xfef;
	refused_with(&file, ENOEXEC, "segment 1 needs");
	file = built_program();
	file.segment[1].p_memsz = 0x100;
	refused_with(&file, ENOEXEC, "only 0x100 in memory");
}

static void refuses_segments_outside_the_lower_half(void)
{
	struct built file = built_program();

	file.segment[1].p_vaddr = 0x7fffffffe010;
	refused_with(&file, ENOEXEC, "allowed: 0x10000 to 0x7ffffffff000");
	file.segment[1].p_vaddr = UINT64_MAX - 0xfef;
	refused_with(&file, ENOEXEC, "segment 1");
	file.segment[1].p_vaddr = 0x403010;
	file.segment[1].p_memsz = UINT64_MAX;
	refused_with(&file, ENOMEM, "segment 1");
	file = built_program();
	file.segment[0].p_vaddr = 0;
	refused_with(&file, ENOEXEC, "segment 0");
}

static void refuses_segments_that_overlap_or_go_backwards(void)
{
	struct built file = built_program();

	file.segment[1].p_vaddr = 0x401010;
	refused_with(&file, ENOEXEC, "overlaps or precedes");
	file.segment[1].p_vaddr = 0x300010;
	refused_with(&file, ENOEXEC, "overlaps or precedes");
}

static void refuses_alignments_that_cannot_be_mapped(void)
{
	struct built file = built_program();

	file.segment[0].p_align = 0x3000;
	refused_with(&file, ENOEXEC, "not a power of two");
	file.segment[0].p_align = 1ull << 40;
	refused_with(&file, ENOEXEC, "allowed: up to 0x40000000");
	file.segment[0].p_align = 0x1000;
	file.segment[1].p_offset = 0x2020;
	refused_with(&file, ENOEXEC, "differ within a page");
}

static void refuses_an_entry_outside_code(void)
{
	struct built file = built_program();

	file.header.e_entry = 0x403010;
	refused_with(&file, ENOEXEC, "entry point 0x403010 lies in no executable segment");
	file.header.e_entry = UINT64_MAX;
	refused_with(&file, ENOEXEC, "entry point");
}

static void refuses_a_program_with_nothing_to_load(void)
{
	struct built file = built_program();

	file.segment[0].p_type = file.segment[1].p_type = PT_NOTE;
	refused_with(&file, ENOEXEC, "no loadable segment");
}

void test_elf(void)
{
	RUN(accepts_a_static_program_and_tells_its_layout);
	RUN(accepts_a_static_pie_from_address_zero);
	RUN(tells_an_executable_stack);
	RUN(headers_outside_every_segment_have_no_address);
	RUN(ignores_an_empty_segment);
	RUN(refuses_what_is_no_elf_file);
	RUN(refuses_other_machines_and_classes);
	RUN(refuses_other_kinds_of_elf_files);
	RUN(tells_where_the_interpreter_is_named);
	RUN(refuses_an_interpreter_that_is_not_named);
	RUN(refuses_a_shared_library);
	RUN(refuses_program_headers_that_are_missing_or_outside);
	RUN(refuses_segments_outside_the_file);
	RUN(refuses_segments_outside_the_lower_half);
	RUN(refuses_segments_that_overlap_or_go_backwards);
	RUN(refuses_alignments_that_cannot_be_mapped);
	RUN(refuses_an_entry_outside_code);
	RUN(refuses_a_program_with_nothing_to_load);
}
