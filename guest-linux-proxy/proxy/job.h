/* SPDX-License-Identifier: Apache-2.0 */
/* The job: HRT cores merged with this process, and one server for each of its HRT threads. */
#ifndef PROXY_JOB_H
#define PROXY_JOB_H

#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

#include <hvm/partition.h>
#include <hvm/signal.h>

#include "device.h"
#include "program.h"
#include "refusal.h"
#include "signal.h"

struct job;
struct stats;

/** Signals of one HRT thread (signal.h). */
struct signal_state {
	struct signal_taken arrived; /* from Linux, whose further ones are blocked until the thread was told this one */
	struct signal_taken caused;  /* by the thread's own exception: told first */
	uint64_t blocked;	     /* by the server's Linux thread, but for that: slot->server_mask */
	bool serving;		     /* the thread waits for an answer, and looks for signals then */
	bool in_call;		     /* that is made with a mask of its own (sigsuspend, ppoll): */
	uint64_t call_mask;
	stack_t alternate_stack;
	struct hvm_signal told;
};

/** Serves one slot, on a Linux thread of its own: blocking calls and calls about identity are then right. */
struct server {
	struct job *job;
	struct hvm_slot *slot;
	uint32_t index;	      /* of the slot in the job */
	uint32_t serial;      /* the slot's, when its thread was last known (thread_renew) */
	uint64_t robust_list; /* the slot's, as Linux was told */
	pid_t tid;	      /* of the Linux thread behind it, 0 = none yet */
	sem_t known;	      /* the Linux thread knows its tid */
	uint64_t last_tag;
	uint64_t window; /* poll that long before sleeping, TSC cycles */
	struct signal_state signals;
	struct stats *stats; /* of the calls it served, NULL = not counted */
	bool borrowed;	     /* by a child of vfork */
	uint8_t *stack;	     /* of the Linux thread; NULL: none was mapped */
	uint8_t *lent_stack; /* of a child that borrows the thread; NULL: none was mapped */
	void *exec_memory;   /* of an exec under way (exec.c) */
};

struct job {
	struct program *program;
	pid_t pid;   /* whose job it is: a child that borrows a thread has another */
	bool child;  /* of another process of the same cores, which reports for all */
	bool joined; /* the cores of a job that was there before */
	int fd;	     /* the device, guarded */
	struct hvm_slot *slots;
	uint64_t slots_size; /* of the mapping */
	unsigned int cores;
	unsigned int servers; /* as many as slots */
	uint32_t tsc_khz;
	uint64_t spin_cycles; /* the shortest window */
	bool pause;	      /* poll with PAUSE */
	bool user;	      /* the program runs in ring 3 */
	uint64_t merge_ns;
	struct server server[HVM_JOB_SLOTS]; /* job is NULL in those never used */
};

/**
 * Take @cores cores of @partition ("": the first one) for @program, or, if @share is not -1, take over the place of the
 * job that this descriptor is, which is closed.
 */
int job_create(struct job *job, struct program *program, const char *partition, unsigned int cores, int share,
	       struct refusal *refusal);

/** After fork, in the child, which has nothing of its parent's job but its memory: a job on the same cores. */
int job_fork(struct job *job);

/**
 * Its first thread goes on where that of server @index waits in the parent, whose job is the descriptor @parent, which
 * is closed. Both return 0 or -errno.
 */
int job_start_fork(struct job *job, int parent, unsigned int index, const struct hvm_thread_start *changes);

/** Start the program on core 0. */
int job_start(struct job *job, struct refusal *refusal);

/** Make every HRT thread leave its core. Safe in a signal handler and when called twice. */
void job_stop(struct job *job);

/** Make server @index of the job known; it has no thread yet. */
void job_init_server(struct job *job, unsigned int index);

#endif
