/* SPDX-License-Identifier: Apache-2.0 */
#include "futex.h"
#include "core.h"
#include "cpu.h"
#include "job.h"
#include "lock.h"
#include "sched.h"
#include "signal.h"
#include "sleep.h"
#include "syscall.h"
#include "timer.h"
#include "user.h"

#include <hvm/signal.h>

#define EAGAIN 11
#define EFAULT 14
#define EINVAL 22

#define NR_FUTEX 202

/* linux/futex.h */
enum {
	FUTEX_WAIT = 0,
	FUTEX_WAKE = 1,
	FUTEX_REQUEUE = 3,
	FUTEX_CMP_REQUEUE = 4,
	FUTEX_WAIT_BITSET = 9,
	FUTEX_WAKE_BITSET = 10,
};
#define FUTEX_PRIVATE	     128u
#define FUTEX_CLOCK_REALTIME 256u
#define HOT		     inline __attribute__((always_inline))
#define ANY_BIT		     0xffffffffu

static struct futexes *futexes_of(const struct thread *thread)
{
	return &thread->job->futexes;
}

static struct futex_bucket *bucket_of(struct futexes *futexes, uint64_t address)
{
	return &futexes->bucket[(address >> 2 ^ address >> 8 ^ address >> 14) % FUTEX_BUCKETS];
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

/* Append to @bucket, whose lock is held, and give it back. */
static HOT void enqueue(struct futex_bucket *bucket, struct thread *thread, uint64_t address, uint32_t bits)
{
	struct thread **end = &bucket->first;

	while (*end)
		end = &(*end)->next;
	thread->futex = address;
	thread->futex_bits = bits;
	thread->result = 0;
	thread->next = NULL;
	sched_prepare_block(thread);
	*end = thread;
	lock_release(&bucket->lock);
}

/*
 * A timer that comes before the thread has left its stack finds it in its bucket, too, and so does a signal, unless its
 * doorbell has come already.
 */
static HOT int64_t block(struct thread *thread, uint64_t deadline)
{
	if (deadline != TIMER_NEVER)
		timer_start(thread, deadline);
	if (signal_waits(thread))
		futex_cancel(thread, -HVM_RESTART);
	sched_block(thread);
	if (deadline == TIMER_NEVER)
		return thread->result;
	timer_stop(thread);
	/* After a handler the time that is left would be another: the program is told EINTR. */
	return thread->result == -HVM_RESTART ? -HVM_RESTART_NO_HANDLER : thread->result;
}

/* Remove from its bucket a thread that waits at *@link. */
static void dequeue(struct thread **link, struct thread *thread)
{
	*link = thread->next;
	thread->futex = 0;
}

/* -EFAULT: the word cannot be read without a page fault. */
static HOT int64_t wait_here(struct thread *thread, uint64_t address, uint32_t expected, uint32_t bits,
			     uint64_t deadline)
{
	struct futex_bucket *bucket = bucket_of(futexes_of(thread), address);
	int64_t value;

	lock_take(&bucket->lock);
	value = user_load32(address);
	if (value != expected) {
		lock_release(&bucket->lock);
		return value < 0 ? -EFAULT : -EAGAIN;
	}
	enqueue(bucket, thread, address, bits);
	return block(thread, deadline);
}

static int64_t wait(struct thread *thread, const struct hvm_regs *regs, uint32_t bits, uint64_t deadline)
{
	int64_t result;

	thread->entry = regs;
	result = wait_here(thread, regs->rdi, (uint32_t)regs->rdx, bits, deadline);
	return result == -EFAULT ? wait_in_linux(thread, regs) : result;
}

int64_t futex_wait(struct thread *thread, uint64_t address, uint32_t expected, uint64_t deadline)
{
	return wait_here(thread, address, expected, ANY_BIT, deadline);
}

/* At an address of its own, which no program can name. */
int64_t futex_sleep(struct thread *thread, uint64_t deadline)
{
	struct futex_bucket *bucket = bucket_of(futexes_of(thread), (uint64_t)thread);

	lock_take(&bucket->lock);
	enqueue(bucket, thread, (uint64_t)thread, ANY_BIT);
	return block(thread, deadline);
}

bool futex_cancel(struct thread *thread, int64_t result)
{
	uint64_t address = hvm_load_acquire(&thread->futex);
	struct futex_bucket *bucket = bucket_of(futexes_of(thread), address);
	struct thread **link = &bucket->first;

	if (!address)
		return false;
	lock_take(&bucket->lock);
	while (*link && *link != thread)
		link = &(*link)->next;
	if (!*link) {
		lock_release(&bucket->lock);
		return false;
	}
	dequeue(link, thread);
	thread->result = result;
	lock_release(&bucket->lock);
	sched_unblock(thread);
	return true;
}

/* Wake at most @count threads that wait for @address with one of @bits; how many there were. */
static HOT uint64_t wake(const struct thread *thread, uint64_t address, uint64_t count, uint32_t bits)
{
	struct futex_bucket *bucket = bucket_of(futexes_of(thread), address);
	struct thread **link = &bucket->first, *woken = NULL, **end = &woken;
	uint64_t found = 0;

	/* A waiter looks at the word with the lock held: who finds it free, and nobody here, comes first. */
	if (!hvm_load_acquire(&bucket->lock) && !hvm_load_acquire(&bucket->first))
		return 0;
	lock_take(&bucket->lock);
	while (*link && found < count) {
		struct thread *waiter = *link;

		if (waiter->futex != address || !(waiter->futex_bits & bits)) {
			link = &waiter->next;
			continue;
		}
		dequeue(link, waiter);
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

uint64_t futex_wake_here(struct thread *thread, uint64_t address, uint32_t count)
{
	return wake(thread, address, count, ANY_BIT);
}

void futex_wake(struct thread *thread, uint64_t address, uint32_t count)
{
	uint64_t found;

	hvm_fence_full();
	found = wake(thread, address, count, ANY_BIT);
	if (found < count && hvm_load_acquire(&futexes_of(thread)->in_linux)) {
		const uint64_t arg[HVM_SLOT_ARGS] = {address, FUTEX_WAKE, count - found};

		thread->slot->stats.calls_forwarded++;
		thread_forward(thread, NR_FUTEX, arg);
	}
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

/*
 * A wait that ends in the HRT: for threads of the job alone, and by a clock that nobody sets. A thread's end is waited
 * for as if others could see the word (pthread_join).
 */
static bool is_ours(const struct thread *thread, const struct hvm_regs *regs)
{
	return (regs->r10 == 0 || !(regs->rsi & FUTEX_CLOCK_REALTIME)) &&
	       (regs->rsi & FUTEX_PRIVATE || job_has_clear_tid(thread->job, regs->rdi));
}

static int64_t wait_somewhere(struct thread *thread, const struct hvm_regs *regs, uint32_t bits, bool absolute)
{
	uint64_t deadline = TIMER_NEVER;
	int64_t err;

	if (!is_ours(thread, regs))
		return wait_in_linux(thread, regs);
	thread->entry = regs;
	err = regs->r10 ? sleep_deadline(thread, regs->r10, absolute, &deadline) : 0;
	return err ? err : wait(thread, regs, bits, deadline);
}

static bool is_futex(uint64_t address)
{
	return (int64_t)address >= 0 && address % sizeof(uint32_t) == 0;
}

/* Linux refuses it, and knows with which errno. */
static bool is_refused(const struct hvm_regs *regs, uint32_t command)
{
	if (!is_futex(regs->rdi) || (regs->rsi & FUTEX_CLOCK_REALTIME && command != FUTEX_WAIT_BITSET))
		return true;
	if (command != FUTEX_REQUEUE && command != FUTEX_CMP_REQUEUE)
		return false;
	return !is_futex(regs->r8) || (int32_t)regs->rdx < 0 || (int32_t)regs->r10 < 0;
}

int64_t futex_call(struct thread *thread, const struct hvm_regs *regs)
{
	uint32_t operation = (uint32_t)regs->rsi, command = operation & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME);

	if (is_refused(regs, command))
		return syscall_forward(thread, regs);
	switch (command) {
	case FUTEX_WAIT:
		return wait_somewhere(thread, regs, ANY_BIT, false);
	case FUTEX_WAIT_BITSET:
		if (!(uint32_t)regs->r9)
			return -EINVAL;
		return wait_somewhere(thread, regs, (uint32_t)regs->r9, true);
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
