/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ptasks: groups of tasks on HRT cores that several processes share. A process joins the partition's pool; a task is a
 * function of it, called with its number, and runs to completion on one core: nothing interrupts it for another. Groups
 * of all processes wait in one queue and begin in the order in which they came; a core keeps to a group until nothing
 * of it is left to begin, unless the group asks for turns.
 *
 *	struct hvm_group group;
 *
 *	hvm_open(&hvm, NULL);
 *	hvm_pool_join(hvm, 0);
 *	hvm_group_submit(hvm, &group, add_row, matrix, rows, NULL);
 *	hvm_group_wait(hvm, &group);
 *
 * Functions answer 0 or a negative errno value, and may be called from any thread of the process, not from tasks. Tasks
 * may do what functions of hvm_call may; those of a group run in no order, and only a gang's may wait for each other.
 *
 * Source of the idea: Basslet (Giceva, Zellweger, Alonso, Roscoe: "Customized OS support for data-processing", DaMoN
 * 2016).
 */
#ifndef HVM_PTASK_USER_H
#define HVM_PTASK_USER_H

#include "hvm.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * Have a worker on each core of the partition's pool, and merge this process's address space with them. Who is first
 * makes the pool, of @cores cores (0: all that are free); for the others it is as it is. It ends with its last process.
 * -EBUSY: attached, or in the pool already. Else as hvm_attach.
 */
int hvm_pool_join(struct hvm *hvm, unsigned int cores);

/** Leave it. Tasks are stopped where they are; groups end with -ESHUTDOWN. Others' go on. */
int hvm_pool_leave(struct hvm *hvm);

/** Cores of the pool; 0: not in it. */
unsigned int hvm_pool_cores(const struct hvm *hvm);

/**
 * All tasks at the same time, task r on core r of the pool: they may wait for each other. At most as many as cores. If
 * one fails that others wait for, these wait for ever: HVM_GROUP_FATAL is for such.
 */
#define HVM_GROUP_GANG 0x1u
/** The tasks wait for memory more than they compute: at most half of the pool's cores run such at a time. */
#define HVM_GROUP_MEMORY_BOUND 0x2u
/** Cores may take turns between this group and others. */
#define HVM_GROUP_TURNS 0x4u
/** If there is no room in the queue, do not wait for it: -EAGAIN. */
#define HVM_GROUP_NO_WAIT 0x100u
/** Raise the event (hvm_event_open) when the group is done. */
#define HVM_GROUP_EVENT 0x200u
/** A task that fails ends the process, by the signal that it had got from Linux, and says where on standard error. */
#define HVM_GROUP_FATAL 0x400u

struct hvm_group_options {
	uint32_t width; /* cores that may run the group at a time; 0: all */
	uint32_t range; /* tasks that a core takes at once; 0: an eighth of its part, at least one */
	uint32_t flags; /* HVM_GROUP_* */
	int event;
};

/** A task of a list. */
struct hvm_task {
	void (*function)(void *argument);
	void *argument;
};

/** A group on its way; the caller's memory, which must stay until it is done. */
struct hvm_group {
	struct hvm_future future;   /* private */
	uint64_t count;		    /* of tasks */
	uint32_t failed;	    /* of them, when it is done */
	uint32_t reserved;	    /* private */
	uint64_t first_failed;	    /* number of the task that failed first, and ... */
	struct hvm_failure failure; /* ... how */
	/* private */
	void (*function)(uint64_t number, void *argument);
	void *argument;
	const struct hvm_task *tasks;
	uint32_t flags, place, range;
	int event;
	uint64_t next __attribute__((aligned(64))); /* task to begin */
};

/**
 * Submit task(number, @argument), number 0 .. @count - 1. @options: NULL for the usual ones.
 * -EINVAL: no task, more than 2147483647, a gang of more than there are cores, an unknown flag. -EAGAIN: the queue is
 * full (256 groups of all processes, 64 of one) and HVM_GROUP_NO_WAIT; without it the call waits. -ENOTCONN: not in the
 * pool. -ESHUTDOWN: the partition was rebooted.
 */
int hvm_group_submit(struct hvm *hvm, struct hvm_group *group, void (*task)(uint64_t number, void *argument),
		     void *argument, uint64_t count, const struct hvm_group_options *options);

/** The same for a list of tasks, which must stay until they are done. */
int hvm_group_submit_list(struct hvm *hvm, struct hvm_group *group, const struct hvm_task *tasks, uint64_t count,
			  const struct hvm_group_options *options);

/** True once all its tasks have ended. Does not wait. */
bool hvm_group_poll(const struct hvm_group *group);

/**
 * Wait until they have: poll for a time that learns, then sleep.
 * -EFAULT: some failed, and the group tells. -ESHUTDOWN: the partition was rebooted, or the process left the pool.
 */
int hvm_group_wait(struct hvm *hvm, struct hvm_group *group);

/** What this process's workers have run since it joined. */
struct hvm_pool_stats {
	uint64_t groups; /* that are done */
	uint64_t tasks;
	uint64_t failed; /* of the tasks */
};
int hvm_pool_stats(const struct hvm *hvm, struct hvm_pool_stats *stats);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
