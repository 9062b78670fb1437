/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of tasks as Linux' threads see them: submit, wait. */
#include "ptask.h"
#include "future.h"
#include "raw.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define POLLS	      64
#define RETRY_NS      200000 /* until there may be room in the queue */
#define PUBLIC_FLAGS  0x707u
#define PRIVATE_FLAGS 0x700u

#define RANGES_PER_CORE 8 /* if the caller leaves the size of a range to us */

_Static_assert(HVM_GROUP_GANG == HVM_PTASK_GANG && HVM_GROUP_MEMORY_BOUND == HVM_PTASK_MEMORY_BOUND &&
		   HVM_GROUP_TURNS == HVM_PTASK_TURNS,
	       "the flags are the aerokernel's");

static bool is_joined(const struct hvm *hvm)
{
	return __builtin_expect(state_of(hvm) == STATE_POOL, 1);
}

unsigned int hvm_pool_cores(const struct hvm *hvm)
{
	return is_joined(hvm) ? hvm->cores : 0;
}

int hvm_pool_leave(struct hvm *hvm)
{
	return state_of(hvm) != STATE_NONE && hvm->pool ? hvm_detach(hvm) : -ENOTCONN;
}

int hvm_pool_stats(const struct hvm *hvm, struct hvm_pool_stats *stats)
{
	*stats = (struct hvm_pool_stats){0};
	if (!is_joined(hvm))
		return why_not(hvm);
	for (uint32_t i = 0; i < hvm->cores; i++) {
		const struct worker *worker = worker_at(hvm, i);

		stats->groups += hvm_load_relaxed(&worker->groups);
		stats->tasks += hvm_load_relaxed(&worker->tasks);
		stats->failed += hvm_load_relaxed(&worker->failures);
	}
	return 0;
}

static bool place(struct hvm *hvm, struct hvm_group *group)
{
	for (uint32_t i = 0; i < HVM_PTASK_CLIENT_GROUPS; i++)
		if (!hvm_load_relaxed(&hvm->groups[i])) {
			group->place = i;
			hvm_store_relaxed(&hvm->groups[i], group);
			return true;
		}
	return false;
}

bool ptask_remove(struct hvm *hvm, const struct hvm_group *group)
{
	return __atomic_exchange_n(&hvm->groups[group->place], NULL, __ATOMIC_ACQ_REL);
}

void ptask_fail_all(struct hvm *hvm)
{
	raw_ioctl(hvm->fd, HVM_IOC_JOB_END, NULL);
	for (uint32_t i = 0; i < HVM_PTASK_CLIENT_GROUPS; i++) {
		struct hvm_group *group = __atomic_exchange_n(&hvm->groups[i], NULL, __ATOMIC_ACQ_REL);

		if (group)
			future_complete(&group->future, 0, -ESHUTDOWN);
	}
}

static void ring(struct hvm *hvm, uint32_t core)
{
	raw_ioctl(hvm->fd, HVM_IOC_KICK, &core);
}

static bool poll_answer(const struct hvm *hvm, int64_t *answer)
{
	const struct hvm_slot *slot = &hvm->slots[hvm->submit_slot];
	uint64_t start = __builtin_ia32_rdtsc();

	do {
		for (int i = 0; i < POLLS; i++) {
			if (hvm_slot_reap(slot, hvm->submit_tag, answer))
				return true;
			if (hvm->pause)
				__builtin_ia32_pause();
		}
	} while (__builtin_ia32_rdtsc() - start < hvm->spin_cycles);
	return false;
}

/* Cores look when they want work; if all are busy for long, a doorbell has one of them look. */
static int await_answer(struct hvm *hvm)
{
	int64_t answer;

	while (!poll_answer(hvm, &answer)) {
		if (!is_joined(hvm))
			return why_not(hvm);
		ring(hvm, 0);
	}
	return (int)answer;
}

/* One request at a time. */
static int post(struct hvm *hvm, const uint64_t arg[HVM_SLOT_ARGS])
{
	struct hvm_slot *slot = &hvm->slots[hvm->submit_slot];
	uint32_t sleeper;

	hvm->submit_tag = hvm_slot_tag(++hvm->submit_sequence, slot->generation);
	hvm_slot_arguments(slot, arg);
	hvm_slot_publish(slot, hvm->submit_tag, HVM_NR_TASK_GROUP);
	hvm_fence_full();
	sleeper = hvm_load_relaxed(&slot->server_sleeping);
	if (sleeper && sleeper <= hvm->cores)
		ring(hvm, sleeper - 1);
	return await_answer(hvm);
}

static int try_submit(struct hvm *hvm, struct hvm_group *group, const uint64_t arg[HVM_SLOT_ARGS])
{
	int err = -EAGAIN;

	pthread_mutex_lock(&hvm->submit_lock);
	if (!is_joined(hvm))
		err = why_not(hvm);
	else if (place(hvm, group)) {
		err = post(hvm, arg);
		if (err)
			ptask_remove(hvm, group);
	}
	pthread_mutex_unlock(&hvm->submit_lock);
	return err;
}

static bool is_valid(const struct hvm_group *group, const struct hvm_group_options *options)
{
	return group->count && group->count <= HVM_PTASK_TASKS && options->width <= HVM_MAX_CORES &&
	       options->range <= group->count && !(options->flags & ~PUBLIC_FLAGS);
}

static uint32_t cores_for(const struct hvm *hvm, const struct hvm_group_options *options)
{
	return options->width && options->width < hvm->cores ? options->width : hvm->cores;
}

static uint32_t fair_range(uint64_t count, uint32_t width)
{
	uint64_t range = count / ((uint64_t)width * RANGES_PER_CORE);

	return range ? (uint32_t)range : 1;
}

/*
 * What the aerokernel is told. It counts a gang's tasks, and those of a group that makes room for others after each
 * range. Of any other group it learns how many cores can take part: these count on themselves, by group->next, until
 * nothing is left, and only then ask again.
 */
static void describe(const struct hvm *hvm, struct hvm_group *group, const struct hvm_group_options *options,
		     uint64_t arg[HVM_SLOT_ARGS])
{
	uint32_t width = cores_for(hvm, options),
		 range = options->range ? options->range : fair_range(group->count, width);
	uint64_t parts = (group->count + range - 1) / range;
	bool counted = options->flags & (HVM_GROUP_GANG | HVM_GROUP_TURNS);

	group->range = counted ? 0 : range;
	arg[0] = counted ? group->count : parts < width ? parts : width;
	arg[1] = options->width;
	arg[2] = counted ? options->range : 1;
	arg[3] = options->flags & ~PRIVATE_FLAGS;
	arg[4] = (uint64_t)group;
}

static int submit(struct hvm *hvm, struct hvm_group *group, const struct hvm_group_options *options)
{
	static const struct hvm_group_options usual;
	const struct timespec retry = {.tv_nsec = RETRY_NS};
	const struct hvm_group_options *use = options ? options : &usual;
	uint64_t arg[HVM_SLOT_ARGS] = {0};
	int err;

	if (!is_joined(hvm))
		return why_not(hvm);
	if (!is_valid(group, use))
		return -EINVAL;
	group->flags = use->flags;
	group->event = use->event;
	describe(hvm, group, use, arg);
	while ((err = try_submit(hvm, group, arg)) == -EAGAIN && !(use->flags & HVM_GROUP_NO_WAIT))
		raw_call3(SYS_nanosleep, (uint64_t)&retry, 0, 0);
	return err;
}

static void init(struct hvm_group *group, uint64_t count)
{
	memset(group, 0, offsetof(struct hvm_group, failure));
	group->count = count;
	group->tasks = NULL;
	group->next = 0;
}

int hvm_group_submit(struct hvm *hvm, struct hvm_group *group, void (*task)(uint64_t number, void *argument),
		     void *argument, uint64_t count, const struct hvm_group_options *options)
{
	init(group, count);
	group->function = task;
	group->argument = argument;
	return submit(hvm, group, options);
}

int hvm_group_submit_list(struct hvm *hvm, struct hvm_group *group, const struct hvm_task *tasks, uint64_t count,
			  const struct hvm_group_options *options)
{
	init(group, count);
	group->tasks = tasks;
	return submit(hvm, group, options);
}

bool hvm_group_poll(const struct hvm_group *group)
{
	return hvm_poll(&group->future);
}

int hvm_group_wait(struct hvm *hvm, struct hvm_group *group)
{
	return hvm_wait(hvm, &group->future, NULL);
}
