/* SPDX-License-Identifier: Apache-2.0 */
/* A gang of threads of this process, for tests without an HRT: rank 0 is the caller itself. */
#include "gang.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>

#include "gang_threads.h"

struct round {
	void (*function)(void *, unsigned int);
	void *argument;
	unsigned int width;
};

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER, lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct round round_now;
static unsigned int number, left;
static uint64_t begun;

static void *run_rank(void *argument)
{
	unsigned int rank = (unsigned int)(uintptr_t)argument, seen = 0;
	struct round round;

	for (;;) {
		pthread_mutex_lock(&lock);
		while (seen == number)
			pthread_cond_wait(&changed, &lock);
		seen = number;
		round = round_now;
		pthread_mutex_unlock(&lock);
		if (rank >= round.width)
			continue;
		round.function(round.argument, rank);
		pthread_mutex_lock(&lock);
		left--;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void start(void)
{
	pthread_t thread;

	for (unsigned int rank = 1; rank < CORES; rank++)
		if (pthread_create(&thread, NULL, run_rank, (void *)(uintptr_t)rank) || pthread_detach(thread))
			abort();
}

unsigned int gang_cores(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start);
	return CORES;
}

bool gang_run(void (*function)(void *argument, unsigned int rank), void *argument, unsigned int width)
{
	pthread_mutex_lock(&one_at_a_time);
	pthread_mutex_lock(&lock);
	round_now = (struct round){function, argument, width};
	left = width - 1;
	number++;
	begun++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	function(argument, 0);
	pthread_mutex_lock(&lock);
	while (left)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	pthread_mutex_unlock(&one_at_a_time);
	return true;
}

void gang_relax(void)
{
	sched_yield();
}

uint64_t gang_begun(void)
{
	return begun;
}
