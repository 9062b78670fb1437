/* SPDX-License-Identifier: Apache-2.0 */
/* Synchronous calls: a line of the worker's is written, and polled until the answer is there. */
#include "partition.h"
#include "raw.h"
#include "server.h"

#include <errno.h>

#define POLLS	    1024 /* between two looks at anything but the answer */
#define FIRST_POLLS 600	 /* until the first: a worker that does not sleep has answered a short call by then */

/* How long a caller polls before it lets others have its processor now and then, as multiples of spin_cycles. */
#define PATIENCE 8u

static __thread uint32_t last_used __attribute__((tls_model("initial-exec")));

struct wait {
	uint64_t start;
	uint64_t deadline; /* TSC; 0: none */
};

static bool try_lock(struct worker *worker)
{
	return !hvm_load_relaxed(&worker->lock) && !__atomic_exchange_n(&worker->lock, 1, __ATOMIC_ACQUIRE);
}

static void unlock(struct worker *worker)
{
	hvm_store_release(&worker->lock, 0);
}

static void give_way(unsigned int round)
{
	if (round > 64)
		raw_call3(SYS_sched_yield, 0, 0, 0);
	else
		__builtin_ia32_pause();
}

/* Any that is free now, the one that this thread used last first. */
static struct worker *claim_free(struct hvm *hvm, bool busy_too)
{
	uint32_t cores = hvm->cores, at = last_used < cores ? last_used : 0;

	for (uint32_t i = 0; i < cores; i++) {
		struct worker *worker = worker_at(hvm, at);

		if (worker != hvm_self && (busy_too || !hvm_load_relaxed(&worker->engaged)) && try_lock(worker)) {
			last_used = at;
			return worker;
		}
		at = at + 1 < cores ? at + 1 : 0;
	}
	return NULL;
}

static struct worker *claim_any(struct hvm *hvm)
{
	for (unsigned int round = 0; is_attached(hvm); round++) {
		struct worker *worker = claim_free(hvm, false);

		if (!worker)
			worker = claim_free(hvm, true);
		if (worker)
			return worker;
		if (hvm_self && hvm->cores == 1)
			return NULL;
		give_way(round);
	}
	return NULL;
}

static struct worker *claim(struct hvm *hvm, uint32_t core)
{
	struct worker *worker = worker_at(hvm, core);

	if (worker == hvm_self)
		return NULL;
	for (unsigned int round = 0; is_attached(hvm); round++) {
		if (try_lock(worker))
			return worker;
		give_way(round);
	}
	return NULL;
}

static inline uint64_t post(struct worker *worker, const struct hvm_work *work)
{
	struct line *line = &worker->line;

	hvm_store_relaxed(&line->function, (uint64_t)work->function);
#pragma GCC unroll 5
	for (unsigned int i = 0; i < HVM_ARGUMENTS; i++)
		hvm_store_relaxed(&line->arg[i], work->arg[i]);
	worker->tag += LINE_NEXT;
	hvm_store_release(&line->head, worker->tag);
	return worker->tag;
}

static inline bool is_answered(const struct worker *worker, uint64_t tag)
{
	return (hvm_load_acquire(&worker->line.done) & ~LINE_FAILED) == tag;
}

static inline bool poll(const struct worker *worker, uint64_t tag, int polls)
{
	bool pause = worker->pause;

	for (int i = 0; i < polls; i++) {
		if (is_answered(worker, tag))
			return true;
		if (pause)
			__builtin_ia32_pause();
	}
	return false;
}

/* True if it is past the limit; then again after a millisecond, because a server may be on its way into a system call.
 */
static bool is_over(struct wait *wait, const struct hvm *hvm)
{
	uint64_t now = __builtin_ia32_rdtsc();

	if (!wait->deadline || now < wait->deadline)
		return false;
	wait->deadline = now + hvm->tsc_khz;
	return true;
}

static void stop(struct worker *worker, uint64_t tag)
{
	server_call_off(worker, tag);
	hvm_server_interrupt(worker);
}

/* After each round of polls. */
static void be_patient(const struct hvm *hvm, const struct wait *wait)
{
	if (hvm->alone || __builtin_ia32_rdtsc() - wait->start > PATIENCE * hvm->spin_cycles)
		raw_call3(SYS_sched_yield, 0, 0, 0);
}

/* It takes long: the worker may sleep, or be gone, or the function over its limit. */
static __attribute__((noinline)) int await_long(struct worker *worker, uint64_t tag, struct wait *wait)
{
	struct hvm *hvm = worker->hvm;

	wait->start = __builtin_ia32_rdtsc();
	hvm_fence_full();
	hvm_worker_wake(worker);
	while (!poll(worker, tag, POLLS)) {
		if (!is_attached(hvm))
			return -ESHUTDOWN;
		if (is_over(wait, hvm))
			stop(worker, tag);
		be_patient(hvm, wait);
	}
	return 0;
}

static int failed(const struct worker *worker, const struct hvm_work *work)
{
	if (work->failure)
		*work->failure = worker->failure;
	return worker->error;
}

/* What came of it, which was not there at once. The lock is held. */
static int settle(struct worker *worker, const struct hvm_work *work, uint64_t tag, struct wait *wait, uint64_t *result)
{
	int err = await_long(worker, tag, wait);

	if (err)
		return err;
	if (hvm_load_relaxed(&worker->line.done) & LINE_FAILED)
		return failed(worker, work);
	if (result)
		*result = hvm_load_relaxed(&worker->line.function);
	return 0;
}

static uint64_t cycles(const struct hvm *hvm, uint64_t ns)
{
	return (uint64_t)((unsigned __int128)ns * hvm->tsc_khz / 1000000);
}

static struct wait begin_wait(const struct hvm *hvm, const struct hvm_work *work)
{
	struct wait wait = {.deadline = 0};

	if (work->limit_ns)
		wait.deadline = __builtin_ia32_rdtsc() + cycles(hvm, work->limit_ns);
	return wait;
}

/* A function of this core called its own core. */
static int withdraw(struct worker *worker)
{
	worker->tag -= LINE_NEXT;
	hvm_store_relaxed(&worker->line.head, worker->tag);
	unlock(worker);
	return -EDEADLK;
}

/* It was posted, and is not answered yet, or failed. */
static __attribute__((noinline)) int finish(struct hvm *hvm, struct worker *worker, const struct hvm_work *work,
					    uint64_t *result)
{
	struct wait wait = begin_wait(hvm, work);
	int err;

	if (worker == hvm_self)
		return withdraw(worker);
	err = settle(worker, work, worker->tag, &wait, result);
	unlock(worker);
	return err;
}

/* The worker that is meant is not there, or not free. */
static __attribute__((noinline)) int call_later(struct hvm *hvm, const struct hvm_work *work, uint64_t *result)
{
	struct worker *worker;

	if (!is_attached(hvm))
		return why_not(hvm);
	if (work->core == HVM_ANY_CORE)
		worker = claim_any(hvm);
	else if ((uint32_t)work->core >= hvm->cores)
		return -EINVAL;
	else
		worker = claim(hvm, (uint32_t)work->core);
	if (!worker)
		return is_attached(hvm) ? -EDEADLK : why_not(hvm);
	if (is_attached(hvm)) {
		post(worker, work);
		return finish(hvm, worker, work, result);
	}
	unlock(worker);
	return why_not(hvm);
}

/* If it is free. */
static inline struct worker *claim_now(struct hvm *hvm, int core)
{
	struct worker *worker;
	bool any;

	if (!is_attached(hvm))
		return NULL;
	any = core == HVM_ANY_CORE;
	if (any)
		core = (int)last_used;
	if ((uint32_t)core >= hvm->cores)
		return NULL;
	worker = worker_at(hvm, (uint32_t)core);
	if (any && hvm_load_relaxed(&worker->engaged))
		return NULL;
	return try_lock(worker) ? worker : NULL;
}

/* What is here and in the worker's poll is all that a call costs. */
int hvm_call(struct hvm *hvm, const struct hvm_work *work, uint64_t *result)
{
	struct worker *worker = claim_now(hvm, work->core);
	uint64_t tag;

	if (__builtin_expect(!worker, 0))
		return call_later(hvm, work, result);
	if (__builtin_expect(!is_attached(hvm), 0)) {
		unlock(worker);
		return call_later(hvm, work, result);
	}
	tag = post(worker, work);
	for (int i = 0; i < FIRST_POLLS; i++) {
		if (hvm_load_acquire(&worker->line.done) == tag) {
			if (result)
				*result = hvm_load_relaxed(&worker->line.function);
			unlock(worker);
			return 0;
		}
		if (worker->pause)
			__builtin_ia32_pause();
	}
	return finish(hvm, worker, work, result);
}

/* ---- all at once ---- */

static void lock_all(struct hvm *hvm, uint32_t cores)
{
	for (uint32_t i = 0; i < cores; i++)
		for (unsigned int round = 0; !try_lock(worker_at(hvm, i)); round++)
			give_way(round);
}

static void unlock_all(struct hvm *hvm, uint32_t cores)
{
	for (uint32_t i = 0; i < cores; i++)
		unlock(worker_at(hvm, i));
}

static void post_all(struct hvm *hvm, const struct hvm_work *work, uint32_t cores)
{
	for (uint32_t i = 0; i < cores; i++) {
		const struct hvm_work of_rank = {
		    .function = work->function,
		    .arg = {i, cores, work->arg[0], work->arg[1], work->arg[2]},
		};

		post(worker_at(hvm, i), &of_rank);
	}
}

static bool is_done(const struct worker *worker)
{
	return is_answered(worker, worker->tag);
}

static bool all_done(const struct hvm *hvm, uint32_t cores)
{
	for (uint32_t i = 0; i < cores; i++)
		if (!poll(worker_at(hvm, i), worker_at(hvm, i)->tag, POLLS))
			return false;
	return true;
}

/* The first rank that has failed, or NULL. */
static const struct worker *first_failed(const struct hvm *hvm, uint32_t cores)
{
	for (uint32_t i = 0; i < cores; i++)
		if (is_done(worker_at(hvm, i)) && hvm_load_relaxed(&worker_at(hvm, i)->line.done) & LINE_FAILED)
			return worker_at(hvm, i);
	return NULL;
}

static void stop_all(struct hvm *hvm, uint32_t cores)
{
	for (uint32_t i = 0; i < cores; i++)
		if (!is_done(worker_at(hvm, i)))
			stop(worker_at(hvm, i), worker_at(hvm, i)->tag);
}

/* Ranks may wait for one that has failed: then they are stopped. @failed: the one that tells why, or NULL. */
static int await_all(struct hvm *hvm, uint32_t cores, struct wait *wait, const struct worker **failed)
{
	wait->start = __builtin_ia32_rdtsc();
	*failed = NULL;
	hvm_fence_full();
	for (uint32_t i = 0; i < cores; i++)
		hvm_worker_wake(worker_at(hvm, i));
	while (!all_done(hvm, cores)) {
		if (!is_attached(hvm))
			return -ESHUTDOWN;
		if (!*failed) {
			*failed = first_failed(hvm, cores);
			if (*failed)
				wait->deadline = 1;
		}
		if (is_over(wait, hvm))
			stop_all(hvm, cores);
		be_patient(hvm, wait);
	}
	if (!*failed)
		*failed = first_failed(hvm, cores);
	return 0;
}

static int call_all(struct hvm *hvm, const struct hvm_work *work, uint32_t cores, uint64_t *results)
{
	struct wait wait = begin_wait(hvm, work);
	const struct worker *culprit;
	int err;

	if (!is_attached(hvm))
		return why_not(hvm);
	post_all(hvm, work, cores);
	err = await_all(hvm, cores, &wait, &culprit);
	if (err)
		return err;
	if (culprit)
		return failed(culprit, work);
	for (uint32_t i = 0; results && i < cores; i++)
		results[i] = hvm_load_relaxed(&worker_at(hvm, i)->line.function);
	return 0;
}

int hvm_call_all(struct hvm *hvm, const struct hvm_work *work, unsigned int cores, uint64_t *results)
{
	int err;

	if (!is_attached(hvm))
		return why_not(hvm);
	if (hvm_self)
		return -EDEADLK;
	if (!cores)
		cores = hvm->cores;
	if (cores > hvm->cores)
		return -EINVAL;
	lock_all(hvm, cores);
	err = call_all(hvm, work, cores, results);
	unlock_all(hvm, cores);
	return err;
}
