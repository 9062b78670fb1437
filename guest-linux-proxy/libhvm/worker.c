/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs on the HRT core: a loop that polls the worker's line and queue and calls functions. In ring 0, in the
 * process's memory; no kernel is entered but to sleep and to wake somebody.
 */
#include "worker.h"
#include "future.h"
#include "partition.h"
#include "ptask.h"
#include "raw.h"

#include <asm/prctl.h>
#include <errno.h>

#include <hvm/gate.h>
#include <hvm/poll.h>

#define POLLS 64 /* between two looks at the clock, and at others' queues */

typedef uint64_t function(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e);

static uint64_t call(void *what, const uint64_t arg[HVM_ARGUMENTS])
{
	return ((function *)what)(arg[0], arg[1], arg[2], arg[3], arg[4]);
}

static void answer(struct worker *worker, uint64_t tag, uint64_t failed)
{
	hvm_store_release(&worker->line.done, tag | failed);
}

/* The line is ours until it is answered. */
static inline void run_call(struct worker *worker, uint64_t tag)
{
	struct line *line = &worker->line;
	uint64_t result;

	hvm_store_relaxed(&worker->running, tag);
	result = call((void *)line->function, line->arg);
	hvm_store_relaxed(&worker->running, 0);
	hvm_store_relaxed(&line->function, result);
	answer(worker, tag, 0);
}

/* Others that could do it sleep, and this one has something else to do. */
static void pass_on(struct worker *worker)
{
	struct hvm *hvm = worker->hvm;
	uint64_t sleepers = hvm_load_relaxed(&hvm->sleepers) & ~(1ull << worker->index);

	if (sleepers)
		hvm_worker_wake(worker_at(hvm, (uint32_t)__builtin_ctzll(sleepers)));
}

static void run_item(struct worker *worker, const struct item *item)
{
	struct hvm_future *future = item->future;
	uint64_t limit, result;

	hvm_store_relaxed(&worker->engaged, 1);
	worker->future = future;
	worker->wanted = future->failure;
	limit = future->reserved[FUTURE_LIMIT];
	hvm_store_relaxed(&worker->running, ++worker->tickets << 1 | 1);
	if (limit)
		raw_call3(CALL_LIMIT, limit, 0, 0);
	result = call(item->function, item->arg);
	hvm_store_relaxed(&worker->running, 0);
	if (limit)
		raw_call3(CALL_LIMIT, 0, 0, 0);
	future_complete(future, result, 0);
	hvm_store_relaxed(&worker->engaged, 0);
}

static bool take_item(struct worker *worker, struct queue *queue)
{
	struct item item;

	if (!queue_has(queue) || !queue_take(queue, &item))
		return false;
	if (queue_has(&worker->open))
		pass_on(worker);
	run_item(worker, &item);
	return true;
}

/* Work for any core that lies with a worker which has no time for it. */
static bool steal(struct worker *worker)
{
	struct hvm *hvm = worker->hvm;

	for (uint32_t i = 0; i < hvm->cores; i++)
		if (i != worker->index && take_item(worker, &worker_at(hvm, i)->open))
			return true;
	return false;
}

static bool may_steal(const struct worker *worker)
{
	for (uint32_t i = 0; i < worker->hvm->cores; i++)
		if (i != worker->index && queue_has(&worker_at(worker->hvm, i)->open))
			return true;
	return false;
}

static bool has_call(const struct worker *worker)
{
	return hvm_load_acquire(&worker->line.head) != worker->served;
}

/* Say so, fence, look again, halt. */
static void sleep(struct worker *worker)
{
	uint64_t mine = 1ull << worker->index;

	hvm_store_relaxed(&worker->sleeping, 1);
	__atomic_fetch_or(&worker->hvm->sleepers, mine, __ATOMIC_SEQ_CST);
	if (!may_steal(worker))
		while (hvm_load_acquire(&worker->sleeping) && !has_call(worker) && !hvm_load_acquire(&worker->mail))
			hvm_gate(HVM_GATE_HALT, (uint64_t)&worker->sleeping, 1, 0);
	__atomic_fetch_and(&worker->hvm->sleepers, ~mine, __ATOMIC_SEQ_CST);
	hvm_store_relaxed(&worker->sleeping, 0);
}

/* Nothing to do since *@since (0: it begins now). */
static void idle(struct worker *worker, uint64_t *since)
{
	uint64_t base = worker->spin_cycles, now = __builtin_ia32_rdtsc();

	if (!*since)
		*since = now;
	if (now - *since < worker->window)
		return;
	sleep(worker);
	worker->window = hvm_poll_adapt(worker->window, __builtin_ia32_rdtsc() - *since, base, HVM_POLL_HRT * base);
	*since = 0;
}

static _Noreturn void leave(struct worker *worker)
{
	future_fail_queued(worker);
	for (;;)
		raw_call3(CALL_LEAVE, 0, 0, 0);
}

/* The flag goes first: what comes after the look at the queues raises it again. */
static void open_mail(struct worker *worker)
{
	__atomic_exchange_n(&worker->mail, 0, __ATOMIC_SEQ_CST);
	if (hvm_load_acquire(&worker->stop))
		leave(worker);
	while (!has_call(worker) && (take_item(worker, &worker->own) || take_item(worker, &worker->open)))
		;
	if (queue_has(&worker->own) || queue_has(&worker->open))
		hvm_store_relaxed(&worker->mail, 1); /* a call comes first */
}

/* Poll for a while; true if there was something to do. */
static inline bool poll(struct worker *worker, bool pause)
{
	for (int i = 0; i < POLLS; i++) {
		uint64_t head = hvm_load_acquire(&worker->line.head);

		if (head != worker->served) {
			if (__builtin_expect(hvm_load_relaxed(&worker->mail), 0))
				pass_on(worker);
			worker->served = head;
			run_call(worker, head);
			return true;
		}
		if (__builtin_expect(hvm_load_relaxed(&worker->mail), 0)) {
			open_mail(worker);
			return true;
		}
		if (pause)
			__builtin_ia32_pause();
	}
	return false;
}

void hvm_worker_run(struct worker *worker)
{
	bool pause = worker->pause;
	uint64_t since = 0;

	if (worker->hvm->pool)
		ptask_run(worker);
	worker->served = worker->line.done & ~LINE_FAILED;
	for (;;) {
		if (poll(worker, pause) || steal(worker))
			since = 0;
		else
			idle(worker, &since);
	}
}

/* The server has written what went wrong. */
void hvm_worker_recovered(struct worker *worker)
{
	uint64_t ended = worker->running;

	if (worker->hvm->pool)
		ptask_recovered(worker);
	raw_call3(SYS_arch_prctl, ARCH_SET_FS, worker->fs_base, 0);
	hvm_store_relaxed(&worker->running, 0);
	hvm_store_relaxed(&worker->engaged, 0);
	if (ended & 1)
		future_complete(worker->future, 0, worker->error);
	else if (ended)
		answer(worker, ended, LINE_FAILED);
	hvm_worker_run(worker);
}

void hvm_worker_wake(struct worker *worker)
{
	if (hvm_load_relaxed(&worker->sleeping) && __atomic_exchange_n(&worker->sleeping, 0, __ATOMIC_ACQ_REL))
		raw_ioctl(worker->hvm->fd, HVM_IOC_KICK, &worker->index);
}
