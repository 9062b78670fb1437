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

static pthread_barrier_t barrier;

static void *meet(void *argument)
{
	pthread_barrier_wait(&barrier);
	return argument;
}

/* So many threads alive at once, and together at a barrier. */
static int part_alive(int count)
{
	pthread_t *threads = calloc((size_t)count, sizeof(*threads));
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	pthread_barrier_init(&barrier, NULL, (unsigned int)count + 1);
	for (int i = 0; i < count; i++) {
		int err = pthread_create(&threads[i], &attributes, meet, (void *)(intptr_t)i);

		if (err) {
			printf("pthread_create: %s\n", strerror(err));
			return 1;
		}
	}
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < count; i++) {
		void *result;

		pthread_join(threads[i], &result);
		if (result != (void *)(intptr_t)i)
			return 1;
	}
	printf("%d threads met\n", count);
	return 0;
}

/* Computes and holds doubles in registers while others do, too: nobody's may change. */
static void *integrate(void *argument)
{
	double step = *(double *)argument, area = 0;

	for (double x = 0; x < 1; x += step)
		area += x * x * step;
	*(double *)argument = area;
	return NULL;
}

static int part_doubles(int count)
{
	double *values = calloc((size_t)count, sizeof(*values));
	pthread_t *threads = calloc((size_t)count, sizeof(*threads));

	for (int i = 0; i < count; i++) {
		values[i] = 1.0 / (1 << 20) / (1 + i % 3);
		create(&threads[i], integrate, &values[i]);
	}
	for (int i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		printf("%.17g\n", values[i]);
	}
	return 0;
}

/* Everything at once, until it is killed: locks, calls, threads that come and go. */
static void *churn(void *unused)
{
	(void)unused;
	for (;;) {
		pthread_t thread;
		double step = 0.01;

		getppid();
		add((void *)0);
		if (!pthread_create(&thread, NULL, integrate, &step))
			pthread_join(thread, NULL);
	}
	return NULL;
}

static int part_churn(int count)
{
	pthread_t thread;

	for (int i = 1; i < count; i++)
		create(&thread, churn, NULL);
	puts("churning");
	fflush(stdout);
	churn(NULL);
	return 0;
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
	if (!strcmp(part, "alive"))
		return part_alive(number);
	if (!strcmp(part, "doubles"))
		return part_doubles(number);
	if (!strcmp(part, "churn"))
		return part_churn(number);
	fprintf(stderr, "usage: threads rounds N|turns N|identity|main-ends-first|exit-while-looping|crash|loop|"
			"alive N|doubles N|churn N\n");
	return 2;
}
