/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What threads cost where this program runs: hvmd runs it on an HRT core and in the Linux partition and puts the two
 * side by side. Two threads on one core; by POSIX calls (posix.*), and on an HRT core by hrt.h as well (primitives.c).
 */
#define _GNU_SOURCE
#include <hrt.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>

#include "bench.h"

#define ROUNDS BENCH_ROUNDS

static void start(pthread_t *thread, void *(*function)(void *))
{
	if (pthread_create(thread, NULL, function, NULL))
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
		pthread_t thread;

		start(&thread, nothing);
		pthread_join(thread, NULL);
	}
	return (now_ns() - before) / ROUNDS;
}

static sem_t ping, pong;

static void *answer(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		sem_wait(&ping);
		sem_post(&pong);
	}
	return unused;
}

static void ask(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		sem_post(&ping);
		sem_wait(&pong);
	}
}

/* A thread that yields may be the next again: what counts is how often a turn came after the other's. */
static volatile int beginning, last, switches;

static void yield_as(int mine)
{
	for (int i = 0; i < ROUNDS; i++) {
		switches += last != mine;
		last = mine;
		sched_yield();
	}
}

static void *yield(void *unused)
{
	while (!beginning)
		sched_yield();
	yield_as(1);
	return unused;
}

static void yield_too(void)
{
	switches = 0;
	beginning = 1;
	yield_as(0);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int turn;

static void take_turns(int mine)
{
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < ROUNDS; i++) {
		while (turn != mine)
			pthread_cond_wait(&turned, &mutex);
		turn = !mine;
		pthread_cond_signal(&turned);
	}
	pthread_mutex_unlock(&mutex);
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

static pthread_barrier_t barrier;

static void *meet(void *unused)
{
	for (int i = 0; i < ROUNDS; i++)
		pthread_barrier_wait(&barrier);
	return unused;
}

static void meet_too(void)
{
	meet(NULL);
}

/* Both do their rounds at once; @handovers in each. Starting and joining are outside of what is timed, but for the end.
 */
static double together(void *(*other)(void *), void (*own)(void), double handovers)
{
	pthread_t thread;
	double before, after;

	beginning = 0;
	start(&thread, other);
	before = now_ns();
	own();
	after = now_ns();
	pthread_join(thread, NULL);
	return (after - before) / ROUNDS / handovers;
}

/* Linux's fair class lets the one that yields go on for most of a tick: only first-in-first-out gives each its turn. */
static double measure_switch(void)
{
	const struct sched_param first = {.sched_priority = 1}, usual = {.sched_priority = 0};
	bool in_linux = !hrt_available();
	double time;

	if (in_linux)
		pthread_setschedparam(pthread_self(), SCHED_FIFO, &first); /* not as root: the turns are counted */
	time = together(yield, yield_too, 1) * ROUNDS;
	if (in_linux)
		pthread_setschedparam(pthread_self(), SCHED_OTHER, &usual);
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

static void report(const char *name, double (*measure)(void))
{
	report_measured(name, name, measure);
}

static void bind_to_one_core(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
}

void threads(void)
{
	bind_to_one_core();
	sem_init(&ping, 0, 0);
	sem_init(&pong, 0, 0);
	pthread_barrier_init(&barrier, NULL, 2);
	printf("{\"metrics\": [\n");
	if (hrt_available())
		primitives();
	report("posix.create_join", create_join);
	report("posix.switch", measure_switch);
	report("posix.event", measure_event);
	report("posix.mutex", measure_mutex);
	report("posix.barrier", measure_barrier);
	printf("\n]}\n");
}
