/* SPDX-License-Identifier: Apache-2.0 */
/* The program: found, checked, mapped, with its stack and heap. */
#ifndef PROXY_PROGRAM_H
#define PROXY_PROGRAM_H

#include <limits.h>

#include "image.h"
#include "stack.h"

struct program {
	int fd;		     /* the file, guarded */
	char path[PATH_MAX]; /* as it was found: AT_EXECFN */
	char file[PATH_MAX]; /* the file's absolute path: what /proc/self/exe tells */
	struct image image;
	uint64_t start; /* the first instruction: its interpreter's if it has one, else its own */
	uint64_t vdso;	/* AT_SYSINFO_EHDR */
	struct stack stack;
	uint64_t stack_pointer;
};

/** What is to be loaded. */
struct program_source {
	int fd;		  /* the ELF file, checked already; -1: the first argument names it */
	const char *name; /* with fd: the path by which it, or a script, was named */
	int argument_count;
	char *const *arguments;
};

/**
 * Load the program, which the first argument names, by PATH if it has no slash; behind a script its interpreter. Fails
 * with a refusal: ENOENT if there is no such file, else why it cannot be run.
 */
int program_load(struct program *program, const struct program_source *source, char *const *environment,
		 struct refusal *refusal);

#endif
