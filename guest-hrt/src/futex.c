/* SPDX-License-Identifier: Apache-2.0 */
#include "futex.h"
#include "core.h"
#include "lock.h"
#include "sched.h"
#include "syscall.h"
#include "user.h"

#define EAGAIN 11
#define EINVAL 22

/* linux/futex.h */
enum {
	FUTEX_WAIT = 0,
	FUTEX_WAKE = 1,
	FUTEX_REQUEUE = 3,
	FUTEX_CMP_REQUEUE = 4,
	FUTEX_WAIT_BITSET = 9,
	FUTEX_WAKE_BITSET = 10,
	FUTEX_PRIVATE = 128,
	FUTEX_CLOCK_REALTIME = 256,
};
#define ANY_BIT 0xffffffffu

struct bucket {
	uint32_t lock;
	uint32_t pad;
	struct thread *first;
};

#define BUCKETS 64u

/* Of one job: its threads wait for each other only, and all of it is forgotten with the job. */
struct futexes {
	uint64_t in_linux; /* threads that wait in their proxies, or are about to */
	struct bucket bucket[BUCKETS];
};
_Static_assert(sizeof(struct futexes) <= HVM_JOB_AREA, "a job outgrew its area");

static struct futexes *futexes_of(const struct thread *thread)
{
	uint64_t number = (thread->space - partition->phys_base - HVM_OFFSET_SPACES) / HVM_PAGE_SIZE;

	return (struct futexes *)((uint8_t *)core_at(partition->core_count) + number % HVM_MAX_SPACES * HVM_JOB_AREA);
}

void futex_begin(const struct thread *thread)
{
	__builtin_memset(futexes_of(thread), 0, sizeof(struct futexes));
}

static struct bucket *bucket_of(struct futexes *futexes, uint64_t address)
{
	return &futexes->bucket[(address >> 2 ^ address >> 8 ^ address >> 14) % BUCKETS];
}

/* Linux waits for the thread; from before it looks at the value, wakers know. */
static int64_t wait_in_linux(struct thread *thread, const struct hvm_regs *regs)
{
	uint64_t *in_linux = &futexes_of(thread)->in_linux;
	int64_t result;

	__atomic_fetch_add(in_linux, 1, __ATOMIC_SEQ_CST);
	result = syscall_forward(thread, regs);
	__atomic_fetch_sub(in_linux, 1, __ATOMIC_SEQ_CST);
	return result;
}

static int64_t wait(struct thread *thread, const struct hvm_regs *regs, uint32_t bits)
{
	struct bucket *bucket = bucket_of(futexes_of(thread), regs->rdi);
	struct thread **end = &bucket->first;
	int64_t value;

	lock_take(&bucket->lock);
	value = user_load32(regs->rdi);
	if (value != (uint32_t)regs->rdx) {
		lock_release(&bucket->lock);
		return value < 0 ? wait_in_linux(thread, regs) : -EAGAIN;
	}
	while (*end)
		end = &(*end)->next;
	thread->futex = regs->rdi;
	thread->futex_bits = bits;
	thread->next = NULL;
	sched_prepare_block(thread);
	*end = thread;
	lock_release(&bucket->lock);
	thread->entry = regs;
	sched_block(thread);
	return 0;
}

/* Wake at most @count threads that wait for @address with one of @bits; how many there were. */
static uint64_t wake(const struct thread *thread, uint64_t address, uint64_t count, uint32_t bits)
{
	struct bucket *bucket = bucket_of(futexes_of(thread), address);
	struct thread **link = &bucket->first, *woken = NULL, **end = &woken;
	uint64_t found = 0;

	if (!hvm_load_acquire(&bucket->first))
		return 0;
	lock_take(&bucket->lock);
	while (*link && found < count) {
		struct thread *waiter = *link;

		if (waiter->futex != address || !(waiter->futex_bits & bits)) {
			link = &waiter->next;
			continue;
		}
		*link = waiter->next;
		waiter->next = NULL;
		*end = waiter;
		end = &waiter->next;
		found++;
	}
	lock_release(&bucket->lock);
	while (woken) {
		struct thread *next = woken->next;

		sched_unblock(woken);
		woken = next;
	}
	return found;
}

/* Whoever waits in Linux is woken there, with what is left of @count. */
static int64_t wake_everywhere(struct thread *thread, const struct hvm_regs *regs, uint32_t bits)
{
	uint32_t count = (uint32_t)regs->rdx;
	uint64_t found;

	hvm_fence_full(); /* the program's store to the word comes before the look at who waits */
	found = wake(thread, regs->rdi, count, bits);
	if (found < count && (!(regs->rsi & FUTEX_PRIVATE) || hvm_load_acquire(&futexes_of(thread)->in_linux))) {
		struct hvm_regs rest = *regs;
		int64_t result;

		rest.rdx = count - found;
		result = syscall_forward(thread, &rest);
		return result < 0 && found == 0 ? result : (int64_t)found + (result > 0 ? result : 0);
	}
	return (int64_t)found;
}

/*
 * Waiters that would go over to another futex are woken instead: they look at their own and wait again, which callers
 * must expect anyway.
 */
static int64_t requeue(struct thread *thread, const struct hvm_regs *regs, bool compare)
{
	if (compare) {
		int64_t value = user_load32(regs->rdi);

		if (value < 0)
			return syscall_forward(thread, regs);
		if (value != (uint32_t)regs->r9)
			return -EAGAIN;
	}
	hvm_fence_full();
	if (hvm_load_acquire(&futexes_of(thread)->in_linux)) {
		wake(thread, regs->rdi, ANY_BIT, ANY_BIT);
		return syscall_forward(thread, regs);
	}
	return (int64_t)wake(thread, regs->rdi, ANY_BIT, ANY_BIT);
}

int64_t futex_call(struct thread *thread, const struct hvm_regs *regs)
{
	uint32_t operation = (uint32_t)regs->rsi;
	bool ours = operation & FUTEX_PRIVATE && regs->r10 == 0;

	if ((int64_t)regs->rdi < 0 || regs->rdi % sizeof(uint32_t))
		return -EINVAL;
	switch (operation & ~(uint32_t)(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME)) {
	case FUTEX_WAIT:
		return ours ? wait(thread, regs, ANY_BIT) : wait_in_linux(thread, regs);
	case FUTEX_WAIT_BITSET:
		if (!(uint32_t)regs->r9)
			return -EINVAL;
		return ours ? wait(thread, regs, (uint32_t)regs->r9) : wait_in_linux(thread, regs);
	case FUTEX_WAKE:
		return wake_everywhere(thread, regs, ANY_BIT);
	case FUTEX_WAKE_BITSET:
		if (!(uint32_t)regs->r9)
			return -EINVAL;
		return wake_everywhere(thread, regs, (uint32_t)regs->r9);
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		if (operation & FUTEX_PRIVATE)
			return requeue(thread, regs, (operation & 127) == FUTEX_CMP_REQUEUE);
		return syscall_forward(thread, regs);
	default: /* with priority inheritance, WAKE_OP and what may come: Linux's, for waiters there */
		return syscall_forward(thread, regs);
	}
}
