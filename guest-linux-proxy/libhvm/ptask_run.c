/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker of the pool does on its core: ask the aerokernel for a range of tasks, and call them. */
#include "future.h"
#include "ptask.h"
#include "raw.h"

#include <asm/prctl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <hvm/gate.h>

#define GRACE_NS 100000000 /* for another thread to take a signal that ends the process */

/* The group's memory is the caller's again with the store that says that it is done. */
static void end_group(struct worker *worker, struct hvm_group *group)
{
	bool raises = group->flags & HVM_GROUP_EVENT;
	int event = group->event;

	if (!ptask_remove(worker->hvm, group))
		return;
	worker->groups++;
	future_complete(&group->future, 0, hvm_load_relaxed(&group->failed) ? -EFAULT : 0);
	if (raises)
		hvm_raise(worker->hvm, event);
}

static inline void run_task(const struct hvm_group *group, uint64_t number)
{
	if (group->tasks)
		group->tasks[number].function(group->tasks[number].argument);
	else
		group->function(number, group->argument);
}

/* What is left of the worker's range. worker->task has the next one: a failure goes on there. */
static void run_range(struct worker *worker)
{
	const struct hvm_group *group = worker->group;

	hvm_store_relaxed(&worker->running, ++worker->tickets << 1 | 1);
	while (worker->task < worker->task_end)
		run_task(group, worker->task++);
	hvm_store_relaxed(&worker->running, 0);
}

static void take(struct worker *worker, uint64_t first, uint64_t count)
{
	worker->task = first;
	worker->task_end = first + count;
	worker->tasks += count;
}

/* Cores that have the group count on together, without the aerokernel; false if nothing is left. */
static bool take_range(struct worker *worker)
{
	struct hvm_group *group = worker->group;
	uint64_t first;

	if (!group->range)
		return false;
	first = __atomic_fetch_add(&group->next, group->range, __ATOMIC_RELAXED);
	if (first >= group->count)
		return false;
	take(worker, first, group->count - first < group->range ? group->count - first : group->range);
	return true;
}

/* Until the core has nothing more of the group. */
static void run_group(struct worker *worker)
{
	do
		run_range(worker);
	while (take_range(worker));
}

_Noreturn void ptask_run(struct worker *worker)
{
	const struct hvm_slot *slot = worker->slot;

	for (;;) {
		hvm_gate(HVM_GATE_TASK_NEXT, 0, 0, 0);
		if (slot->task_ended)
			end_group(worker, (struct hvm_group *)slot->task_ended);
		if (!slot->task_count)
			continue;
		worker->group = (struct hvm_group *)slot->task_group;
		if (!worker->group->range)
			take(worker, slot->task_first, slot->task_count);
		run_group(worker);
	}
}

/* What failed may hold any lock of the C library: a line without it. Linux ends the process, by another thread. */
static _Noreturn void end_process(const struct hvm_failure *failure)
{
	const struct timespec grace = {.tv_nsec = GRACE_NS};
	struct sigaction action = {.sa_handler = SIG_DFL};
	uint64_t pid = (uint64_t)raw_call3(SYS_getpid, 0, 0, 0);
	char line[200];
	int length;

	length =
	    snprintf(line, sizeof(line),
		     "libhvm: a task on core %u of the pool failed: exception %u at %#lx, address %#lx, signal %u\n",
		     failure->core, failure->vector, failure->instruction, failure->address, failure->signal);
	raw_call3(SYS_write, STDERR_FILENO, (uint64_t)line, (uint64_t)length);
	sigaction((int)failure->signal, &action, NULL);
	raw_call3(SYS_tgkill, pid, pid, failure->signal);
	raw_call3(SYS_nanosleep, (uint64_t)&grace, 0, 0);
	for (;;)
		raw_call3(SYS_exit_group, 128 + failure->signal, 0, 0);
}

static void note_failure(struct worker *worker)
{
	struct hvm_group *group = worker->group;

	worker->failures++;
	if (__atomic_fetch_add(&group->failed, 1, __ATOMIC_RELAXED))
		return;
	group->first_failed = worker->task - 1;
	group->failure = worker->failure;
}

_Noreturn void ptask_recovered(struct worker *worker)
{
	raw_call3(SYS_arch_prctl, ARCH_SET_FS, worker->fs_base, 0);
	if (worker->running) {
		if (worker->group->flags & HVM_GROUP_FATAL)
			end_process(&worker->failure);
		note_failure(worker);
		run_group(worker);
	}
	ptask_run(worker);
}
