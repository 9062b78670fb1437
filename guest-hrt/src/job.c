/* SPDX-License-Identifier: Apache-2.0 */
#include "job.h"
#include "core.h"
#include "cpu.h"
#include "lock.h"
#include "sched.h"

struct job *job_of_space(uint64_t space)
{
	uint64_t number = (space - partition->phys_base - HVM_OFFSET_SPACES) / HVM_PAGE_SIZE;

	return (struct job *)((uint8_t *)core_at(partition->core_count) + number % HVM_MAX_SPACES * HVM_JOB_AREA);
}

void job_begin(struct job *job, uint32_t first_slot, uint32_t slot_end, uint64_t space, uint64_t group)
{
	__builtin_memset(job, 0, sizeof(*job));
	job->first_slot = first_slot;
	job->slot_end = slot_end;
	job->space = space;
	job->group = group;
	job->used = 1;
	job->threads = 1;
}

/* Servers are started in the order of their slots. How many there are is the program's word. */
static uint32_t servers(const struct job *job)
{
	uint32_t count = hvm_load_acquire(&slot_at(job->first_slot)->servers);
	uint32_t room = job->slot_end - job->first_slot;

	return count < room ? count : room;
}

/* The one that ended last first: its state is warm. */
static struct thread *take(struct job *job)
{
	struct thread *thread;

	lock_take(&job->lock);
	thread = job->pool;
	if (thread)
		job->pool = thread->next;
	else if (job->used < servers(job))
		thread = thread_at(job->first_slot + job->used++);
	lock_release(&job->lock);
	return thread;
}

struct thread *job_claim(struct job *job, struct thread *asking)
{
	static const uint64_t arg[HVM_SLOT_ARGS];
	struct thread *thread;

	while (!(thread = take(job))) {
		asking->slot->stats.calls_forwarded++;
		if (thread_forward(asking, HVM_NR_SERVERS, arg) == 0)
			continue;
		if (!hvm_load_acquire(&job->ending))
			return take(job);
		sched_give_way(); /* to threads that are about to leave theirs */
	}
	return thread;
}

void job_release(struct job *job, struct thread *thread)
{
	lock_take(&job->lock);
	thread->next = job->pool;
	job->pool = thread;
	lock_release(&job->lock);
	__atomic_fetch_sub(&job->ending, 1, __ATOMIC_RELEASE);
}

struct thread *job_find(const struct job *job, uint32_t tid)
{
	for (uint32_t i = 0; i < hvm_load_relaxed(&job->used); i++) {
		struct thread *thread = thread_at(job->first_slot + i);

		if (hvm_load_relaxed(&slot_at(job->first_slot + i)->tid) == tid && sched_is_live(thread))
			return thread;
	}
	return NULL;
}

bool job_has_clear_tid(const struct job *job, uint64_t address)
{
	for (uint32_t i = 0; i < hvm_load_relaxed(&job->used); i++) {
		const struct thread *thread = thread_at(job->first_slot + i);

		if (hvm_load_relaxed(&thread->clear_tid) == address && hvm_load_relaxed(&thread->job) == job)
			return true;
	}
	return false;
}
