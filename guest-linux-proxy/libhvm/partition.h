/* SPDX-License-Identifier: Apache-2.0 */
/* A partition that this process has open. */
#ifndef LIBHVM_PARTITION_H
#define LIBHVM_PARTITION_H

#include "worker.h"

#include <errno.h>
#include <pthread.h>

#include <hvm/device.h>
#include <hvm/ptask.h>

enum state {
	STATE_NONE = 0, /* closed; or in a child of fork, where the kernel wiped the page */
	STATE_OPEN = 1,
	STATE_ATTACHED = 2,
	STATE_LOST = 3, /* attached, but the cores are gone: only hvm_detach and hvm_close are left */
	STATE_POOL = 4, /* in the partition's pool: for groups of tasks, not for calls */
};

#define WAITER_SLOTS 4u	 /* that threads sleep behind; they share them */
#define EVENT_SLOTS  32u /* of hvm_event_open */

/* In pages of its own, which a child of fork sees as zeros (MADV_WIPEONFORK). */
struct hvm {
	/* What each call reads. */
	uint32_t state; /* enum state */
	uint32_t cores;
	struct worker *worker; /* the first of an array, which a child of fork does not have */
	uint32_t stride;       /* of the array, bytes */
	uint64_t spin_cycles;
	uint64_t tsc_khz;
	bool pause;
	bool alone; /* one processor of Linux: who polls keeps it from who must act */
	int fd;	    /* the job, while attached; keeps its number */

	uint64_t sleepers __attribute__((aligned(64))); /* workers that halt, a bit for each */
	uint32_t turn;					/* for work that may go anywhere */

	pthread_mutex_t lock __attribute__((aligned(64))); /* open, attach, detach, events */
	char name[HVM_NAME_MAX];
	uint32_t partition_cores;
	bool user; /* the partition's programs run in ring 3 */
	uint32_t slot_count;
	struct hvm_slot *slots; /* mapped at this address for good */
	uint64_t merge_ns;
	int32_t event_fd[EVENT_SLOTS]; /* 1 + eventfd, 0: free */
	struct hvm *next;	       /* of those that are closed */

	/* Ptasks. */
	bool pool;		     /* it is, or was, STATE_POOL */
	uint32_t submit_slot;	     /* of the job */
	pthread_mutex_t submit_lock; /* the slot, and new places among groups */
	uint64_t submit_tag;
	uint32_t submit_sequence;
	struct hvm_group *groups[HVM_PTASK_CLIENT_GROUPS]; /* on their way */
};

static inline struct worker *worker_at(const struct hvm *hvm, uint32_t index)
{
	return (struct worker *)((uint8_t *)hvm->worker + (uint64_t)index * hvm->stride);
}

static inline enum state state_of(const struct hvm *hvm)
{
	return hvm_load_acquire(&hvm->state);
}

static inline bool is_attached(const struct hvm *hvm)
{
	return __builtin_expect(state_of(hvm) == STATE_ATTACHED, 1);
}

/** True if it has cores, for calls or for groups of tasks. */
static inline bool has_cores(const struct hvm *hvm)
{
	return is_attached(hvm) || state_of(hvm) == STATE_POOL;
}

/** Why it is not. */
static inline int why_not(const struct hvm *hvm)
{
	return state_of(hvm) == STATE_LOST ? -ESHUTDOWN : -ENOTCONN;
}

/** What the calling thread will find in hvm_problem(); returns @err. */
__attribute__((format(printf, 2, 3))) int problem(int err, const char *format, ...);

/** The partition lost its cores, or gives them back: calls end. */
void partition_lost(struct hvm *hvm);

/** All of @worker's calls, queued or under way, end with -ESHUTDOWN; it does not run any more. */
void partition_fail_all(struct worker *worker);

#endif
