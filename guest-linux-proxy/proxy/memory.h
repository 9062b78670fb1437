/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access to the program's memory, which is this process's own. Pointers of the program may be bad: these copies go
 * through the kernel and fail instead of killing the proxy. Safe in a signal handler.
 */
#ifndef PROXY_MEMORY_H
#define PROXY_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Copy from the program; false if any byte cannot be read. */
bool memory_read(uint64_t from, void *to, size_t size);

/** Copy to the program; false if any byte cannot be written. */
bool memory_write(uint64_t to, const void *from, size_t size);

/** Copy a string, terminating zero included; its length, or -1 if it is unreadable or longer than @size - 1. */
long memory_read_string(uint64_t from, char *to, size_t size);

#endif
