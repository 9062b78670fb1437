/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access to the program's memory, which may be absent or forbidden at any time. Addresses of the upper half are
 * refused.
 */
#ifndef HRT_USER_H
#define HRT_USER_H

#include "thread.h"

/** Copy; false if there is no way without a page fault. Never waits; what was copied by then stays. */
bool user_read(void *to, uint64_t from, size_t size);
bool user_write(uint64_t to, const void *from, size_t size);

/**
 * Copy, and let the proxy resolve page faults of @thread's as those of the program; false: EFAULT. May wait, with
 * interrupts on; they are off after it. On the thread's kernel stack.
 */
bool user_read_waiting(struct thread *thread, void *to, uint64_t from, size_t size);
bool user_write_waiting(struct thread *thread, uint64_t to, const void *from, size_t size);

/** Let the proxy make @address accessible; false: EFAULT. As the waiting copies. */
bool user_resolve(struct thread *thread, uint64_t address, bool write);

/** The word at @address, or -1 as for user_read. */
int64_t user_load32(uint64_t address);

/** Store @wanted at @address if @expected is there; what was there, or -1 if that faults. */
int64_t user_exchange32(uint64_t address, uint32_t expected, uint32_t wanted);

/** Copy by hand: how many of @size bytes were left when a page fault came (entry.S). */
uint64_t user_copy(void *to, const void *from, uint64_t size);

#endif
