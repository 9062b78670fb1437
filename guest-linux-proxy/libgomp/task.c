/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explicit tasks. Each is done at once, by who meets it, which OpenMP allows of any task: so tasks of one parent are
 * done in the order in which the program makes them, and there is never one to wait for.
 */
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "message.h"
#include "team.h"

/* What gcc says of a task. */
#define TASK_FINAL     (1u << 1)
#define TASK_DETACH    (1u << 13)
#define TASK_UP	       (1u << 8)
#define TASK_GRAINSIZE (1u << 9)
#define TASK_IF	       (1u << 10)
#define TASK_REDUCTION (1u << 12)
#define TASK_STRICT    (1u << 14)

struct task {
	void (*function)(void *);
	void *data;
	void (*copy)(void *to, void *from); /* NULL: bytes */
	size_t size, alignment;
};

/* @task with its own copy of its variables; of a part of a loop, the first two are where it begins and ends. */
static void run_copy(const struct task *task, const uint64_t bounds[2])
{
	size_t alignment = task->alignment > alignof(max_align_t) ? task->alignment : alignof(max_align_t);
	void *copy = aligned_alloc(alignment, (task->size + alignment - 1) / alignment * alignment);

	if (!copy)
		message_fatal("no memory for %zu bytes of a task's variables", task->size);
	if (task->copy)
		task->copy(copy, task->data);
	else
		memcpy(copy, task->data, task->size);
	if (bounds)
		memcpy(copy, bounds, 2 * sizeof(bounds[0]));
	task->function(copy);
	free(copy);
}

/* Within a final task all are. */
static bool enter(struct member *member, bool final)
{
	bool before = member->final;

	member->final = before || final;
	return before;
}

ENTRY(void, GOMP_task, void (*function)(void *), void *data, void (*copy)(void *, void *), long size, long alignment,
      bool if_clause, unsigned int flags, void **depend, int priority, void *detach)
{
	struct task task = {function, data, copy, (size_t)size, (size_t)alignment};
	struct member *member = team_self();
	bool before = enter(member, flags & TASK_FINAL);

	(void)if_clause, (void)depend, (void)priority, (void)detach;
	if (flags & TASK_DETACH)
		message_refuse("a task with detach");
	if (copy)
		run_copy(&task, NULL);
	else
		function(data); /* gcc made it for this task alone */
	member->final = before;
}

/* How many pieces each task has; the first @longer ones have one more. */
static uint64_t size_of(uint64_t count, uint64_t wanted, unsigned int flags, uint64_t *longer)
{
	uint64_t tasks = wanted;

	*longer = 0;
	if (flags & TASK_GRAINSIZE && flags & TASK_STRICT)
		return wanted;
	if (flags & TASK_GRAINSIZE)
		tasks = count / wanted;
	else if (!wanted)
		tasks = 1; /* nobody else would do another */
	if (tasks > count)
		tasks = count;
	if (!tasks)
		tasks = 1;
	*longer = count % tasks;
	return count / tasks;
}

static void run_taskloop(const struct task *task, unsigned int flags, uint64_t wanted, const struct work *work)
{
	struct member *member = team_self();
	bool before = enter(member, flags & TASK_FINAL);
	uint64_t longer, size = size_of(work->count, wanted, flags, &longer), count;

	if (flags & TASK_REDUCTION)
		message_refuse("a taskloop with reduction");
	for (uint64_t first = 0; first < work->count; first += count) {
		uint64_t bounds[2] = {work->start + first * work->step, work->end};

		count = size + (longer > 0);
		longer -= longer > 0;
		if (count < work->count - first)
			bounds[1] = bounds[0] + count * work->step;
		run_copy(task, bounds);
	}
	member->final = before;
}

ENTRY(void, GOMP_taskloop, void (*function)(void *), void *data, void (*copy)(void *, void *), long size,
      long alignment, unsigned int flags, unsigned long tasks, int priority, long start, long end, long step)
{
	struct task task = {function, data, copy, (size_t)size, (size_t)alignment};
	struct work work = work_signed(start, end, step);

	(void)priority;
	run_taskloop(&task, flags, tasks, &work);
}

ENTRY(void, GOMP_taskloop_ull, void (*function)(void *), void *data, void (*copy)(void *, void *), long size,
      long alignment, unsigned int flags, unsigned long tasks, int priority, ull start, ull end, ull step)
{
	struct task task = {function, data, copy, (size_t)size, (size_t)alignment};
	struct work work = work_unsigned(flags & TASK_UP, start, end, step);

	(void)priority;
	run_taskloop(&task, flags, tasks, &work);
}

/* Nothing is under way. */
ENTRY(void, GOMP_taskwait, void)
{
}

ENTRY(void, GOMP_taskwait_depend, void **depend)
{
	(void)depend;
}

ENTRY(void, GOMP_taskyield, void)
{
}

ENTRY(void, GOMP_taskgroup_start, void)
{
}

ENTRY(void, GOMP_taskgroup_end, void)
{
}
