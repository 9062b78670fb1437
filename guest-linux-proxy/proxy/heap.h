/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's brk. The kernel's own belongs to the proxy and lies elsewhere, so the program's is made of anonymous
 * mappings behind its image, with Linux' results (brk(2), mm/mmap.c).
 */
#ifndef PROXY_HEAP_H
#define PROXY_HEAP_H

#include <stdint.h>

/** Begin at the page @start. @data_size bytes of initialised data count against RLIMIT_DATA. */
void heap_init(uint64_t start, uint64_t data_size);

/** brk: the new end if it could be had, else the present one. */
uint64_t heap_set_end(uint64_t end);

#endif
