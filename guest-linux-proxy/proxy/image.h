/* SPDX-License-Identifier: Apache-2.0 */
/* Mapping a checked program, or its interpreter, into this address space. */
#ifndef PROXY_IMAGE_H
#define PROXY_IMAGE_H

#include <stdint.h>

#include "elf.h"

/** Where a program came to lie. */
struct image {
	uint64_t bias; /* added to addresses as linked */
	uint64_t entry;
	uint64_t headers; /* 0 if not loaded */
	uint64_t header_count;
	uint64_t start, end;	       /* page range */
	uint64_t data_start, data_end; /* of the last writable segment: what RLIMIT_DATA counts beside the heap */
};

enum image_place {
	IMAGE_PROGRAM,	   /* far from everything else: its heap grows behind it */
	IMAGE_INTERPRETER, /* among the shared libraries, wherever mmap puts it */
};

/**
 * Map @program from @fd: at its own addresses, or a position-independent one at a random @place. Nothing that is mapped
 * is ever replaced. On failure parts may stay mapped; the caller ends the process.
 */
int image_map(int fd, const struct elf_program *program, enum image_place place, struct image *image,
	      struct refusal *refusal);

#endif
