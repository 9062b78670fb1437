/* SPDX-License-Identifier: Apache-2.0 */
#include <omp.h>

#include "gang_threads.h"
#include "test.h"

static void one_member_does_a_single(void)
{
	int done = 0;

#pragma omp parallel
	for (int i = 1; i <= 100; i++) {
#pragma omp single
		done++;
		CHECK_EQUAL(done, i);
#pragma omp barrier
	}
}

static void singles_without_a_barrier(void)
{
	int done = 0;

#pragma omp parallel
	for (int i = 0; i < 1000; i++)
#pragma omp single nowait
	{
#pragma omp atomic
		done++;
	}
	CHECK_EQUAL(done, 1000);
}

static void copyprivate_reaches_all(void)
{
#pragma omp parallel
	for (int i = 0; i < 100; i++) {
		int value = -1;

#pragma omp single copyprivate(value)
		value = i;
		CHECK_EQUAL(value, i);
	}
}

static void rank_0_is_the_master(void)
{
	int done = 0;

#pragma omp parallel
#pragma omp master
	{
		CHECK_EQUAL(omp_get_thread_num(), 0);
		done++;
	}
	CHECK_EQUAL(done, 1);
}

static void critical_sections_exclude(void)
{
	long unnamed = 0, named = 0;

#pragma omp parallel
	for (int i = 0; i < 1000; i++) {
#pragma omp critical
		unnamed++;
#pragma omp critical(counter)
		named++;
	}
	CHECK_EQUAL(unnamed, 1000 * CORES);
	CHECK_EQUAL(named, 1000 * CORES);
}

static void atomics_without_an_instruction(void)
{
	long double sum = 0;

#pragma omp parallel
	for (int i = 0; i < 1000; i++)
#pragma omp atomic
		sum += 1;
	CHECK_EQUAL(sum, 1000 * CORES);
}

static void each_section_runs_once(void)
{
	int ran[5] = {0};

#pragma omp parallel sections
	{
#pragma omp section
		ran[0]++;
#pragma omp section
		ran[1]++;
#pragma omp section
		ran[2]++;
	}
#pragma omp parallel
#pragma omp sections
	{
#pragma omp section
		ran[3]++;
#pragma omp section
		ran[4]++;
	}
	for (int i = 0; i < 5; i++)
		CHECK_EQUAL(ran[i], 1);
}

static void locks_exclude(void)
{
	omp_lock_t lock;
	long count = 0;

	omp_init_lock(&lock);
#pragma omp parallel
	for (int i = 0; i < 1000; i++) {
		omp_set_lock(&lock);
		count++;
		omp_unset_lock(&lock);
	}
	CHECK_EQUAL(count, 1000 * CORES);
	omp_set_lock(&lock);
	CHECK_EQUAL(omp_test_lock(&lock), 0);
	omp_unset_lock(&lock);
	CHECK_EQUAL(omp_test_lock(&lock), 1);
	omp_destroy_lock(&lock);
}

static void nestable_locks_nest(void)
{
	omp_nest_lock_t lock;
	long count = 0;

	omp_init_nest_lock(&lock);
#pragma omp parallel
	for (int i = 0; i < 300; i++) {
		omp_set_nest_lock(&lock);
		omp_set_nest_lock(&lock);
		CHECK_EQUAL(omp_test_nest_lock(&lock), 3);
		count++;
		omp_unset_nest_lock(&lock);
		omp_unset_nest_lock(&lock);
		omp_unset_nest_lock(&lock);
	}
	CHECK_EQUAL(count, 300 * CORES);
	omp_destroy_nest_lock(&lock);
}

static void arrays_are_reduced(void)
{
	int sums[4] = {0};

#pragma omp parallel for reduction(+ : sums[:4])
	for (int i = 0; i < 100; i++)
		sums[i % 4]++;
	for (int i = 0; i < 4; i++)
		CHECK_EQUAL(sums[i], 25);
}

static void constructs_outside_of_regions(void)
{
	int done = 0;

#pragma omp for schedule(dynamic)
	for (int i = 0; i < 10; i++)
		done++;
#pragma omp single
	done++;
#pragma omp critical
	done++;
#pragma omp barrier
	CHECK_EQUAL(done, 12);
}

void test_constructs(void)
{
	RUN(one_member_does_a_single);
	RUN(singles_without_a_barrier);
	RUN(copyprivate_reaches_all);
	RUN(rank_0_is_the_master);
	RUN(critical_sections_exclude);
	RUN(atomics_without_an_instruction);
	RUN(each_section_runs_once);
	RUN(locks_exclude);
	RUN(nestable_locks_nest);
	RUN(arrays_are_reduced);
	RUN(constructs_outside_of_regions);
}
