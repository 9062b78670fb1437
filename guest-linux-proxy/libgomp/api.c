/* SPDX-License-Identifier: Apache-2.0 */
/* omp.h: what programs ask and set. Fortran's names have an underscore, and references where C has values. */
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "entry.h"
#include "environment.h"
#include "team.h"

#define QUESTION(type, name, answer)                                                                                   \
	ENTRY(type, name, void)                                                                                        \
	{                                                                                                              \
		return answer;                                                                                         \
	}                                                                                                              \
	SAME(name##_, name);

static int clamp(int64_t value)
{
	return value < INT_MIN ? INT_MIN : value > INT_MAX ? INT_MAX : (int)value;
}

/* A setting by one number: for Fortran's integers of 4 and 8 bytes, too. */
#define SETTING(name, value)                                                                                           \
	ENTRY(void, name##_, const int32_t *value)                                                                     \
	{                                                                                                              \
		name(*value);                                                                                          \
	}                                                                                                              \
	ENTRY(void, name##_8_, const int64_t *value)                                                                   \
	{                                                                                                              \
		name(clamp(*value));                                                                                   \
	}

static struct icv *icv(void)
{
	return &team_self()->icv;
}

static int max_threads(void)
{
	return clamp(icv()->threads ? icv()->threads : gang_cores());
}

QUESTION(int, omp_get_thread_num, (int)team_self()->rank)
QUESTION(int, omp_get_num_threads, (int)team_self()->team->width)
QUESTION(int, omp_get_max_threads, max_threads())
QUESTION(int, omp_get_num_procs, (int)gang_cores())
QUESTION(int, omp_get_thread_limit, (int)gang_cores())
QUESTION(int, omp_in_parallel, team_self()->team->active_level > 0)
QUESTION(int, omp_in_final, team_self()->final)
QUESTION(int, omp_get_level, (int)team_self()->team->level)
QUESTION(int, omp_get_active_level, (int)team_self()->team->active_level)
QUESTION(int, omp_get_dynamic, icv()->dynamic)
QUESTION(int, omp_get_nested, 0)
QUESTION(int, omp_get_max_active_levels, (int)icv()->levels)
QUESTION(int, omp_get_supported_active_levels, 1)
QUESTION(int, omp_get_cancellation, 0)
QUESTION(int, omp_get_max_task_priority, 0)

ENTRY(void, omp_set_num_threads, int threads)
{
	icv()->threads = threads > 0 ? (uint32_t)threads : 1;
}
SETTING(omp_set_num_threads, threads)

ENTRY(void, omp_set_dynamic, int dynamic)
{
	icv()->dynamic = dynamic;
}
SETTING(omp_set_dynamic, dynamic)

/* A region in a region has a team of one: one active level, or none. */
ENTRY(void, omp_set_max_active_levels, int levels)
{
	if (levels >= 0)
		icv()->levels = levels > 0;
}
SETTING(omp_set_max_active_levels, levels)

ENTRY(void, omp_set_nested, int nested)
{
	(void)nested;
}
SETTING(omp_set_nested, nested)

ENTRY(void, omp_set_schedule, uint32_t kind, int chunk)
{
	uint32_t schedule = kind & ~SCHEDULE_MONOTONIC;

	if (schedule < SCHEDULE_STATIC || schedule > SCHEDULE_AUTO)
		return;
	icv()->schedule = kind;
	icv()->chunk = chunk > 0 ? (uint32_t)chunk : schedule == SCHEDULE_STATIC ? 0 : 1;
}

ENTRY(void, omp_set_schedule_, const uint32_t *kind, const int32_t *chunk)
{
	omp_set_schedule(*kind, *chunk);
}

ENTRY(void, omp_set_schedule_8_, const uint32_t *kind, const int64_t *chunk)
{
	omp_set_schedule(*kind, clamp(*chunk));
}

ENTRY(void, omp_get_schedule, uint32_t *kind, int32_t *chunk)
{
	*kind = icv()->schedule;
	*chunk = (int32_t)icv()->chunk;
}
SAME(omp_get_schedule_, omp_get_schedule);

ENTRY(void, omp_get_schedule_8_, uint32_t *kind, int64_t *chunk)
{
	*kind = icv()->schedule;
	*chunk = icv()->chunk;
}

/* The member at @level around the caller; NULL: there is no such level. */
static const struct member *at_level(int level)
{
	const struct member *member = team_self();

	if (level < 0 || (uint32_t)level > member->team->level)
		return NULL;
	while (member->team->level > (uint32_t)level)
		member = member->team->parent;
	return member;
}

ENTRY(int, omp_get_ancestor_thread_num, int level)
{
	const struct member *member = at_level(level);

	return member ? (int)member->rank : -1;
}

ENTRY(int, omp_get_ancestor_thread_num_, const int32_t *level)
{
	return omp_get_ancestor_thread_num(*level);
}

ENTRY(int, omp_get_ancestor_thread_num_8_, const int64_t *level)
{
	return omp_get_ancestor_thread_num(clamp(*level));
}

ENTRY(int, omp_get_team_size, int level)
{
	const struct member *member = at_level(level);

	return member ? (int)member->team->width : -1;
}

ENTRY(int, omp_get_team_size_, const int32_t *level)
{
	return omp_get_team_size(*level);
}

ENTRY(int, omp_get_team_size_8_, const int64_t *level)
{
	return omp_get_team_size(clamp(*level));
}

static double seconds(int (*read)(clockid_t, struct timespec *))
{
	struct timespec time;

	read(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

QUESTION(double, omp_get_wtime, seconds(clock_gettime))
QUESTION(double, omp_get_wtick, seconds(clock_getres))

/* Places: there are none, rank r is on core r of the pool. */
QUESTION(int, omp_get_proc_bind, 1)
QUESTION(int, omp_get_num_places, 0)
QUESTION(int, omp_get_place_num, -1)
QUESTION(int, omp_get_partition_num_places, 0)

ENTRY(int, omp_get_place_num_procs, int place)
{
	(void)place;
	return 0;
}

ENTRY(int, omp_get_place_num_procs_, const void *place)
{
	(void)place;
	return 0;
}
SAME(omp_get_place_num_procs_8_, omp_get_place_num_procs_);

ENTRY(void, omp_get_place_proc_ids, int place, int *ids)
{
	(void)place, (void)ids;
}

ENTRY(void, omp_get_place_proc_ids_, const void *place, void *ids)
{
	(void)place, (void)ids;
}
SAME(omp_get_place_proc_ids_8_, omp_get_place_proc_ids_);

ENTRY(void, omp_get_partition_place_nums, void *numbers)
{
	(void)numbers;
}
SAME(omp_get_partition_place_nums_, omp_get_partition_place_nums);
SAME(omp_get_partition_place_nums_8_, omp_get_partition_place_nums);

ENTRY(void, omp_display_env, int verbose)
{
	(void)verbose;
	environment_print();
}
SETTING(omp_display_env, verbose)
