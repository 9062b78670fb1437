/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker of the pool does on its core: ask the aerokernel for a range of tasks, and call them. */
#include "future.h"
#include "ptask.h"
#include "raw.h"

#include <asm/prctl.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <hvm/gate.h>

#define GRACE_NS   100000000 /* for another thread to take a signal that ends the process */
#define FRAMES	   8
#define PLACE_SIZE 96 /* of a text */

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

/* As addr2line(1) takes it, if it lies in a file. */
static size_t add_place(char *text, uint64_t address)
{
	Dl_info info;
	int length;

	if (!dladdr((void *)address, &info) || !info.dli_fname)
		length = snprintf(text, PLACE_SIZE, " %#lx", address);
	else
		length = snprintf(text, PLACE_SIZE, " %.60s+%#lx", basename(info.dli_fname),
				  address - (uint64_t)info.dli_fbase);
	return (size_t)length;
}

/* What failed may hold any lock of the C library's streams and memory: this takes none. */
static void report(const struct hvm_failure *failure)
{
	char line[160 + (FRAMES + 1) * PLACE_SIZE];
	size_t used = (size_t)snprintf(line, sizeof(line),
				       "libhvm: a task on core %u of the pool failed: exception %u, address %#lx, at",
				       failure->core, failure->vector, failure->address);

	used += add_place(line + used, failure->instruction);
	for (uint32_t i = 1; i < failure->frames && i < FRAMES; i++)
		used += add_place(line + used, failure->backtrace[i]);
	line[used++] = '\n';
	raw_call3(SYS_write, STDERR_FILENO, (uint64_t)line, used);
}

/* By another thread, which takes the signal as if it had failed. */
static _Noreturn void end_process(const struct hvm_failure *failure)
{
	const struct timespec grace = {.tv_nsec = GRACE_NS};
	struct sigaction action = {.sa_handler = SIG_DFL};
	uint64_t pid = (uint64_t)raw_call3(SYS_getpid, 0, 0, 0);

	report(failure);
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
