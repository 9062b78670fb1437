/* SPDX-License-Identifier: Apache-2.0 */
/* What is mapped in this address space, from /proc/self/maps. Safe in a signal handler. */
#ifndef PROXY_MAPPING_H
#define PROXY_MAPPING_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/** One line of /proc/self/maps. */
struct mapping {
	uint64_t start, end;
	bool writable, executable;
	uint64_t offset;  /* in the file */
	const char *name; /* the file's path, "[stack]" and the like, or "" */
};

/** Call @visit for each mapping in ascending order until it returns false. 0, or -errno if they cannot be read. */
int mapping_each(bool (*visit)(const struct mapping *mapping, void *context), void *context);

#endif
