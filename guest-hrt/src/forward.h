/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a request to the server and back. A polling server answers in the time of a cache line's way there and
 * back, so what a request costs beyond that is here: all of it is one function, without a call while nothing disturbs
 * it. Interrupts are off but for a moment now and then: to change them costs more than a system call's other
 * instructions.
 */
#ifndef HRT_FORWARD_H
#define HRT_FORWARD_H

#include "core.h"
#include "cpu.h"
#include "discard.h"
#include "process.h"
#include "renew.h"
#include "sched.h"
#include "thread.h"

#define FORWARD_HOT inline __attribute__((always_inline))

/* Looks at the slot between two moments in which interrupts are taken. */
#define FORWARD_LOOKS		 256
#define FORWARD_LOOKS_WITH_PAUSE 16

void forward_wake_server(struct thread *thread);

/** The window did not suffice: others run, or the core halts, until the answer @tag is there. Returns it. */
int64_t forward_wait(struct thread *thread, uint64_t tag);

/** Obey a stop, let others run. */
void forward_give_way(struct core *core);

static FORWARD_HOT uint64_t forward_post(struct thread *thread, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	uint64_t tag = hvm_slot_tag(++thread->sequence, thread->generation);
	struct hvm_slot *slot = thread->slot;

	hvm_slot_arguments(slot, arg);
	hvm_slot_publish(slot, tag, nr);
	if (__builtin_expect(hvm_slot_server_needs_wake(slot), 0))
		forward_wake_server(thread);
	return tag;
}

/* Poll for the answer @tag until it is there or the thread's window is over. */
static FORWARD_HOT bool forward_poll(struct core *core, const struct thread *thread, uint64_t tag, int64_t *result)
{
	uint64_t deadline = cpu_tsc() + (core->polls ? thread->window : 0);
	bool pause = core->pauses;
	const struct hvm_slot *slot = thread->slot;
	int looks = pause ? FORWARD_LOOKS_WITH_PAUSE : FORWARD_LOOKS;

	do {
		for (int i = 0; i < looks; i++) {
			if (hvm_slot_reap(slot, tag, result))
				return true;
			if (pause)
				cpu_pause();
		}
		cpu_interrupt_window();
		if (core->stop_requested)
			core_obey_stop(core);
	} while (cpu_tsc() < deadline && !sched_is_shared(core));
	return false;
}

/* A stop, other threads, or a core that it may not run on. */
static FORWARD_HOT bool forward_is_disturbed(const struct core *core, const struct thread *thread)
{
	return core->stop_requested | sched_is_shared(core) | !sched_may_run(core, thread); /* one branch */
}

/* Wait for the answer @tag of request @nr, which this core has posted. */
static FORWARD_HOT int64_t forward_finish(struct core *core, struct thread *thread, uint64_t tag, uint32_t nr,
					  const uint64_t arg[HVM_SLOT_ARGS], bool changes_memory)
{
	int64_t result;

	if (!forward_poll(core, thread, tag, &result)) {
		result = forward_wait(thread, tag);
		core = core_self();
	}
	if (changes_memory)
		discard_end(&core->discard);
	renew_note(core, nr, arg);
	if (__builtin_expect(forward_is_disturbed(core, thread), 0))
		forward_give_way(core);
	return result;
}

/*
 * A system call, with the registers that the program made it with. What can be done later is, for the server has begun
 * then. @changes_memory: discard.h
 */
static FORWARD_HOT int64_t forward_call(struct core *core, struct thread *thread, const struct hvm_regs *regs,
					bool changes_memory)
{
	const uint64_t arg[HVM_SLOT_ARGS] = {regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9};
	uint32_t nr = (uint32_t)regs->rax; /* Linux takes the number from eax */
	int64_t result;
	uint64_t tag;

	if (changes_memory)
		discard_begin_call(&core->discard);
	tag = forward_post(thread, nr, arg);
	core_beat(core);
	thread->slot->stats.calls_forwarded++;
	thread->entry = regs;
	result = forward_finish(core, thread, tag, nr, arg, changes_memory);
	if (__builtin_expect(thread->lent | thread->worker, 0))
		process_resume(thread, regs);
	return result;
}

#endif
