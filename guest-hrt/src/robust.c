/* SPDX-License-Identifier: Apache-2.0 */
/* The list is the C library's, in program memory: Documentation/locking/robust-futex-ABI.rst, kernel/futex/core.c. */
#include "robust.h"
#include "futex.h"
#include "syscall.h"
#include "user.h"

#define EINVAL 22
#define EFAULT 14

#define FUTEX_WAITERS	 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK	 0x3fffffffu

#define LIST_LIMIT 2048 /* ROBUST_LIST_LIMIT: a list may be a ring by mistake */

struct robust_list_head {
	uint64_t first;
	uint64_t offset; /* from an entry to its futex */
	uint64_t pending;
};

/* Bit 0 of a link tells that the futex has priority inheritance. */
#define ENTRY(link)	 ((link) & ~1ull)
#define INHERITING(link) ((link)&1)

int64_t robust_set_list(struct thread *thread, const struct hvm_regs *regs)
{
	if (regs->rsi != sizeof(struct robust_list_head))
		return -EINVAL;
	thread->slot->robust_list = regs->rdi;
	return 0;
}

int64_t robust_get_list(struct thread *thread, const struct hvm_regs *regs)
{
	const uint64_t size = sizeof(struct robust_list_head);

	if ((uint32_t)regs->rdi != 0 && (uint32_t)regs->rdi != thread->slot->tid)
		return syscall_forward(thread, regs);
	thread->entry = regs;
	if (!user_write_waiting(thread, regs->rdx, &size, sizeof(size)) ||
	    !user_write_waiting(thread, regs->rsi, &thread->slot->robust_list, sizeof(uint64_t)))
		return -EFAULT;
	return 0;
}

/* Set the word to @wanted while it is *@value, otherwise read it again; false: EFAULT. */
static bool exchange(struct thread *thread, uint64_t address, uint32_t *value, uint32_t wanted, bool *done)
{
	int64_t before = user_exchange32(address, *value, wanted);

	*done = before == *value;
	if (before >= 0)
		*value = (uint32_t)before;
	return before >= 0 || user_resolve(thread, address, true);
}

/* False: the list is not to be believed any more. */
static bool release_one(struct thread *thread, uint64_t address, bool inheriting, bool pending)
{
	uint32_t value;
	bool done = false;

	if (address % sizeof(value) || !user_read_waiting(thread, &value, address, sizeof(value)))
		return false;
	/* It was given back already, and somebody was to be woken. */
	if (pending && !inheriting && value == 0) {
		futex_wake(thread, address, 1);
		return true;
	}
	while (!done) {
		if ((value & FUTEX_TID_MASK) != thread->slot->tid)
			return true;
		if (!exchange(thread, address, &value, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &done))
			return false;
	}
	if (!inheriting && value & FUTEX_WAITERS)
		futex_wake(thread, address, 1);
	return true;
}

static void release_all(struct thread *thread, uint64_t head, const struct robust_list_head *list)
{
	uint64_t link = list->first, next;

	for (int i = 0; i < LIST_LIMIT && ENTRY(link) != head; i++) {
		/* Before the futex is released: its memory may be gone then. */
		bool more = user_read_waiting(thread, &next, ENTRY(link), sizeof(next));

		if (ENTRY(link) != ENTRY(list->pending) &&
		    !release_one(thread, ENTRY(link) + list->offset, INHERITING(link), false))
			return;
		if (!more)
			return;
		link = next;
	}
	if (ENTRY(list->pending))
		release_one(thread, ENTRY(list->pending) + list->offset, INHERITING(list->pending), true);
}

void robust_release(struct thread *thread)
{
	uint64_t head = thread->slot->robust_list;
	struct robust_list_head list;

	thread->slot->robust_list = 0;
	if (!head || !user_read_waiting(thread, &list, head, sizeof(list)))
		return;
	if (ENTRY(list.first) != head || ENTRY(list.pending))
		release_all(thread, head, &list);
}
