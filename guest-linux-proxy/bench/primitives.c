/* SPDX-License-Identifier: Apache-2.0 */
/* The measurements of threads.c by the aerokernel's own primitives, and of what only it has. */
#include <hrt.h>

#include "bench.h"

#define ROUNDS BENCH_ROUNDS

static void start(struct hrt_thread **thread, void *(*function)(void *))
{
	if (hrt_thread_create(thread, function, NULL))
		die("a thread cannot be started here");
}

static void *nothing(void *unused)
{
	return unused;
}

static double create_join(void)
{
	double before = now_ns();

	for (int i = 0; i < ROUNDS; i++) {
		struct hrt_thread *thread;

		start(&thread, nothing);
		hrt_thread_join(thread);
	}
	return (now_ns() - before) / ROUNDS;
}

static volatile int beginning, last, switches;

static void yield_as(int mine)
{
	for (int i = 0; i < ROUNDS; i++) {
		switches += last != mine;
		last = mine;
		hrt_thread_yield();
	}
}

static void *yield(void *unused)
{
	while (!beginning)
		hrt_thread_yield();
	yield_as(1);
	return unused;
}

static void yield_too(void)
{
	switches = 0;
	beginning = 1;
	yield_as(0);
}

static struct hrt_event ping = HRT_EVENT_INIT, pong = HRT_EVENT_INIT;

static void *answer(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		hrt_event_wait(&ping);
		hrt_event_wake(&pong);
	}
	return unused;
}

static void ask(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		hrt_event_wake(&ping);
		hrt_event_wait(&pong);
	}
}

static struct hrt_mutex mutex = HRT_MUTEX_INIT;
static struct hrt_condition turned = HRT_CONDITION_INIT;
static int turn;

static void take_turns(int mine)
{
	hrt_mutex_lock(&mutex);
	for (int i = 0; i < ROUNDS; i++) {
		while (turn != mine)
			hrt_condition_wait(&turned, &mutex);
		turn = !mine;
		hrt_condition_signal(&turned);
	}
	hrt_mutex_unlock(&mutex);
}

static void *take_second_turns(void *unused)
{
	take_turns(1);
	return unused;
}

static void take_first_turns(void)
{
	take_turns(0);
}

static struct hrt_barrier barrier;

static void *meet(void *unused)
{
	for (int i = 0; i < ROUNDS; i++)
		hrt_barrier_wait(&barrier);
	return unused;
}

static void meet_too(void)
{
	meet(NULL);
}

/* As in threads.c. */
static double together(void *(*other)(void *), void (*own)(void), double handovers)
{
	struct hrt_thread *thread;
	double before, after;

	beginning = 0;
	start(&thread, other);
	before = now_ns();
	own();
	after = now_ns();
	hrt_thread_join(thread);
	return (after - before) / ROUNDS / handovers;
}

static double measure_switch(void)
{
	double time = together(yield, yield_too, 1) * ROUNDS;

	return time / switches;
}

static double measure_event(void)
{
	return together(answer, ask, 2);
}

static double measure_mutex(void)
{
	turn = 0;
	return together(take_second_turns, take_first_turns, 2);
}

static double measure_barrier(void)
{
	return together(meet, meet_too, 1);
}

static void yield_fiber(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; i++)
		hrt_fiber_yield();
}

/* Two switches a round. */
static double measure_fiber(void)
{
	struct hrt_fiber *fiber;
	double before, after;

	if (hrt_fiber_create(&fiber, 0, yield_fiber, NULL))
		die("no memory for a fiber");
	hrt_fiber_run(fiber);
	before = now_ns();
	while (!hrt_fiber_run(fiber))
		;
	after = now_ns();
	hrt_fiber_destroy(fiber);
	return (after - before) / ROUNDS / 2;
}

static void no_task(void *unused)
{
	(void)unused;
}

static double measure_task(void)
{
	struct hrt_group group = HRT_GROUP_INIT;
	double before = now_ns();

	for (int i = 0; i < ROUNDS; i++)
		if (hrt_task_submit(&group, no_task, NULL))
			die("no memory for tasks");
	hrt_task_wait(&group);
	return (now_ns() - before) / ROUNDS;
}

void primitives(void)
{
	hrt_barrier_init(&barrier, 2);
	report_measured("thread.create_join", "posix.create_join", create_join);
	report_measured("thread.switch", "posix.switch", measure_switch);
	report_measured("event.wake", "posix.event", measure_event);
	report_measured("mutex.handoff", "posix.mutex", measure_mutex);
	report_measured("barrier", "posix.barrier", measure_barrier);
	report_measured("fiber.switch", "posix.switch", measure_fiber);
	report_measured("task.throughput", "posix.create_join", measure_task);
}
