/* SPDX-License-Identifier: Apache-2.0 */
#include <fenv.h>
#include <omp.h>
#include <pthread.h>
#include <string.h>

#include "gang_threads.h"
#include "test.h"

static int persistent;
#pragma omp threadprivate(persistent)

static void every_rank_runs_once(void)
{
	int ran[CORES] = {0};

#pragma omp parallel
	{
		CHECK_EQUAL(omp_get_num_threads(), CORES);
		ran[omp_get_thread_num()]++;
	}
	for (unsigned int i = 0; i < CORES; i++)
		CHECK_EQUAL(ran[i], 1);
}

static void the_team_has_as_many_as_wanted(void)
{
	int count = 0;

#pragma omp parallel num_threads(2) reduction(+ : count)
	count += omp_get_num_threads();
	CHECK_EQUAL(count, 4);
}

static void the_team_has_no_more_than_cores(void)
{
	int count = 0;

#pragma omp parallel num_threads(50) reduction(+ : count)
	count++;
	CHECK_EQUAL(count, CORES);
}

static void if_false_is_one(void)
{
	uint64_t before = gang_begun();
	int count = 0;

#pragma omp parallel if (before == 1234567) reduction(+ : count)
	count += omp_get_num_threads();
	CHECK_EQUAL(count, 1);
	CHECK_EQUAL(gang_begun(), before);
}

static void a_region_in_a_region_has_one(void)
{
	int outer = 0, inner = 0;

#pragma omp parallel reduction(+ : outer, inner)
	{
		int rank = omp_get_thread_num();

		outer++;
#pragma omp parallel reduction(+ : inner)
		{
			CHECK_EQUAL(omp_get_num_threads(), 1);
			CHECK_EQUAL(omp_get_thread_num(), 0);
			CHECK_EQUAL(omp_get_level(), 2);
			CHECK_EQUAL(omp_get_active_level(), 1);
			CHECK_EQUAL(omp_get_ancestor_thread_num(1), rank);
			CHECK_EQUAL(omp_get_team_size(1), CORES);
			inner++;
		}
		CHECK_EQUAL(omp_get_thread_num(), rank);
	}
	CHECK_EQUAL(outer, CORES);
	CHECK_EQUAL(inner, CORES);
}

static void threadprivate_stays_between_regions(void)
{
#pragma omp parallel
	persistent = 10 + omp_get_thread_num();
#pragma omp parallel
	CHECK_EQUAL(persistent, 10 + omp_get_thread_num());
	CHECK_EQUAL(persistent, 10);
}

static void copyin_gives_what_the_caller_has(void)
{
	persistent = 77;
#pragma omp parallel copyin(persistent)
	CHECK_EQUAL(persistent, 77);
}

static void ranks_round_as_the_caller_does(void)
{
	fesetround(FE_UPWARD);
#pragma omp parallel
	CHECK_EQUAL(__builtin_ia32_stmxcsr() >> 13 & 3, 2);
	fesetround(FE_TONEAREST);
#pragma omp parallel
	CHECK_EQUAL(__builtin_ia32_stmxcsr() >> 13 & 3, 0);
}

static void settings_of_a_member_are_its_own(void)
{
	int before = omp_get_max_threads();

#pragma omp parallel
	{
		omp_set_num_threads(20 + omp_get_thread_num());
#pragma omp barrier
		CHECK_EQUAL(omp_get_max_threads(), 20 + omp_get_thread_num());
	}
	CHECK_EQUAL(omp_get_max_threads(), before);
}

static void nobody_passes_a_barrier_before_all_are_there(void)
{
	int stage[CORES] = {0};

#pragma omp parallel
	for (int i = 1; i <= 200; i++) {
		stage[omp_get_thread_num()] = i;
#pragma omp barrier
		for (unsigned int other = 0; other < CORES; other++)
			CHECK_EQUAL(stage[other], i);
#pragma omp barrier
	}
}

static void *regions_of_a_thread(void *sum)
{
	for (int i = 0; i < 50; i++) {
		int local = 0;

#pragma omp parallel reduction(+ : local)
		local += omp_get_thread_num() + 1;
		*(int *)sum += local;
	}
	return NULL;
}

static void threads_of_the_program_have_their_own_regions(void)
{
	pthread_t thread;
	int here = 0, there = 0;

	pthread_create(&thread, NULL, regions_of_a_thread, &there);
	regions_of_a_thread(&here);
	pthread_join(thread, NULL);
	CHECK_EQUAL(here, 50 * CORES * (CORES + 1) / 2);
	CHECK_EQUAL(there, here);
}

void test_regions(void)
{
	RUN(every_rank_runs_once);
	RUN(the_team_has_as_many_as_wanted);
	RUN(the_team_has_no_more_than_cores);
	RUN(if_false_is_one);
	RUN(a_region_in_a_region_has_one);
	RUN(threadprivate_stays_between_regions);
	RUN(copyin_gives_what_the_caller_has);
	RUN(ranks_round_as_the_caller_does);
	RUN(settings_of_a_member_are_its_own);
	RUN(nobody_passes_a_barrier_before_all_are_there);
	RUN(threads_of_the_program_have_their_own_regions);
}
