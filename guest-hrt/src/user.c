/* SPDX-License-Identifier: Apache-2.0 */
#include "user.h"
#include "cpu.h"

#define FAULT_WRITE 2u
#define FAULT_USER  4u

static bool in_lower_half(uint64_t address, size_t size)
{
	return (int64_t)address >= 0 && (int64_t)(address + size) >= 0;
}

bool user_read(void *to, uint64_t from, size_t size)
{
	return in_lower_half(from, size) && user_copy(to, (const void *)from, size) == 0;
}

bool user_write(uint64_t to, const void *from, size_t size)
{
	return in_lower_half(to, size) && user_copy((void *)to, from, size) == 0;
}

bool user_resolve(struct thread *thread, uint64_t address, bool write)
{
	const uint64_t arg[HVM_SLOT_ARGS] = {address, FAULT_USER | (write ? FAULT_WRITE : 0), 0, 1};

	thread->slot->stats.page_faults++;
	return thread_forward(thread, HVM_NR_PAGE_FAULT, arg) == 0;
}

bool user_read_waiting(struct thread *thread, void *to, uint64_t from, size_t size)
{
	if (!in_lower_half(from, size))
		return false;
	for (;;) {
		size_t left = user_copy(to, (const void *)from, size), done = size - left;

		if (left == 0)
			return true;
		to = (uint8_t *)to + done;
		from += done;
		size = left;
		if (!user_resolve(thread, from, false))
			return false;
	}
}

bool user_write_waiting(struct thread *thread, uint64_t to, const void *from, size_t size)
{
	if (!in_lower_half(to, size))
		return false;
	for (;;) {
		size_t left = user_copy((void *)to, from, size), done = size - left;

		if (left == 0)
			return true;
		from = (const uint8_t *)from + done;
		to += done;
		size = left;
		if (!user_resolve(thread, to, true))
			return false;
	}
}
