/* SPDX-License-Identifier: Apache-2.0 */
/* What comes through the gate (hvm/gate.h, entry.S). Interrupts are off, and off again in the end. */
#include "core.h"
#include "cpu.h"
#include "futex.h"
#include "job.h"
#include "ptask.h"
#include "sched.h"
#include "signal.h"
#include "thread.h"
#include "timer.h"
#include "upcall.h"
#include "user.h"

#include <hvm/gate.h>

#define EINTR  4
#define EFAULT 14
#define EINVAL 22
#define ENOSYS 38

#define NS_PER_S 1000000000ull

int64_t gate_handle(uint64_t a, uint64_t b, uint64_t c, struct hvm_regs *regs, uint64_t d, uint32_t nr);

_Noreturn void entry_start(const struct hvm_regs *regs);

static __attribute__((noinline, cold)) uint64_t deadline_in(uint64_t ns)
{
	uint64_t now = cpu_tsc(), cycles;

	cycles = timer_cycles(ns / NS_PER_S, ns % NS_PER_S);
	return cycles > TIMER_NEVER - now ? TIMER_NEVER : now + cycles;
}

static int64_t wait(struct thread *thread, uint64_t address, uint32_t value, uint64_t ns)
{
	if ((int64_t)address < 0 || address % sizeof(uint32_t))
		return -EINVAL;
	return futex_wait(thread, address, value, ns == HVM_GATE_FOREVER ? TIMER_NEVER : deadline_in(ns));
}

static int64_t interrupt(struct thread *thread, uint64_t number, const struct upcall *call)
{
	if (call->function <= UPCALL_CLAIMED || (int64_t)call->function < 0 || (int64_t)call->restorer < 0)
		return -EINVAL;
	return upcall_send(thread, number, call);
}

/* The word is looked at with interrupts off: a doorbell that follows its change ends the halt. */
static int64_t halt(struct thread *thread, uint64_t address, uint32_t value)
{
	int64_t found;

	if ((int64_t)address < 0 || address % sizeof(uint32_t))
		return -EINVAL;
	found = user_load32(address);
	if (found < 0)
		return -EFAULT;
	if (found == value && !signal_waits(thread))
		sched_halt(core_self());
	return signal_waits(thread) ? -EINTR : 0;
}

static int64_t notify(const struct thread *thread, uint64_t number)
{
	uint64_t index = thread->job->first_slot + number;
	struct hvm_slot *slot;

	if (number >= HVM_MAX_SLOTS || index >= HVM_MAX_SLOTS)
		return -EINVAL;
	slot = slot_at((uint32_t)index);
	if (slot->pid != thread->slot->pid)
		return -EINVAL;
	__atomic_fetch_add(&slot->events, 1, __ATOMIC_RELEASE);
	thread_wake_linux((uint32_t)index);
	return 0;
}

static __attribute__((noinline, cold)) int64_t handle_rare(struct thread *thread, uint64_t a, const struct upcall *call,
							   uint32_t nr)
{
	switch (nr) {
	case HVM_GATE_SELF:
		return thread_index(thread) - thread->job->first_slot;
	case HVM_GATE_HALT:
		return halt(thread, a, (uint32_t)call->function);
	case HVM_GATE_NOTIFY:
		return notify(thread, a);
	case HVM_GATE_TASK_NEXT:
		return ptask_next(thread);
	case HVM_GATE_INTERRUPT:
		return interrupt(thread, a, call);
	default:
		return -ENOSYS;
	}
}

/* No table of jumps: the frequent ones first. */
static inline int64_t handle(struct thread *thread, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint32_t nr)
{
	if (nr == HVM_GATE_WAKE)
		return (int64_t)futex_wake_here(thread, a, (uint32_t)b);
	if (nr == HVM_GATE_WAIT)
		return wait(thread, a, (uint32_t)b, c);
	if (nr == HVM_GATE_YIELD) {
		sched_yield(core_self());
		return 0;
	}
	return handle_rare(thread, a, &(struct upcall){.function = b, .argument = c, .restorer = d}, nr);
}

/* Handlers come before the program goes on. */
static _Noreturn __attribute__((noinline, cold)) void leave_by_handler(struct thread *thread, struct hvm_regs *regs,
								       int64_t result)
{
	regs->rax = (uint64_t)(signal_is_restart(result) ? -EINTR : result);
	signal_deliver(thread, regs);
	entry_start(regs);
}

__attribute__((section(".text.gate"))) int64_t gate_handle(uint64_t a, uint64_t b, uint64_t c, struct hvm_regs *regs,
							   uint64_t d, uint32_t nr)
{
	struct thread *thread = core_self()->thread;
	int64_t result;

	thread->entry = regs;
	result = handle(thread, a, b, c, d, nr);
	if (__builtin_expect(signal_concerns(thread, result), 0))
		leave_by_handler(thread, regs, result);
	return result;
}
