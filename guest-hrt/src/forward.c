/* SPDX-License-Identifier: Apache-2.0 */
#include "forward.h"
#include "syscall.h"

#include <hvm/poll.h>

#define NR_EXIT 60

void forward_wake_server(struct thread *thread)
{
	thread->slot->stats.wakes_sent++;
	thread_wake_linux(thread_index(thread));
}

int64_t forward_wait(struct thread *thread, uint64_t tag)
{
	uint64_t base = partition->spin_cycles, start = cpu_tsc();
	int64_t result = sched_wait(thread, tag);

	thread->window = hvm_poll_adapt(thread->window, cpu_tsc() - start + thread->window, base, HVM_POLL_HRT * base);
	return result;
}

void forward_give_way(struct core *core)
{
	if (core->stop_requested)
		core_obey_stop(core);
	sched_resume();
}

int64_t thread_forward(struct thread *thread, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	struct core *core = core_self();
	uint64_t tag;
	bool changes_memory = discard_begin_request(&core->discard, thread->job, nr, arg[0]);

	tag = forward_post(thread, nr, arg);
	/* Callers repeat a request: not even a server that is always quick keeps the doorbell out. */
	cpu_interrupt_window();
	if (core->stop_requested)
		core_obey_stop(core);
	return forward_finish(core, thread, tag, nr, arg, changes_memory);
}

__attribute__((section(".text.syscall"))) int64_t syscall_forward(struct thread *thread, const struct hvm_regs *regs)
{
	return forward_call(core_self(), thread, regs, !discard_is_harmless((uint32_t)regs->rax));
}

void thread_post_exit(struct thread *thread, uint64_t status)
{
	const uint64_t arg[HVM_SLOT_ARGS] = {status};

	forward_post(thread, NR_EXIT, arg);
}
