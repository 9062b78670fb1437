/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's initial stack, as Linux builds it (System V ABI, AMD64 supplement, 3.4.1): argc, argv, envp, auxiliary
 * vector, and the strings they point to.
 */
#ifndef PROXY_STACK_H
#define PROXY_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "refusal.h"

#define STACK_GUARD (1ull << 20) /* Linux' stack_guard_gap */

/** A mapped stack. */
struct stack {
	uint64_t low; /* lowest usable byte; STACK_GUARD bytes below it are never mapped */
	uint64_t high;
};

struct stack_auxiliary {
	uint64_t type, value;
};

struct stack_content {
	size_t argument_count;
	char *const *arguments;
	char *const *environment; /* ends with NULL */
	const char *file_name;	  /* AT_EXECFN */
	const char *platform;	  /* AT_PLATFORM */
	uint8_t random[16];	  /* AT_RANDOM */
	size_t auxiliary_count;
	const struct stack_auxiliary *auxiliary; /* besides the three above and AT_NULL, which are added */
};

/** Map a stack of RLIMIT_STACK bytes with a guard below. */
int stack_map(bool executable, struct stack *stack, struct refusal *refusal);

/**
 * Write @content below address @high, for which @memory is the writable image: memory[0] is the byte at @low.
 * *@pointer gets the stack pointer to start with. Fails (E2BIG) if it needs more than a quarter of the stack, as Linux.
 */
int stack_build(const struct stack_content *content, uint8_t *memory, uint64_t low, uint64_t high, uint64_t *pointer,
		struct refusal *refusal);

#endif
