/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proxy's own file descriptors. They share a table with the program's, so they are moved out of its way, beyond its
 * limit where that is possible, and calls that would close or replace them are answered as if they were not open.
 */
#ifndef PROXY_DESCRIPTOR_H
#define PROXY_DESCRIPTOR_H

#include <stdbool.h>
#include <stdint.h>

/** Move @fd away, close-on-exec, and guard it. Returns the new number, or -errno (then @fd is as it was). */
int descriptor_guard(int fd);

/** Close a guarded descriptor. */
void descriptor_release(int fd);

/** True if @fd, as the program names it, is one of the proxy's. */
bool descriptor_is_own(uint64_t fd);

/** close_range(first, last, flags) around the proxy's own. Returns 0 or -errno. */
int64_t descriptor_close_range(unsigned int first, unsigned int last, unsigned int flags);

#endif
