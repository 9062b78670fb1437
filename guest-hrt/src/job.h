/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One job: what its threads share beyond the program's memory. A thread needs a server, a Linux thread of the proxy
 * that answers its slot; servers of threads that ended are kept in a pool, so that the next one begins without Linux.
 */
#ifndef HRT_JOB_H
#define HRT_JOB_H

#include "discard.h"
#include "futex.h"
#include "thread.h"

/** CLOCK_MONOTONIC was @ns at @tsc; 0: never asked. */
struct job_clock {
	uint32_t lock;
	uint64_t tsc;
	uint64_t ns;
};

/* All of it is forgotten with the job. */
struct job {
	struct futexes futexes;
	uint64_t space; /* of its threads, and the group of cores that run them */
	uint64_t group;
	uint32_t lock; /* protects used and pool */
	uint32_t first_slot;
	uint32_t slot_end; /* 1 + the last */
	uint32_t used;	   /* slots from the first on that have had a thread */
	uint32_t threads;  /* that have not ended */
	uint32_t ending;   /* that did not come to the pool yet */
	bool first_ended;  /* the process's status is then the first thread's ... */
	uint64_t status;   /* ... which is this */
	struct job_clock clock;
	struct hvm_slot *submit;	      /* of a process in a pool, for its groups of tasks; NULL: it is in none */
	struct thread *worker[HVM_MAX_CORES]; /* by the core's number in the pool */
	struct discards discards;
	struct thread *pool; /* ended; their servers wait */
};
_Static_assert(sizeof(struct job) <= HVM_JOB_AREA, "a job outgrew its area");

/** The job with this space. */
struct job *job_of_space(uint64_t space);

/**
 * Forget what the last job with @space left: the thread of @first_slot begins a new one on the cores of @group, with
 * the slots below @slot_end.
 */
void job_begin(struct job *job, uint32_t first_slot, uint32_t slot_end, uint64_t space, uint64_t group);

/** A thread that nobody is, for a new one: its server waits. Asks the proxy for a server; NULL: there is none. */
struct thread *job_claim(struct job *job, struct thread *asking);

/** @thread ended and its stack was left. */
void job_release(struct job *job, struct thread *thread);

/** The thread with that tid that has not ended, or NULL. */
struct thread *job_find(const struct job *job, uint32_t tid);

/** True if @address is where a thread of the job that has not ended has its tid, to be cleared and woken at its end. */
bool job_has_clear_tid(const struct job *job, uint64_t address);

#endif
