/* SPDX-License-Identifier: Apache-2.0 */
/* Loops whose iterations the members of a team share. */
#include <stdint.h>

#include "entry.h"
#include "message.h"
#include "team.h"

static void set_schedule(struct work *work, unsigned int schedule, uint64_t chunk, bool ordered)
{
	const struct icv *icv = &team_self()->icv;

	schedule &= ~SCHEDULE_MONOTONIC;
	if (schedule == SCHEDULE_RUNTIME) {
		schedule = icv->schedule & ~SCHEDULE_MONOTONIC;
		chunk = icv->chunk;
	}
	work->schedule = schedule;
	work->chunk = schedule == SCHEDULE_AUTO ? 0 : chunk;
	work->ordered = ordered;
}

static bool next(uint64_t *start, uint64_t *end)
{
	struct member *member = team_self();

	if (!work_next(member))
		return false;
	work_bounds(member, start, end);
	return true;
}

static bool begin(struct work work, unsigned int schedule, uint64_t chunk, bool ordered, uint64_t *start, uint64_t *end)
{
	set_schedule(&work, schedule, chunk, ordered);
	share_enter(team_self(), &work);
	return !start || next(start, end); /* NULL: a static schedule, which gcc's code counts itself */
}

static bool begin_signed(long start, long end, long step, unsigned int schedule, long chunk, bool ordered, long *from,
			 long *to)
{
	return begin(work_signed(start, end, step), schedule, chunk > 0 ? (uint64_t)chunk : 0, ordered,
		     (uint64_t *)from, (uint64_t *)to);
}

/* gcc's loop variables are long and unsigned long long; both are our 64 bits. */
static bool begin_unsigned(bool up, ull start, ull end, ull step, unsigned int schedule, ull chunk, bool ordered,
			   ull *from, ull *to)
{
	return begin(work_unsigned(up, start, end, step), schedule, chunk, ordered, (uint64_t *)from, (uint64_t *)to);
}

ENTRY(bool, GOMP_loop_static_next, long *start, long *end)
{
	return next((uint64_t *)start, (uint64_t *)end);
}
SAME(GOMP_loop_dynamic_next, GOMP_loop_static_next);
SAME(GOMP_loop_guided_next, GOMP_loop_static_next);
SAME(GOMP_loop_runtime_next, GOMP_loop_static_next);
SAME(GOMP_loop_ordered_static_next, GOMP_loop_static_next);
SAME(GOMP_loop_ordered_dynamic_next, GOMP_loop_static_next);
SAME(GOMP_loop_ordered_guided_next, GOMP_loop_static_next);
SAME(GOMP_loop_ordered_runtime_next, GOMP_loop_static_next);
SAME(GOMP_loop_nonmonotonic_dynamic_next, GOMP_loop_static_next);
SAME(GOMP_loop_nonmonotonic_guided_next, GOMP_loop_static_next);
SAME(GOMP_loop_nonmonotonic_runtime_next, GOMP_loop_static_next);
SAME(GOMP_loop_maybe_nonmonotonic_runtime_next, GOMP_loop_static_next);

ENTRY(bool, GOMP_loop_ull_static_next, ull *start, ull *end)
{
	return next((uint64_t *)start, (uint64_t *)end);
}
SAME(GOMP_loop_ull_dynamic_next, GOMP_loop_ull_static_next);
SAME(GOMP_loop_ull_guided_next, GOMP_loop_ull_static_next);
SAME(GOMP_loop_ull_runtime_next, GOMP_loop_ull_static_next);
SAME(GOMP_loop_ull_ordered_static_next, GOMP_loop_ull_static_next);
SAME(GOMP_loop_ull_ordered_dynamic_next, GOMP_loop_ull_static_next);
SAME(GOMP_loop_ull_ordered_guided_next, GOMP_loop_ull_static_next);
SAME(GOMP_loop_ull_ordered_runtime_next, GOMP_loop_ull_static_next);
SAME(GOMP_loop_ull_nonmonotonic_dynamic_next, GOMP_loop_ull_static_next);
SAME(GOMP_loop_ull_nonmonotonic_guided_next, GOMP_loop_ull_static_next);
SAME(GOMP_loop_ull_nonmonotonic_runtime_next, GOMP_loop_ull_static_next);
SAME(GOMP_loop_ull_maybe_nonmonotonic_runtime_next, GOMP_loop_ull_static_next);

/* A loop begins with a schedule that its name tells. */
#define LOOP_START(name, schedule, ordered)                                                                            \
	ENTRY(bool, GOMP_loop_##name, long start, long end, long step, long chunk, long *from, long *to)               \
	{                                                                                                              \
		return begin_signed(start, end, step, schedule, chunk, ordered, from, to);                             \
	}                                                                                                              \
	ENTRY(bool, GOMP_loop_ull_##name, bool up, ull start, ull end, ull step, ull chunk, ull *from, ull *to)        \
	{                                                                                                              \
		return begin_unsigned(up, start, end, step, schedule, chunk, ordered, from, to);                       \
	}

LOOP_START(static_start, SCHEDULE_STATIC, false)
LOOP_START(dynamic_start, SCHEDULE_DYNAMIC, false)
LOOP_START(guided_start, SCHEDULE_GUIDED, false)
LOOP_START(ordered_static_start, SCHEDULE_STATIC, true)
LOOP_START(ordered_dynamic_start, SCHEDULE_DYNAMIC, true)
LOOP_START(ordered_guided_start, SCHEDULE_GUIDED, true)
SAME(GOMP_loop_nonmonotonic_dynamic_start, GOMP_loop_dynamic_start);
SAME(GOMP_loop_nonmonotonic_guided_start, GOMP_loop_guided_start);
SAME(GOMP_loop_ull_nonmonotonic_dynamic_start, GOMP_loop_ull_dynamic_start);
SAME(GOMP_loop_ull_nonmonotonic_guided_start, GOMP_loop_ull_guided_start);

#define LOOP_RUNTIME_START(name, ordered)                                                                              \
	ENTRY(bool, GOMP_loop_##name, long start, long end, long step, long *from, long *to)                           \
	{                                                                                                              \
		return begin_signed(start, end, step, SCHEDULE_RUNTIME, 0, ordered, from, to);                         \
	}                                                                                                              \
	ENTRY(bool, GOMP_loop_ull_##name, bool up, ull start, ull end, ull step, ull *from, ull *to)                   \
	{                                                                                                              \
		return begin_unsigned(up, start, end, step, SCHEDULE_RUNTIME, 0, ordered, from, to);                   \
	}

LOOP_RUNTIME_START(runtime_start, false)
LOOP_RUNTIME_START(ordered_runtime_start, true)
SAME(GOMP_loop_nonmonotonic_runtime_start, GOMP_loop_runtime_start);
SAME(GOMP_loop_maybe_nonmonotonic_runtime_start, GOMP_loop_runtime_start);
SAME(GOMP_loop_ull_nonmonotonic_runtime_start, GOMP_loop_ull_runtime_start);
SAME(GOMP_loop_ull_maybe_nonmonotonic_runtime_start, GOMP_loop_ull_runtime_start);

/* A loop with the schedule as an argument; @reductions of tasks and memory for scans are not served. */
static void refuse_extras(const uintptr_t *reductions, void *const *memory)
{
	if (reductions)
		message_refuse("a loop with reduction(task, ...)");
	if (memory)
		message_refuse("a loop with a scan or lastprivate(conditional: ...)");
}

#define LOOP_START_ANY(name, ordered)                                                                                  \
	ENTRY(bool, GOMP_loop_##name, long start, long end, long step, long schedule, long chunk, long *from,          \
	      long *to, uintptr_t *reductions, void **memory)                                                          \
	{                                                                                                              \
		refuse_extras(reductions, memory);                                                                     \
		return begin_signed(start, end, step, (unsigned int)schedule, chunk, ordered, from, to);               \
	}                                                                                                              \
	ENTRY(bool, GOMP_loop_ull_##name, bool up, ull start, ull end, ull step, long schedule, ull chunk, ull *from,  \
	      ull *to, uintptr_t *reductions, void **memory)                                                           \
	{                                                                                                              \
		refuse_extras(reductions, memory);                                                                     \
		return begin_unsigned(up, start, end, step, (unsigned int)schedule, chunk, ordered, from, to);         \
	}

LOOP_START_ANY(start, false)
LOOP_START_ANY(ordered_start, true)

/* A region that is a loop: its members are in it when they begin. */
static void run_loop(void (*function)(void *), void *data, unsigned int threads, struct work work,
		     unsigned int schedule, long chunk)
{
	set_schedule(&work, schedule, chunk > 0 ? (uint64_t)chunk : 0, false);
	team_run(function, data, threads, &work);
}

#define PARALLEL_LOOP(name, schedule)                                                                                  \
	ENTRY(void, GOMP_parallel_loop_##name, void (*function)(void *), void *data, unsigned int threads, long start, \
	      long end, long step, long chunk, unsigned int flags)                                                     \
	{                                                                                                              \
		(void)flags;                                                                                           \
		run_loop(function, data, threads, work_signed(start, end, step), schedule, chunk);                     \
	}

PARALLEL_LOOP(static, SCHEDULE_STATIC)
PARALLEL_LOOP(dynamic, SCHEDULE_DYNAMIC)
PARALLEL_LOOP(guided, SCHEDULE_GUIDED)
SAME(GOMP_parallel_loop_nonmonotonic_dynamic, GOMP_parallel_loop_dynamic);
SAME(GOMP_parallel_loop_nonmonotonic_guided, GOMP_parallel_loop_guided);

ENTRY(void, GOMP_parallel_loop_runtime, void (*function)(void *), void *data, unsigned int threads, long start,
      long end, long step, unsigned int flags)
{
	(void)flags;
	run_loop(function, data, threads, work_signed(start, end, step), SCHEDULE_RUNTIME, 0);
}
SAME(GOMP_parallel_loop_nonmonotonic_runtime, GOMP_parallel_loop_runtime);
SAME(GOMP_parallel_loop_maybe_nonmonotonic_runtime, GOMP_parallel_loop_runtime);

ENTRY(void, GOMP_loop_end_nowait, void)
{
	share_leave(team_self());
}

ENTRY(void, GOMP_loop_end, void)
{
	struct member *member = team_self();

	share_leave(member);
	team_barrier(member);
}

ENTRY(bool, GOMP_loop_end_cancel, void)
{
	GOMP_loop_end();
	return false;
}

ENTRY(void, GOMP_ordered_start, void)
{
	work_wait_turn(team_self());
}

/* The turn passes when all pieces that the member has are done. */
ENTRY(void, GOMP_ordered_end, void)
{
}
