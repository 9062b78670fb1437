/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter of a dynamically linked program (PT_INTERP): the dynamic linker, which gets control first, maps the
 * shared libraries by system calls of its own, and then jumps to the program. As Linux: fs/binfmt_elf.c.
 */
#ifndef PROXY_INTERPRETER_H
#define PROXY_INTERPRETER_H

#include "executable.h"
#include "image.h"

/**
 * Map the interpreter that the checked @elf of @program names. The refusal names it: ENOENT if the guest does not have
 * it, ELIBBAD if it is no ELF file that can be loaded.
 */
int interpreter_map(const struct executable *program, const struct elf_program *elf, struct image *image,
		    struct refusal *refusal);

/** The same checks without mapping anything. 0 for a static program. */
int interpreter_check(const struct executable *program, const struct elf_program *elf, struct refusal *refusal);

#endif
