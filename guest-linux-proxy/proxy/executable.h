/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a program or of its interpreter: opened and checked, nothing of it mapped. */
#ifndef PROXY_EXECUTABLE_H
#define PROXY_EXECUTABLE_H

#include <stdint.h>

#include "elf.h"

struct executable {
	int fd;
	uint64_t size;
};

/** Open a regular file that this user may execute. ENOENT if there is none. */
int executable_open(const char *path, struct executable *file, struct refusal *refusal);

/** Check that it is an ELF file that can be loaded. The refusal does not name the file. */
int executable_check(const struct executable *file, struct elf_program *elf, struct refusal *refusal);

/** Read @size bytes at @offset, all of them. */
bool executable_read(const struct executable *file, void *buffer, uint64_t size, uint64_t offset);

#endif
