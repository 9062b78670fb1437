/* SPDX-License-Identifier: Apache-2.0 */
/*
 * With which pages the program's memory is backed, and when. A page fault on an HRT core is forwarded, which costs more
 * than Linux's own, and is noise: fewer and larger pages, and on request pages that are there before they are touched.
 */
#ifndef PROXY_PAGING_H
#define PROXY_PAGING_H

#include <stdbool.h>
#include <stdint.h>

/** --populate: what is mapped is faulted in at once. */
extern bool paging_populates;

/** Before the program is loaded. Without @huge_pages the process, and what it executes, has 4 KiB pages only. */
void paging_init(bool populate, bool huge_pages);

/** mmap(2) with its six arguments, its result as Linux returns it in rax. */
int64_t paging_map(const uint64_t arg[6]);

/** After [@address, @address + @size) became writable: fault it in, if asked for and if it is private memory. Of a
 * large range only the upper end: it is a thread's stack. */
void paging_fill(uint64_t address, uint64_t size);

/** The same after the mapping at @address grew from @old_size to @size, all of what is new. */
void paging_fill_growth(uint64_t address, uint64_t old_size, uint64_t size);

#endif
