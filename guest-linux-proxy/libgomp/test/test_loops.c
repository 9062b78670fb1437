/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <omp.h>
#include <string.h>

#include "gang_threads.h"
#include "test.h"

#define N 1000

static unsigned char ran[N];

static void begin(void)
{
	memset(ran, 0, sizeof(ran));
}

static void touch(long i)
{
	__atomic_fetch_add(&ran[i], 1, __ATOMIC_RELAXED);
}

static void check_all(const char *what)
{
	for (int i = 0; i < N; i++)
		if (ran[i] != 1) {
			fprintf(stderr, "%s: iteration %d ran %d times\n", what, i, ran[i]);
			exit(1);
		}
}

#define PRAGMA(text) _Pragma(#text)

/* The same loop with each schedule: as a region, in one, backwards, and with a variable that long cannot count. */
#define LOOP(name, clause)                                                                                             \
	static void name(void)                                                                                         \
	{                                                                                                              \
		unsigned long long far = ULLONG_MAX - 2 * N;                                                           \
		begin();                                                                                               \
		PRAGMA(omp parallel for clause)                                                                        \
		for (int i = 0; i < N; i++)                                                                            \
			touch(i);                                                                                      \
		check_all(#name);                                                                                      \
		begin();                                                                                               \
		PRAGMA(omp parallel)                                                                                   \
		PRAGMA(omp for clause nowait)                                                                          \
		for (int i = N - 1; i >= 0; i--)                                                                       \
			touch(i);                                                                                      \
		check_all(#name);                                                                                      \
		begin();                                                                                               \
		PRAGMA(omp parallel for clause)                                                                        \
		for (unsigned long long i = far; i < ULLONG_MAX; i += 2)                                               \
			touch((long)((i - far) / 2));                                                                  \
		check_all(#name);                                                                                      \
		begin();                                                                                               \
		PRAGMA(omp parallel)                                                                                   \
		PRAGMA(omp for clause)                                                                                 \
		for (unsigned long long i = 3 * N; i > 0; i -= 3)                                                      \
			touch((long)(i / 3) - 1);                                                                      \
		check_all(#name);                                                                                      \
	}

LOOP(static_loops, schedule(static))
LOOP(static_chunked_loops, schedule(static, 7))
LOOP(dynamic_loops, schedule(dynamic))
LOOP(dynamic_chunked_loops, schedule(dynamic, 13))
LOOP(monotonic_loops, schedule(monotonic : dynamic, 13))
LOOP(guided_loops, schedule(guided))
LOOP(guided_chunked_loops, schedule(guided, 20))
LOOP(runtime_loops, schedule(runtime))
LOOP(auto_loops, schedule(auto))

static void runtime_loops_of_every_schedule(void)
{
	omp_set_schedule(omp_sched_static, 0);
	runtime_loops();
	omp_set_schedule(omp_sched_static, 9);
	runtime_loops();
	omp_set_schedule(omp_sched_guided, 2);
	runtime_loops();
	omp_set_schedule(omp_sched_auto, 0);
	runtime_loops();
	omp_set_schedule(omp_sched_dynamic, 1);
	runtime_loops();
}

static void empty_loops_run_nothing(void)
{
	volatile int end = 0;

#pragma omp parallel for schedule(dynamic)
	for (int i = 0; i < end; i++)
		CHECK_EQUAL(i, -1);
#pragma omp parallel
#pragma omp for schedule(guided)
	for (int i = end; i > 0; i--)
		CHECK_EQUAL(i, -1);
}

static void the_extremes_of_long_do_not_overflow(void)
{
	long count = 0, step = LONG_MAX / 2;

#pragma omp parallel for schedule(dynamic) reduction(+ : count)
	for (long i = LONG_MIN; i < LONG_MAX - 10; i += step)
		count++;
	CHECK_EQUAL(count, 4);
}

static void lastprivate_is_the_last_iteration(void)
{
	int last = -1;

#pragma omp parallel for schedule(dynamic, 3) lastprivate(last)
	for (int i = 0; i < 100; i++)
		last = i;
	CHECK_EQUAL(last, 99);
}

static void collapsed_loops(void)
{
	begin();
#pragma omp parallel for collapse(2) schedule(dynamic, 11)
	for (int i = 0; i < 20; i++)
		for (int j = 0; j < 50; j++)
			touch(i * 50 + j);
	check_all(__func__);
}

static void many_loops_without_a_barrier(void)
{
	long sum = 0;

#pragma omp parallel reduction(+ : sum)
	for (int loop = 0; loop < 100; loop++) {
#pragma omp for schedule(dynamic) nowait
		for (int i = 0; i < 10; i++)
			sum += i;
	}
	CHECK_EQUAL(sum, 4500);
}

static void floating_sums(void)
{
	double sum = 0;

#pragma omp parallel for reduction(+ : sum) schedule(guided)
	for (int i = 1; i <= 1000; i++)
		sum += i;
	CHECK_EQUAL(sum, 500500);
}

#define ORDERED(name, clause)                                                                                          \
	static void name(void)                                                                                         \
	{                                                                                                              \
		int next = 0;                                                                                          \
		_Pragma(clause) for (int i = 0; i < 200; i++)                                                          \
		{                                                                                                      \
			if (i % 3 == 1)                                                                                \
				continue;                                                                              \
			_Pragma("omp ordered")                                                                         \
			{                                                                                              \
				CHECK_EQUAL(i >= next, 1);                                                             \
				next = i + 1;                                                                          \
			}                                                                                              \
		}                                                                                                      \
		CHECK_EQUAL(next, 199);                                                                                \
	}

ORDERED(ordered_static, "omp parallel for ordered schedule(static)")
ORDERED(ordered_static_chunks, "omp parallel for ordered schedule(static, 4)")
ORDERED(ordered_dynamic, "omp parallel for ordered schedule(dynamic)")
ORDERED(ordered_guided, "omp parallel for ordered schedule(guided)")
ORDERED(ordered_runtime, "omp parallel for ordered schedule(runtime)")

void test_loops(void)
{
	RUN(static_loops);
	RUN(static_chunked_loops);
	RUN(dynamic_loops);
	RUN(dynamic_chunked_loops);
	RUN(monotonic_loops);
	RUN(guided_loops);
	RUN(guided_chunked_loops);
	RUN(auto_loops);
	RUN(runtime_loops_of_every_schedule);
	RUN(empty_loops_run_nothing);
	RUN(the_extremes_of_long_do_not_overflow);
	RUN(lastprivate_is_the_last_iteration);
	RUN(collapsed_loops);
	RUN(many_loops_without_a_barrier);
	RUN(floating_sums);
	RUN(ordered_static);
	RUN(ordered_static_chunks);
	RUN(ordered_dynamic);
	RUN(ordered_guided);
	RUN(ordered_runtime);
}
