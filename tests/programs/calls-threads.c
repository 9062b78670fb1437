/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of threads and of their scheduling, from the one thread that there is. */
#define _GNU_SOURCE
#include "calls.h"

#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>

static uint32_t word = 1, other = 2;
static struct timespec none, tick = {0, 1000}, bad = {0, -1}, early = {0, 1};

static void waiting(void)
{
	uint32_t *edge = calls_edge(sizeof(*edge));

	CALL(futex, &word, FUTEX_WAIT, 2, NULL);
	CALL(futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2, NULL);
	CALL(futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 1, &none);
	CALL(futex, &word, FUTEX_WAIT, 1, &tick);
	CALL(futex, &word, FUTEX_WAIT, 1ul << 32 | 1, &none);
	CALL(futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 1ul << 32 | 1, &none);
	CALL(futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 1, &bad);
	CALL(futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 1, LOW);
	CALL(futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2, &bad);
	CALL(futex, (char *)&word + 1, FUTEX_WAIT, 1, NULL);
	CALL(futex, (char *)&word + 1, FUTEX_WAIT, 1, &bad);
	CALL(futex, NULL, FUTEX_WAIT, 0, NULL);
	CALL(futex, NULL, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, NULL);
	CALL(futex, UPPER, FUTEX_WAIT, 0, NULL);
	CALL(futex, UPPER, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, NULL);
	CALL(futex, NOWHERE, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, NULL);
	CALL(futex, (char *)UPPER + 1, FUTEX_WAIT, 0, NULL);
	CALL(futex, calls_unmapped(), FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, NULL);
	CALL(futex, calls_read_only(), FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, &none);
	CALL(futex, calls_read_only(), FUTEX_WAIT, 0, &none);
	CALL(futex, edge, FUTEX_WAIT, 0, &none);
	CALL(futex, edge + 1, FUTEX_WAIT, 0, &none);
	CALL(futex, &word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 1, &none);
	CALL(futex, &word, FUTEX_WAIT_BITSET, 1, &early, NULL, 1);
	CALL(futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 1, &early, NULL, 1);
	CALL(futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME, 1, &early, NULL, 1);
	CALL(futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 1, &early, NULL, 0);
	CALL(futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 2, &bad, NULL, 0);
	CALL(futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 2, NULL, NULL, -1);
}

static void waking(void)
{
	CALL(futex, &word, FUTEX_WAKE, 1);
	CALL(futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
	CALL(futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 0);
	CALL(futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, -1);
	CALL(futex, (char *)&word + 2, FUTEX_WAKE, 1);
	CALL(futex, NULL, FUTEX_WAKE, 1);
	CALL(futex, NULL, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
	CALL(futex, UPPER, FUTEX_WAKE, 1);
	CALL(futex, UPPER, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
	CALL(futex, calls_unmapped(), FUTEX_WAKE, 1);
	CALL(futex, calls_unmapped(), FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
	CALL(futex, &word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0);
	CALL(futex, &word, FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 4);
	CALL(futex, &word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1);
	CALL(futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME, 1);
	CALL(futex, &word, FUTEX_FD, 1);
	CALL(futex, &word, 77, 1);
	CALL(futex, &word, 77 | FUTEX_PRIVATE_FLAG, 1);
	CALL(futex, &word, 0x80000000, 1);
	CALL(futex, &word, 0x200 | FUTEX_WAKE, 1);
}

static void requeueing(void)
{
	CALL(futex, &word, FUTEX_REQUEUE | FUTEX_PRIVATE_FLAG, 1, 1, &other);
	CALL(futex, &word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 1, 1, &other, 1);
	CALL(futex, &word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 1, 1, &other, 7);
	CALL(futex, &word, FUTEX_CMP_REQUEUE, 1, 1, &other, 7);
	CALL(futex, &word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, -1, 1, &other, 1);
	CALL(futex, &word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 1, -1, &other, 1);
	CALL(futex, &word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 1, 1, (char *)&other + 1, 1);
	CALL(futex, &word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 1, 1, UPPER, 1);
	CALL(futex, &word, FUTEX_REQUEUE | FUTEX_PRIVATE_FLAG, -1, -1, &other);
	CALL(futex, &word, FUTEX_REQUEUE | FUTEX_PRIVATE_FLAG, 1, 1, NULL);
	CALL(futex, LOW, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 1, 1, &other, 7);
	CALL(futex, &word, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, 1, &other,
	     FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 2));
	TELL(other);
	CALL(futex, &word, FUTEX_WAKE_OP, 1, 1, &other, FUTEX_OP(FUTEX_OP_OR, 8, FUTEX_OP_CMP_GT, 2));
	TELL(other);
	CALL(futex, &word, FUTEX_WAKE_OP, 1, 1, LOW, 0);
	CALL(futex, &word, FUTEX_WAKE_OP, 1, 1, &other, 7 << 28);
}

static void inheritance(void)
{
	word = 0;
	CALL(futex, &word, FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG, 0, NULL);
	TELL((int)(word & FUTEX_TID_MASK) == gettid());
	CALL(futex, &word, FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG, 0, NULL);
	CALL(futex, &word, FUTEX_TRYLOCK_PI | FUTEX_PRIVATE_FLAG, 0, NULL);
	CALL(futex, &word, FUTEX_UNLOCK_PI | FUTEX_PRIVATE_FLAG);
	TELL(word);
	CALL(futex, &word, FUTEX_UNLOCK_PI | FUTEX_PRIVATE_FLAG);
	CALL(futex, &word, FUTEX_TRYLOCK_PI);
	CALL(futex, &word, FUTEX_UNLOCK_PI);
	CALL(futex, LOW, FUTEX_LOCK_PI, 0, NULL);
	CALL(futex, &word, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &word, 0);
	CALL(futex_waitv, NULL, 0, 0, NULL, 0);
	CALL(futex_waitv, LOW, 1, 0, NULL, 0);
}

static void scheduling(void)
{
	struct sched_param param = {0}, real_time = {1};
	uint32_t attr[12] = {sizeof(attr)}; /* struct sched_attr: size, policy, ... */
	struct timespec slice;

	CALL(sched_yield);
	CALL(sched_getscheduler, 0);
	CALL(sched_getscheduler, -1);
	CALL(sched_getscheduler, 1 << 29);
	CALL(sched_setscheduler, 0, SCHED_OTHER, &param);
	CALL(sched_setscheduler, 0, SCHED_FIFO, &param);
	CALL(sched_setscheduler, 0, SCHED_OTHER, &real_time);
	CALL(sched_setscheduler, 0, 77, &param);
	CALL(sched_setscheduler, 0, SCHED_OTHER, NULL);
	CALL(sched_setscheduler, 0, SCHED_OTHER, LOW);
	CALL(sched_setscheduler, 0, SCHED_BATCH, &param);
	CALL(sched_getscheduler, 0);
	CALL(sched_setscheduler, 0, SCHED_OTHER, &param);
	CALL(sched_getparam, 0, &param);
	TELL(param.sched_priority);
	CALL(sched_getparam, 0, NULL);
	CALL(sched_getparam, 0, LOW);
	CALL(sched_setparam, 0, &real_time);
	CALL(sched_getattr, 0, attr, sizeof(attr), 0);
	TELL(attr[1]);
	CALL(sched_getattr, 0, attr, 1, 0);
	CALL(sched_getattr, 0, attr, sizeof(attr), 1);
	CALL(sched_setattr, 0, attr, 1);
	CALL(sched_setattr, 0, NULL, 0);
	CALL(sched_get_priority_max, SCHED_FIFO);
	CALL(sched_get_priority_min, SCHED_RR);
	CALL(sched_get_priority_max, 77);
	CALL(sched_rr_get_interval, 0, &slice);
	CALL(sched_rr_get_interval, 0, LOW);
	CALL(sched_rr_get_interval, -1, &slice);
}

/* How many processors there are is the partition's affair. */
static void affinity(void)
{
	unsigned long mask[128] = {0}, *edge = calls_edge(8), nothing[2] = {0};
	unsigned int cpu = 999, node = 999;

	TELL(QUIET(sched_getaffinity, 0, sizeof(mask), mask) >= 8);
	CALL(sched_getaffinity, 0, 7, mask);
	CALL(sched_getaffinity, 0, 12, mask);
	CALL(sched_getaffinity, 0, 0, mask);
	CALL(sched_getaffinity, 0, sizeof(mask), NULL);
	CALL(sched_getaffinity, 0, sizeof(mask), UPPER);
	CALL(sched_getaffinity, -1, sizeof(mask), mask);
	CALL(sched_getaffinity, 1 << 29, sizeof(mask), mask);
	CALL(sched_getaffinity, 1 << 29, 7, mask);
	*edge = mask[0];
	CALL(sched_setaffinity, 0, 8, edge);
	CALL(sched_setaffinity, 0, 9, edge);
	CALL(sched_setaffinity, 0, sizeof(mask), mask);
	CALL(sched_setaffinity, 0, 1, mask);
	CALL(sched_setaffinity, 0, 0, mask);
	CALL(sched_setaffinity, 0, 8, nothing);
	CALL(sched_setaffinity, 0, 8, NULL);
	CALL(sched_setaffinity, 0, 0, NULL);
	CALL(sched_setaffinity, -1, 8, mask);
	CALL(sched_setaffinity, 1 << 29, 8, mask);
	CALL(sched_setaffinity, 1 << 29, 8, LOW);
	CALL(sched_setaffinity, getpid(), sizeof(mask), mask);
	CALL(getcpu, &cpu, &node, NULL);
	TELL(cpu < 64 && mask[0] >> cpu & 1);
	TELL(node);
	CALL(getcpu, NULL, NULL, NULL);
	CALL(getcpu, LOW, NULL, NULL);
	CALL(getcpu, NULL, UPPER, LOW);
	CALL(getcpu, &cpu, &node, LOW);
}

static void lists_and_barriers(void)
{
	struct {
		void *next;
		long offset;
		void *pending;
	} head = {&head, 0, NULL}, *told = NULL;
	size_t size = 0;

	CALL(set_robust_list, &head, sizeof(head));
	CALL(set_robust_list, &head, sizeof(head) - 1);
	CALL(set_robust_list, &head, 0);
	CALL(set_robust_list, UPPER, sizeof(head));
	CALL(set_robust_list, &head, sizeof(head));
	CALL(get_robust_list, 0, &told, &size);
	TELL(told == &head && size == sizeof(head));
	CALL(get_robust_list, getpid(), &told, &size);
	TELL(told == &head);
	CALL(get_robust_list, 0, LOW, &size);
	CALL(get_robust_list, 0, &told, UPPER);
	CALL(get_robust_list, -1, &told, &size);
	CALL(get_robust_list, 1 << 29, &told, &size);
	CALL(set_robust_list, NULL, sizeof(head));
	TELL(QUIET(set_tid_address, &word) == getpid());
	TELL(QUIET(set_tid_address, LOW) == getpid());
	TELL(QUIET(set_tid_address, NULL) == getpid());
	CALL(membarrier, 2, 0, 0);
	CALL(membarrier, 8, 0, 0);
	CALL(membarrier, 16, 0, 0);
	CALL(membarrier, 8, 0, 0);
	CALL(membarrier, 1, 0, 0);
	CALL(membarrier, 0, 1, 0);
	CALL(membarrier, -1, 0, 0);
	CALL(membarrier, 3, 0, 0);
	TELL((QUIET(membarrier, 0, 0, 0) & 0x1f) == 0x1f);
}

static void signalling(void)
{
	CALL(tgkill, getpid(), gettid(), 0);
	CALL(tgkill, getpid(), gettid(), 65);
	CALL(tgkill, getpid(), gettid(), -1);
	CALL(tgkill, getpid(), 1 << 29, 0);
	CALL(tgkill, getpid(), 0, 0);
	CALL(tgkill, 0, gettid(), 0);
	CALL(tgkill, 1, gettid(), 0);
	CALL(tgkill, -1, gettid(), 0);
	CALL(tkill, gettid(), 0);
	CALL(tkill, 0, 0);
	CALL(tkill, 1 << 29, 0);
	CALL(kill, getpid(), 0);
	CALL(kill, getpid(), 65);
	CALL(kill, 1 << 29, 0);
	CALL(kill, 1ul << 32 | (unsigned)getpid(), 0);
	CALL(pidfd_open, getpid(), 1);
	CALL(pidfd_open, 1 << 29, 0);
	CALL(pidfd_open, getpid(), 0);
	CALL(pidfd_send_signal, 3, 0, NULL, 0);
	CALL(pidfd_send_signal, 3, 0, NULL, 1);
	CALL(pidfd_send_signal, 0, 0, NULL, 0);
	CALL(pidfd_getfd, 3, 1, 1);
	CALL(pidfd_getfd, 3, 999, 0);
	CALL(close, 3);
}

int main(void)
{
	calls_begin();
	waiting();
	waking();
	requeueing();
	inheritance();
	scheduling();
	affinity();
	lists_and_barriers();
	signalling();
	return calls_end();
}
