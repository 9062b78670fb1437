/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of an x86-64 ELF program, or of its interpreter, before anything of it is mapped. The file is hostile: every
 * offset, size and count is checked against the file and against the others. Pure functions over bytes; no file is read
 * here.
 *
 * Sources: System V ABI, AMD64 supplement, chapter 5; Linux fs/binfmt_elf.c for what is accepted.
 */
#ifndef PROXY_ELF_H
#define PROXY_ELF_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "refusal.h"

#define ELF_SEGMENTS_MAX 64u
#define ELF_HEADERS_MAX	 512u		       /* program headers of one file */
#define ELF_ADDRESS_MIN	 0x10000ull	       /* as Linux' vm.mmap_min_addr */
#define ELF_ADDRESS_END	 0x00007ffffffff000ull /* end of the lower half with 4-level paging */
#define ELF_ALIGN_MAX	 0x40000000ull	       /* 1 GiB, the largest page */

/** One loadable segment, checked. */
struct elf_segment {
	uint64_t address; /* as linked */
	uint64_t offset;
	uint64_t file_size;
	uint64_t memory_size; /* > 0, >= file_size */
	int protection;	      /* PROT_* */
};

/** A program that can be loaded. Segments are in ascending order and share no page. */
struct elf_program {
	bool position_independent;
	bool executable_stack;
	uint64_t entry;	  /* as linked */
	uint64_t headers; /* address of the program headers as linked, 0 if they are not loaded */
	uint64_t header_count;
	uint64_t low, high;			       /* page range of all segments, as linked */
	uint64_t align;				       /* power of two, at least a page */
	uint64_t interpreter_offset, interpreter_size; /* its path in the file, with a zero; size 0: a static program */
	unsigned int segment_count;
	struct elf_segment segment[ELF_SEGMENTS_MAX];
};

/**
 * Check the file's first @size bytes (all of it, if it is shorter than a header). On success *@header is the file
 * header, and its program headers, header->e_phnum of them, lie inside the file.
 */
int elf_check_header(const uint8_t *bytes, size_t size, uint64_t file_size, Elf64_Ehdr *header,
		     struct refusal *refusal);

/** Check the program headers that a checked *@header announces; @table holds e_phnum of them. */
int elf_check_segments(const Elf64_Ehdr *header, const uint8_t *table, uint64_t file_size, struct elf_program *program,
		       struct refusal *refusal);

#endif
