/* SPDX-License-Identifier: Apache-2.0 */
#include "upcall.h"
#include "apic.h"
#include "core.h"
#include "futex.h"
#include "job.h"
#include "sched.h"

#include <hvm/signal.h>

#define ESRCH  3
#define EAGAIN 11

bool upcall_take(struct thread *thread, struct upcall *call)
{
	if (!upcall_waits(thread))
		return false;
	*call = thread->upcall;
	hvm_store_release(&thread->upcall.function, 0);
	return true;
}

static struct thread *find(const struct job *job, uint64_t number)
{
	struct thread *thread;

	if (number >= hvm_load_relaxed(&job->used))
		return NULL;
	thread = thread_at(job->first_slot + (uint32_t)number);
	return sched_is_live(thread) ? thread : NULL;
}

int64_t upcall_send(struct thread *sender, uint64_t number, const struct upcall *call)
{
	struct thread *thread = find(sender->job, number);
	uint64_t none = 0;
	struct core *core;

	if (!thread)
		return -ESRCH;
	if (!__atomic_compare_exchange_n(&thread->upcall.function, &none, UPCALL_CLAIMED, false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED))
		return -EAGAIN;
	thread->upcall.argument = call->argument;
	thread->upcall.restorer = call->restorer;
	hvm_store_release(&thread->upcall.function, call->function);
	hvm_fence_full(); /* a thread that changes its core looks after it has told the new one */
	core = core_at(hvm_load_relaxed(&thread->core));
	if (!futex_cancel(thread, -HVM_RESTART) && core != core_self())
		apic_send(core->control->apic_id, HVM_VECTOR_DOORBELL);
	return 0;
}
