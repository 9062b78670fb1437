/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proxy's own mappings, which share the address space with the program. Calls of the program that would change one
 * of them are refused: they would take away the server that the program's next call needs.
 */
#ifndef PROXY_REGION_H
#define PROXY_REGION_H

#include <stdbool.h>
#include <stdint.h>

/** Note every mapping that exists now (from /proc/self/maps), before the program is loaded. 0 or -errno. */
int region_note_own(void);

/** Note one more. Any thread may. */
void region_add(uint64_t start, uint64_t size);

/** True if start .. start+size touches the proxy's own memory. A range that wraps touches it. */
bool region_is_own(uint64_t start, uint64_t size);

#endif
