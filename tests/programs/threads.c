// SPDX-License-Identifier: Apache-2.0
/* POSIX threads in the ways that its argument names; prints what must be the same wherever it runs. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ADDITIONS 20000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn = PTHREAD_COND_INITIALIZER;
static long sum;
static __thread long own = 7;

static void create(pthread_t *thread, void *(*function)(void *), void *argument)
{
	int err = pthread_create(thread, NULL, function, argument);

	if (err) {
		printf("pthread_create: %s\n", strerror(err));
		exit(1);
	}
}

static void *add(void *argument)
{
	own += (long)(intptr_t)argument;
	for (int i = 0; i < ADDITIONS; i++) {
		pthread_mutex_lock(&mutex);
		sum++;
		pthread_mutex_unlock(&mutex);
	}
	return (void *)(intptr_t)own;
}

/* Created and joined again and again, both adding. */
static int part_rounds(int rounds)
{
	long owns = 0;

	for (int i = 0; i < rounds; i++) {
		pthread_t thread;
		void *result;

		create(&thread, add, (void *)(intptr_t)i);
		add((void *)0);
		pthread_join(thread, &result);
		owns += (long)(intptr_t)result;
	}
	printf("sum %ld of threads' own %ld of main's own %ld\n", sum, owns, own);
	return sum != 2L * rounds * ADDITIONS;
}

static int whose_turn;

static void *answer(void *argument)
{
	int rounds = *(int *)argument;

	pthread_mutex_lock(&mutex);
	for (int i = 0; i < rounds; i++) {
		while (whose_turn != 1)
			pthread_cond_wait(&turn, &mutex);
		whose_turn = 0;
		pthread_cond_broadcast(&turn);
	}
	pthread_mutex_unlock(&mutex);
	return NULL;
}

/* Two threads in turn, by a condition variable. */
static int part_turns(int rounds)
{
	pthread_t thread;

	create(&thread, answer, &rounds);
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < rounds; i++) {
		whose_turn = 1;
		pthread_cond_broadcast(&turn);
		while (whose_turn != 0)
			pthread_cond_wait(&turn, &mutex);
	}
	pthread_mutex_unlock(&mutex);
	pthread_join(thread, NULL);
	printf("%d turns\n", rounds);
	return 0;
}

static void *identify(void *argument)
{
	long *tid = argument;

	*tid = syscall(SYS_gettid);
	return NULL;
}

static int part_identity(void)
{
	pthread_t thread;
	long tid = 0;

	create(&thread, identify, &tid);
	pthread_join(thread, NULL);
	printf("main is the process %d, the other is not %d\n", syscall(SYS_gettid) == getpid(), tid != getpid());
	return 0;
}

static void *end_last(void *argument)
{
	pthread_join(*(pthread_t *)argument, NULL);
	puts("main ended first");
	return NULL;
}

static int part_main_ends_first(void)
{
	static pthread_t main_thread;
	pthread_t thread;

	main_thread = pthread_self();
	create(&thread, end_last, &main_thread);
	pthread_exit(NULL);
}

static void *loop(void *unused)
{
	(void)unused;
	for (;;)
		__asm__ volatile("");
	return NULL;
}

static __attribute__((noinline)) void *crash_in_thread(void *unused)
{
	(void)unused;
	*(volatile int *volatile)NULL = 1;
	return NULL;
}

/* The process ends while another thread is in the middle of something. */
static int part_end(void *(*function)(void *), int by_exit)
{
	pthread_t thread;

	create(&thread, function, NULL);
	if (by_exit)
		return 5;
	pthread_join(thread, NULL);
	return 0;
}

static void *fail_to_start(void *unused)
{
	(void)unused;
	return NULL;
}

int main(int argc, char **argv)
{
	const char *part = argc > 1 ? argv[1] : "";
	int number = argc > 2 ? atoi(argv[2]) : 1;

	if (!strcmp(part, "rounds"))
		return part_rounds(number);
	if (!strcmp(part, "turns"))
		return part_turns(number);
	if (!strcmp(part, "identity"))
		return part_identity();
	if (!strcmp(part, "main-ends-first"))
		return part_main_ends_first();
	if (!strcmp(part, "exit-while-looping"))
		return part_end(loop, 1);
	if (!strcmp(part, "crash"))
		return part_end(crash_in_thread, 0);
	if (!strcmp(part, "loop"))
		return part_end(loop, 0);
	if (!strcmp(part, "one")) {
		pthread_t thread;

		create(&thread, fail_to_start, NULL);
		return 0;
	}
	fprintf(stderr, "usage: threads rounds N|turns N|identity|main-ends-first|exit-while-looping|crash|loop|one\n");
	return 2;
}
