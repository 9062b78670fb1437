/* SPDX-License-Identifier: Apache-2.0 */
#include <omp.h>

#include "gang_threads.h"
#include "test.h"

static long fibonacci(int n)
{
	long a, b;

	if (n < 2)
		return n;
#pragma omp task shared(a)
	a = fibonacci(n - 1);
#pragma omp task shared(b)
	b = fibonacci(n - 2);
#pragma omp taskwait
	return a + b;
}

static void tasks_of_tasks(void)
{
	long result = 0;

#pragma omp parallel
#pragma omp single
	result = fibonacci(15);
	CHECK_EQUAL(result, 610);
}

static void every_member_makes_tasks(void)
{
	long sum = 0;

#pragma omp parallel
	for (int i = 0; i < 100; i++) {
#pragma omp task firstprivate(i)
#pragma omp atomic
		sum += i;
	}
	CHECK_EQUAL(sum, 4950 * CORES);
}

struct big {
	_Alignas(64) int values[100];
};

static void a_task_has_its_own_copies(void)
{
	struct big big = {.values = {[99] = 5}};
	int done = 0;

	for (int i = 0; i < 3; i++) {
#pragma omp task firstprivate(big) shared(done)
		{
			CHECK_EQUAL((unsigned long)&big % 64, 0);
			CHECK_EQUAL(big.values[99], 5);
			big.values[99]++;
			done++;
		}
	}
#pragma omp taskwait
	CHECK_EQUAL(done, 3);
}

static void dependences_are_kept(void)
{
	int x = 0;

#pragma omp parallel
#pragma omp single
	{
#pragma omp task depend(out : x) shared(x)
		x = 1;
#pragma omp task depend(inout : x) shared(x)
		x = x * 10 + 2;
#pragma omp task depend(in : x) shared(x)
		CHECK_EQUAL(x, 12);
	}
	CHECK_EQUAL(x, 12);
}

static void all_tasks_of_a_final_one_are(void)
{
	int inside = -1;

	CHECK_EQUAL(omp_in_final(), 0);
#pragma omp task final(1) shared(inside)
	{
#pragma omp task shared(inside)
		inside = omp_in_final();
	}
#pragma omp taskwait
	CHECK_EQUAL(inside, 1);
	CHECK_EQUAL(omp_in_final(), 0);
}

static void check_taskloop(const int *ran, int count)
{
	for (int i = 0; i < count; i++)
		CHECK_EQUAL(ran[i], 1);
}

static void taskloops_run_each_iteration_once(void)
{
	int ran[4][101] = {{0}};
	int last = -1;

#pragma omp parallel
#pragma omp single
	{
#pragma omp taskloop
		for (int i = 0; i < 101; i++)
			ran[0][i]++;
#pragma omp taskloop grainsize(7)
		for (int i = 100; i >= 0; i--)
			ran[1][i]++;
#pragma omp taskloop num_tasks(9) lastprivate(last)
		for (unsigned long long i = 0; i < 101; i++) {
			ran[2][i]++;
			last = (int)i;
		}
#pragma omp taskloop num_tasks(1000) nogroup
		for (unsigned long long i = 101; i > 0; i--)
			ran[3][i - 1]++;
	}
	for (int i = 0; i < 4; i++)
		check_taskloop(ran[i], 101);
	CHECK_EQUAL(last, 100);
}

static void groups_end(void)
{
	int done = 0;

#pragma omp parallel
#pragma omp single
	{
#pragma omp taskgroup
		{
#pragma omp task shared(done)
			done++;
		}
		CHECK_EQUAL(done, 1);
#pragma omp taskyield
	}
}

void test_tasks(void)
{
	RUN(tasks_of_tasks);
	RUN(every_member_makes_tasks);
	RUN(a_task_has_its_own_copies);
	RUN(dependences_are_kept);
	RUN(all_tasks_of_a_final_one_are);
	RUN(taskloops_run_each_iteration_once);
	RUN(groups_end);
}
