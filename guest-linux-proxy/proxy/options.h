/* SPDX-License-Identifier: Apache-2.0 */
/* Command line of hvm-proxy. */
#ifndef PROXY_OPTIONS_H
#define PROXY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "refusal.h"

struct options {
	const char *partition; /* "": the first one */
	unsigned int cores;
	int report_fd; /* -1: standard error */
	bool stats;
	bool quiet;
	bool populate;
	bool no_huge_pages;
	bool partition_memory;
	int join_fd;		  /* a job whose place is taken over after execve, -1: none */
	int program_fd;		  /* the program, opened and checked; -1: the first argument names it */
	const char *program_name; /* with program_fd: its path as it was named */
	bool has_mask;
	uint64_t signal_mask; /* of the program */
	bool child;	      /* another process reports */
	bool help;
	bool list_calls;
	int program_count; /* of the program's own arguments, its name first */
	char *const *program;
};

extern const char options_help[];

/** Read the command line. Fails (EINVAL) with what is wrong and what is allowed. */
int options_parse(int count, char *const *arguments, struct options *options, struct refusal *refusal);

#endif
