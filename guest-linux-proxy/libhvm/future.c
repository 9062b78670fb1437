/* SPDX-License-Identifier: Apache-2.0 */
/* Asynchronous calls: submitted into the workers' queues, waited for asleep. */
#include "future.h"
#include "partition.h"
#include "raw.h"

#include <errno.h>
#include <time.h>

#include <hvm/gate.h>
#include <hvm/poll.h>

#define FOREVER	     UINT64_MAX
#define NS_PER_S     1000000000ull
#define LOST_STEPS   1000 /* of LOST_STEP_NS: how long the end of a lost partition may take to reach its futures */
#define LOST_STEP_NS 1000000

/* Of the calling thread: which of the slots it sleeps behind, and how long it polls before, TSC cycles. */
static __thread uint32_t waiter_number __attribute__((tls_model("initial-exec")));
static __thread uint64_t waiter_window __attribute__((tls_model("initial-exec")));

void future_complete(struct hvm_future *future, uint64_t result, int error)
{
	uint32_t waiter;

	future->result = result;
	future->error = error;
	waiter = __atomic_exchange_n(&future->state, FUTURE_DONE, __ATOMIC_ACQ_REL);
	if (waiter && hvm_self)
		hvm_gate(HVM_GATE_NOTIFY, waiter - 1, 0, 0);
}

void future_fail_queued(struct worker *worker)
{
	struct item item;

	while (queue_take(&worker->own, &item) || queue_take(&worker->open, &item))
		future_complete(item.future, 0, -ESHUTDOWN);
}

bool hvm_poll(const struct hvm_future *future)
{
	return hvm_load_acquire(&future->state) == FUTURE_DONE;
}

/* ---- submission ---- */

static bool is_idle(const struct worker *worker)
{
	return !hvm_load_relaxed(&worker->running) && !queue_has(&worker->own) && !queue_has(&worker->open);
}

/* Where work for any core goes: to one that has nothing to do, or to each in its turn. */
static uint32_t choose(struct hvm *hvm)
{
	uint32_t turn = hvm_load_relaxed(&hvm->turn);

	hvm_store_relaxed(&hvm->turn, turn + 1);
	for (uint32_t i = 0; i < hvm->cores; i++) {
		uint32_t core = (turn + i) % hvm->cores;

		if (is_idle(worker_at(hvm, core)))
			return core;
	}
	return turn % hvm->cores;
}

/* The core in whose queue it is now, or -EAGAIN. */
static int put(struct hvm *hvm, const struct item *item, int wanted)
{
	uint32_t first;

	if (wanted != HVM_ANY_CORE)
		return queue_put(&worker_at(hvm, (uint32_t)wanted)->own, item) ? wanted : -EAGAIN;
	first = choose(hvm);
	for (uint32_t i = 0; i < hvm->cores; i++) {
		uint32_t core = (first + i) % hvm->cores;

		if (queue_put(&worker_at(hvm, core)->open, item))
			return (int)core;
	}
	return -EAGAIN;
}

static int submit(struct hvm *hvm, const struct hvm_work *work, struct hvm_future *future)
{
	struct item item = {.function = work->function, .future = future};

	if (work->core != HVM_ANY_CORE && (uint32_t)work->core >= hvm->cores)
		return -EINVAL;
	for (unsigned int i = 0; i < HVM_ARGUMENTS; i++)
		item.arg[i] = work->arg[i];
	future->failure = work->failure;
	future->reserved[FUTURE_LIMIT] = work->limit_ns;
	hvm_store_relaxed(&future->state, 0);
	return put(hvm, &item, work->core);
}

/* Workers got work, a bit for each: wake them, or others that could help. After it was put there. */
static void announce(struct hvm *hvm, uint64_t cores)
{
	hvm_fence_full();
	for (; cores; cores &= cores - 1) {
		struct worker *worker = worker_at(hvm, (uint32_t)__builtin_ctzll(cores));
		uint64_t sleepers;

		worker_mail(worker);
		sleepers = hvm_load_relaxed(&hvm->sleepers);
		hvm_worker_wake(worker);
		if (sleepers && hvm_load_relaxed(&worker->running))
			hvm_worker_wake(worker_at(hvm, (uint32_t)__builtin_ctzll(sleepers)));
	}
}

/* The cores were lost meanwhile, and nobody may have seen what was put into their queues. */
static void fail_late(struct hvm *hvm, uint64_t cores)
{
	for (; cores; cores &= cores - 1)
		future_fail_queued(worker_at(hvm, (uint32_t)__builtin_ctzll(cores)));
}

int hvm_submit_many(struct hvm *hvm, const struct hvm_work *works, struct hvm_future *futures, unsigned int count)
{
	uint64_t cores = 0;
	unsigned int n;
	int core = 0;

	if (!is_attached(hvm))
		return why_not(hvm);
	for (n = 0; n < count; n++) {
		core = submit(hvm, &works[n], &futures[n]);
		if (core < 0)
			break;
		cores |= 1ull << core;
	}
	announce(hvm, cores);
	if (!is_attached(hvm))
		fail_late(hvm, cores);
	return n || core >= 0 ? (int)n : core;
}

int hvm_submit(struct hvm *hvm, const struct hvm_work *work, struct hvm_future *future)
{
	int begun = hvm_submit_many(hvm, work, future, 1);

	return begun < 0 ? begun : 0;
}

/* ---- waiting ---- */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static bool poll(const struct hvm *hvm, const struct hvm_future *future)
{
	uint64_t start = __builtin_ia32_rdtsc();

	if (!waiter_window)
		waiter_window = hvm->spin_cycles;
	do {
		for (int i = 0; i < 64; i++) {
			if (hvm_poll(future))
				return true;
			if (hvm->pause)
				__builtin_ia32_pause();
		}
	} while (!hvm->alone && __builtin_ia32_rdtsc() - start < waiter_window);
	return hvm_poll(future);
}

/* The slot behind which to sleep for @future: its waiters share the first one's. */
static uint32_t slot_for(const struct hvm *hvm, struct hvm_future *future)
{
	static uint32_t waiters;
	uint32_t state = 0, mine;

	if (!waiter_number)
		waiter_number = __atomic_add_fetch(&waiters, 1, __ATOMIC_RELAXED) | 1u << 31;
	mine = hvm->cores + waiter_number % WAITER_SLOTS;
	if (__atomic_compare_exchange_n(&future->state, &state, mine + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return mine;
	return state > 0 && state <= hvm->slot_count ? state - 1 : mine;
}

/* Until something was notified behind the slot; 0, -EINTR, -ETIMEDOUT, or what says that there is no job any more. */
static int64_t sleep(const struct hvm *hvm, struct hvm_future *future, uint64_t timeout_ns)
{
	struct hvm_event_wait wait = {.slot = slot_for(hvm, future), .timeout_ns = timeout_ns};

	/* Who completes it changes its state before the count. */
	wait.seen = hvm_load_acquire(&hvm->slots[wait.slot].events);
	hvm_fence_full();
	if (hvm_poll(future))
		return 0;
	return raw_ioctl(hvm->fd, HVM_IOC_EVENT_WAIT, &wait);
}

/* Its end is on its way, by whoever finds it in a queue; what was lost with a core never ends. */
static int await_end(const struct hvm_future *future)
{
	const struct timespec step = {.tv_nsec = LOST_STEP_NS};

	for (int i = 0; i < LOST_STEPS && !hvm_poll(future); i++)
		raw_call3(SYS_nanosleep, (uint64_t)&step, 0, 0);
	return hvm_poll(future) ? 0 : -ESHUTDOWN;
}

/* Until it is done or @deadline. */
static int await(const struct hvm *hvm, struct hvm_future *future, uint64_t deadline)
{
	while (!hvm_poll(future)) {
		uint64_t now = deadline == FOREVER ? 0 : now_ns();
		int64_t err;

		if (!has_cores(hvm))
			return await_end(future);
		if (now >= deadline)
			return -EINPROGRESS;
		err = sleep(hvm, future, deadline == FOREVER ? 0 : deadline - now);
		if (err && err != -EINTR && err != -ETIMEDOUT)
			return await_end(future);
	}
	return 0;
}

/* Longer than the window: sleep, and let the window learn from how long it took in all. */
static int await_long(const struct hvm *hvm, struct hvm_future *future, uint64_t timeout_ns)
{
	uint64_t start = __builtin_ia32_rdtsc() - waiter_window, base = hvm->spin_cycles;
	int err = await(hvm, future, timeout_ns == FOREVER ? FOREVER : now_ns() + timeout_ns);

	waiter_window = hvm_poll_adapt(waiter_window, __builtin_ia32_rdtsc() - start, base, HVM_POLL_SERVER * base);
	return err;
}

int hvm_wait_for(struct hvm *hvm, struct hvm_future *future, uint64_t timeout_ns, uint64_t *result)
{
	int err = 0;

	if (!hvm_poll(future)) {
		if (state_of(hvm) == STATE_NONE)
			return -ENOTCONN;
		if (!poll(hvm, future))
			err = await_long(hvm, future, timeout_ns);
		if (err)
			return err;
	}
	if (result && !future->error)
		*result = future->result;
	return future->error;
}

int hvm_wait(struct hvm *hvm, struct hvm_future *future, uint64_t *result)
{
	return hvm_wait_for(hvm, future, FOREVER, result);
}
