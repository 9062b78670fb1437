/* SPDX-License-Identifier: Apache-2.0 */
/* A queue for each core; the newest of one's own comes first, the oldest of others'. */
#include "kernel.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#define ROOM_AT_FIRST 256u
#define AWAITED	      1u /* in hrt_group.state */
#define ONE_TASK      2u

struct task {
	void (*function)(void *);
	void *argument;
	struct hrt_group *group;
};

struct queue {
	struct hrt_mutex lock;
	uint32_t first, count, room; /* room is a power of two */
	struct task *ring;
} __attribute__((aligned(HRT_CACHE_LINE)));

static struct queue *queues;
static uint32_t queue_count;
static __thread uint32_t own; /* 1 + number of the worker's queue */
static struct hrt_mutex start_lock = HRT_MUTEX_INIT;

/* Workers with nothing to do. */
static uint32_t submitted __attribute__((aligned(HRT_CACHE_LINE)));
static uint32_t idle;

static bool grow(struct queue *queue)
{
	uint32_t room = queue->room ? 2 * queue->room : ROOM_AT_FIRST;
	struct task *ring = room ? malloc(room * sizeof(*ring)) : NULL;

	if (!ring)
		return false;
	for (uint32_t i = 0; i < queue->count; i++)
		ring[i] = queue->ring[(queue->first + i) & (queue->room - 1)];
	free(queue->ring);
	queue->ring = ring;
	queue->room = room;
	queue->first = 0;
	return true;
}

static bool push(struct queue *queue, const struct task *task)
{
	bool room;

	hrt_mutex_lock(&queue->lock);
	room = queue->count < queue->room || grow(queue);
	if (room)
		queue->ring[(queue->first + queue->count++) & (queue->room - 1)] = *task;
	hrt_mutex_unlock(&queue->lock);
	return room;
}

static bool pop(struct queue *queue, bool newest, struct task *task)
{
	bool found;

	if (!__atomic_load_n(&queue->count, __ATOMIC_RELAXED))
		return false;
	hrt_mutex_lock(&queue->lock);
	found = queue->count > 0;
	if (found) {
		queue->count--;
		*task = queue->ring[(queue->first + (newest ? queue->count : 0)) & (queue->room - 1)];
		queue->first += !newest;
	}
	hrt_mutex_unlock(&queue->lock);
	return found;
}

static uint32_t mine(void)
{
	return own ? own - 1 : hrt_core_number() % queue_count;
}

/* After the last one's end the group may be gone. */
static void finish(struct hrt_group *group)
{
	if (__atomic_fetch_sub(&group->state, ONE_TASK, __ATOMIC_SEQ_CST) == (ONE_TASK | AWAITED))
		hrt_kernel.wake(&group->state, HRT_ALL);
}

static bool run_one(void)
{
	uint32_t at = mine();
	struct task task;

	for (uint32_t i = 0; i < queue_count; i++) {
		if (!pop(&queues[(at + i) % queue_count], i == 0, &task))
			continue;
		task.function(task.argument);
		finish(task.group);
		return true;
	}
	return false;
}

static void bind(uint32_t number)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all))
		return;
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &all) || number--)
			continue;
		CPU_ZERO(&one);
		CPU_SET(i, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

static void *work(void *number)
{
	bind((uint32_t)(uint64_t)number);
	own = (uint32_t)(uint64_t)number + 1;
	for (;;) {
		uint32_t seen;

		while (run_one())
			;
		__atomic_fetch_add(&idle, 1, __ATOMIC_SEQ_CST);
		seen = __atomic_load_n(&submitted, __ATOMIC_SEQ_CST);
		if (!run_one())
			hrt_kernel.wait(&submitted, seen, HRT_FOREVER);
		__atomic_fetch_sub(&idle, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Those that wait for a group run tasks as well: without any worker it is slower, not wrong. */
static void start_workers(uint32_t count)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	for (uint64_t i = 0; i < count; i++)
		if (pthread_create(&thread, &attributes, work, (void *)i))
			break;
	pthread_attr_destroy(&attributes);
}

static void forget_workers(void)
{
	queues = NULL;
	idle = 0;
	start_lock = (struct hrt_mutex)HRT_MUTEX_INIT;
}

static int start(void)
{
	uint32_t count = hrt_core_count();
	struct queue *made;

	hrt_mutex_lock(&start_lock);
	if (!queues) {
		made = aligned_alloc(HRT_CACHE_LINE, count * sizeof(*made));
		if (made) {
			for (uint32_t i = 0; i < count; i++)
				made[i] = (struct queue){.lock = HRT_MUTEX_INIT};
			queue_count = count;
			__atomic_store_n(&queues, made, __ATOMIC_RELEASE);
			start_workers(count);
		}
	}
	hrt_mutex_unlock(&start_lock);
	return queues ? 0 : -ENOMEM;
}

__attribute__((constructor(102))) static void prepare(void)
{
	pthread_atfork(NULL, NULL, forget_workers);
}

int hrt_task_submit(struct hrt_group *group, void (*function)(void *), void *argument)
{
	const struct task task = {function, argument, group};

	if (!__atomic_load_n(&queues, __ATOMIC_ACQUIRE) && start())
		return -ENOMEM;
	__atomic_fetch_add(&group->state, ONE_TASK, __ATOMIC_RELAXED);
	if (!push(&queues[mine()], &task)) {
		finish(group);
		return -ENOMEM;
	}
	__atomic_fetch_add(&submitted, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&idle, __ATOMIC_SEQ_CST))
		hrt_kernel.wake(&submitted, 1);
	return 0;
}

void hrt_task_wait(struct hrt_group *group)
{
	for (;;) {
		uint32_t state = load(&group->state);

		if (state < ONE_TASK)
			return;
		if (run_one())
			continue;
		if (!(state & AWAITED) && !__atomic_compare_exchange_n(&group->state, &state, state | AWAITED, false,
								       __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE))
			continue;
		hrt_kernel.wait(&group->state, state | AWAITED, HRT_FOREVER);
	}
}
