/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines and queues, with threads that stand in for workers on HRT cores: their loop is the real one, the gate is not.
 * Run under AddressSanitizer and ThreadSanitizer.
 */
#include "../future.h"
#include "../partition.h"
#include "../ptask.h"
#include "../server.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define CORES	    2u
#define THREADS	    4u
#define CALLS	    5000u
#define ITEMS	    20000u
#define SUBMISSIONS 5000u

#define CHECK(what)                                                                                                    \
	do {                                                                                                           \
		if (!(what)) {                                                                                         \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #what);                      \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

/* ---- what stands in ---- */

__thread struct worker *hvm_self;
static uint32_t notified;

int64_t hvm_gate(uint32_t number, uint64_t a, uint64_t b, uint64_t c)
{
	(void)a;
	(void)b;
	(void)c;
	if (number == 5) /* HVM_GATE_HALT: as if something else had ended it */
		sched_yield();
	else
		__atomic_fetch_add(&notified, 1, __ATOMIC_RELAXED);
	return 0;
}

void server_call_off(struct worker *worker, uint64_t what)
{
	hvm_store_release(&worker->called_off, what);
}

void hvm_server_interrupt(struct worker *worker)
{
	(void)worker;
}

int problem(int err, const char *format, ...)
{
	(void)format;
	return err;
}

_Noreturn void ptask_run(struct worker *worker)
{
	(void)worker;
	abort();
}

_Noreturn void ptask_recovered(struct worker *worker)
{
	(void)worker;
	abort();
}

static void *allocate(size_t size)
{
	size_t pages = (size + 4095) & ~(size_t)4095;
	void *memory = aligned_alloc(4096, pages);

	CHECK(memory);
	return memset(memory, 0, pages);
}

/* A partition whose workers nobody runs yet. */
static struct hvm *make(void)
{
	struct hvm *hvm = allocate(sizeof(*hvm));

	hvm->stride = (sizeof(struct worker) + 4095) & ~4095u;
	hvm->worker = allocate(CORES * hvm->stride);
	hvm->cores = CORES;
	hvm->fd = -1;
	hvm->spin_cycles = 10000;
	hvm->tsc_khz = 1000000;
	hvm->slots = allocate(4096);
	hvm->slot_count = 8;
	for (uint32_t i = 0; i < CORES; i++) {
		struct worker *worker = worker_at(hvm, i);

		queue_reset(&worker->own);
		queue_reset(&worker->open);
		worker->hvm = hvm;
		worker->index = i;
		worker->window = worker->spin_cycles = hvm->spin_cycles;
	}
	hvm->state = STATE_ATTACHED;
	return hvm;
}

static void *stand_in(void *worker)
{
	hvm_self = worker;
	hvm_worker_run(worker);
}

static struct hvm *attached(void)
{
	struct hvm *hvm = make();

	for (uint32_t i = 0; i < CORES; i++) {
		pthread_t thread;

		CHECK(!pthread_create(&thread, NULL, stand_in, worker_at(hvm, i)));
		pthread_detach(thread);
	}
	return hvm;
}

/* ---- the queue ---- */

static void test_order_and_room(void)
{
	struct queue *queue = allocate(sizeof(*queue));
	struct item item = {.function = NULL}, out;

	queue_reset(queue);
	for (unsigned int round = 0; round < 3; round++) {
		CHECK(!queue_has(queue) && !queue_take(queue, &out));
		for (uint64_t i = 0; i < QUEUE_CELLS; i++) {
			item.arg[0] = i;
			CHECK(queue_put(queue, &item));
		}
		CHECK(!queue_put(queue, &item));
		for (uint64_t i = 0; i < QUEUE_CELLS; i++)
			CHECK(queue_has(queue) && queue_take(queue, &out) && out.arg[0] == i);
	}
	free(queue);
}

static struct queue *crowded;
static uint32_t taken[THREADS * ITEMS];
static uint32_t taken_count;

static void *put_all(void *number)
{
	for (uint64_t i = 0; i < ITEMS; i++) {
		struct item item = {.arg = {(uint64_t)number * ITEMS + i}};

		while (!queue_put(crowded, &item))
			sched_yield();
	}
	return NULL;
}

static void *take_all(void *unused)
{
	struct item item;

	while (__atomic_load_n(&taken_count, __ATOMIC_RELAXED) < THREADS * ITEMS) {
		if (!queue_take(crowded, &item)) {
			sched_yield();
			continue;
		}
		__atomic_fetch_add(&taken[item.arg[0]], 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&taken_count, 1, __ATOMIC_RELAXED);
	}
	return unused;
}

static void test_each_item_is_taken_once(void)
{
	pthread_t putter[THREADS], taker[THREADS];

	crowded = allocate(sizeof(*crowded));
	queue_reset(crowded);
	for (uint64_t i = 0; i < THREADS; i++) {
		pthread_create(&putter[i], NULL, put_all, (void *)i);
		pthread_create(&taker[i], NULL, take_all, NULL);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		pthread_join(putter[i], NULL);
		pthread_join(taker[i], NULL);
	}
	for (uint64_t i = 0; i < THREADS * ITEMS; i++)
		CHECK(taken[i] == 1);
	free(crowded);
}

/* ---- calls ---- */

static struct hvm *shared;
static uint64_t sum;

static uint64_t mix(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return a ^ b << 4 ^ c << 8 ^ d << 12 ^ e << 16;
}

static uint64_t add(uint64_t number)
{
	__atomic_fetch_add(&sum, number, __ATOMIC_RELAXED);
	return number;
}

static void *call_often(void *number)
{
	for (uint64_t i = 0; i < CALLS; i++) {
		struct hvm_work work = *HVM_WORK(mix, i, number, 3, 4, 5);
		uint64_t result = 0;

		work.core = i % 3 ? HVM_ANY_CORE : (int)(i % CORES);
		CHECK(hvm_call(shared, &work, &result) == 0);
		CHECK(result == mix(i, (uint64_t)number, 3, 4, 5));
	}
	return NULL;
}

static void test_callers_get_their_answers(void)
{
	pthread_t thread[THREADS];

	for (uint64_t i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, call_often, (void *)i);
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

static void *submit_often(void *unused)
{
	struct hvm_future *future = allocate(SUBMISSIONS * sizeof(*future));

	for (uint64_t i = 0; i < SUBMISSIONS; i++) {
		struct hvm_work work = *HVM_WORK(add, 1);

		work.core = i % 4 ? HVM_ANY_CORE : (int)(i % CORES);
		while (hvm_submit(shared, &work, &future[i]) == -EAGAIN)
			sched_yield();
	}
	for (uint64_t i = 0; i < SUBMISSIONS; i++) {
		while (!hvm_poll(&future[i]))
			sched_yield();
		CHECK(future[i].error == 0 && future[i].result == 1);
	}
	free(future);
	return unused;
}

static void test_submitted_work_runs_once(void)
{
	pthread_t thread[THREADS];

	sum = 0;
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, submit_often, NULL);
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	CHECK(sum == THREADS * SUBMISSIONS);
}

static uint64_t meet(uint64_t rank, uint64_t count, uint32_t *arrived, uint64_t wanted)
{
	__atomic_fetch_add(arrived, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(arrived, __ATOMIC_ACQUIRE) < wanted)
		sched_yield();
	return rank + 10 * count;
}

static void test_ranks_run_at_the_same_time(void)
{
	uint64_t results[CORES] = {0};

	for (unsigned int i = 0; i < 200; i++) {
		uint32_t arrived = 0;

		CHECK(hvm_call_all(shared, HVM_WORK(meet, &arrived, CORES), 0, results) == 0);
		CHECK(results[0] == 10 * CORES && results[1] == 1 + 10 * CORES);
	}
}

static void test_a_caller_wakes_a_waiter(void)
{
	struct hvm_future future = {.state = 0};

	notified = 0;
	hvm_self = worker_at(shared, 0);
	future.state = 3;
	future_complete(&future, 7, 0);
	CHECK(notified == 1 && hvm_poll(&future) && future.result == 7);
	future.state = 0;
	future_complete(&future, 7, -EFAULT);
	CHECK(notified == 1 && future.error == -EFAULT);
	hvm_self = NULL;
}

/* ---- ends ---- */

static void *call_in_vain(void *hvm)
{
	return (void *)(intptr_t)hvm_call(hvm, HVM_WORK(add, 0), NULL);
}

static void test_calls_of_lost_cores_end(void)
{
	struct hvm *hvm = make();
	struct hvm_future future;
	pthread_t thread;
	void *result;

	pthread_create(&thread, NULL, call_in_vain, hvm);
	while (!__atomic_load_n(&worker_at(hvm, 0)->line.head, __ATOMIC_ACQUIRE))
		sched_yield();
	CHECK(hvm_submit(hvm, HVM_WORK(add, 0), &future) == 0);
	hvm_store_release(&hvm->state, STATE_LOST);
	pthread_join(thread, &result);
	CHECK((intptr_t)result == -ESHUTDOWN);
	CHECK(hvm_call(hvm, HVM_WORK(add, 0), NULL) == -ESHUTDOWN);
	CHECK(hvm_submit(hvm, HVM_WORK(add, 0), &future) == -ESHUTDOWN);
	for (uint32_t i = 0; i < CORES; i++)
		future_fail_queued(worker_at(hvm, i));
	CHECK(hvm_poll(&future) && future.error == -ESHUTDOWN);
}

/* What a child of fork has of its parent's partition. */
static void test_a_wiped_partition_is_not_attached(void)
{
	struct hvm *hvm = allocate(sizeof(*hvm));
	struct hvm_future future = {.state = 0};

	CHECK(hvm_call(hvm, HVM_WORK(add, 0), NULL) == -ENOTCONN);
	CHECK(hvm_call_all(hvm, HVM_WORK(add, 0), 0, NULL) == -ENOTCONN);
	CHECK(hvm_submit(hvm, HVM_WORK(add, 0), &future) == -ENOTCONN);
	CHECK(hvm_wait(hvm, &future, NULL) == -ENOTCONN);
	free(hvm);
}

static void test_what_is_no_core_is_refused(void)
{
	struct hvm_work work = *HVM_WORK(add, 0);
	struct hvm_future future;

	work.core = CORES;
	CHECK(hvm_call(shared, &work, NULL) == -EINVAL);
	CHECK(hvm_submit(shared, &work, &future) == -EINVAL);
	CHECK(hvm_call_all(shared, HVM_WORK(add, 0), CORES + 1, NULL) == -EINVAL);
	work.core = -2;
	CHECK(hvm_call(shared, &work, NULL) == -EINVAL);
}

int main(void)
{
	test_order_and_room();
	test_each_item_is_taken_once();
	shared = attached();
	test_callers_get_their_answers();
	test_submitted_work_runs_once();
	test_ranks_run_at_the_same_time();
	test_a_caller_wakes_a_waiter();
	test_what_is_no_core_is_refused();
	test_calls_of_lost_cores_end();
	test_a_wiped_partition_is_not_attached();
	puts("libhvm: lines and queues hold");
	fflush(stdout);
	_Exit(0); /* the workers go on for ever */
}
