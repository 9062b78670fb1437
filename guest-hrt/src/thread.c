/* SPDX-License-Identifier: Apache-2.0 */
#include "thread.h"
#include "apic.h"
#include "core.h"
#include "cpu.h"
#include "fpu.h"
#include "job.h"
#include "panic.h"
#include "sched.h"
#include "signal.h"

#include <hvm/poll.h>

#define VECTOR_X87 16

/* entry.S */
_Noreturn void entry_start(const struct hvm_regs *regs);
int64_t call_function(uint64_t function, const uint64_t arg[5], uint64_t rsp);

/* Leave the core if the module asked for it. On the thread's kernel stack, nothing held. */
static void stop_if_requested(struct core *core)
{
	uint64_t flags;

	if (!core->stop_requested)
		return;
	flags = cpu_save_interrupts_off();
	core_obey_stop(core);
	cpu_restore_interrupts(flags);
}

void thread_wake_linux(uint32_t index)
{
	uint64_t *pending = (uint64_t *)((uint8_t *)partition + HVM_OFFSET_PENDING);

	if (index >= HVM_MAX_SLOTS)
		panic("a slot's index was overwritten");
	__atomic_fetch_or(&pending[index / 64], 1ull << index % 64, __ATOMIC_SEQ_CST);
	apic_send(partition->wake_apic, (uint8_t)partition->wake_vector);
}

/*
 * Spin until @ready says so or the spinning time is over; returns what @ready said last. Inlined, so that @ready is no
 * indirect call: this loop is what a forwarded call waits in.
 */
static inline __attribute__((always_inline)) bool spin(struct core *core, uint64_t cycles, bool (*ready)(void *),
						       void *what)
{
	uint64_t deadline = cpu_tsc() + cycles;
	bool pause = (partition->flags & HVM_FLAG_PAUSE) != 0;

	do {
		for (int i = 0; i < 64; i++) {
			if (ready(what))
				return true;
			if (pause)
				cpu_pause();
		}
		stop_if_requested(core);
	} while (cpu_tsc() < deadline && !sched_is_shared(core));
	return false;
}

/* Halt until @ready; *@sleeping tells the other side to ring the doorbell. */
static void halt_until(struct core *core, bool (*ready)(void *), void *what, uint32_t *sleeping)
{
	cpu_interrupts_off();
	hvm_store_relaxed(sleeping, 1);
	hvm_fence_full();
	while (!ready(what)) {
		if (core->stop_requested)
			core_obey_stop(core);
		core->thread->slot->stats.halts++;
		cpu_halt();
	}
	hvm_store_relaxed(sleeping, 0);
	cpu_interrupts_on();
}

/* Spin for *@window, then halt; the window learns from it (hvm/poll.h). */
static inline __attribute__((always_inline)) void wait_until(struct core *core, uint64_t *window, bool (*ready)(void *),
							     void *what, uint32_t *sleeping)
{
	uint64_t base = partition->spin_cycles, start;

	if (spin(core, *window, ready, what))
		return;
	start = cpu_tsc() - *window;
	halt_until(core, ready, what, sleeping);
	*window = hvm_poll_adapt(*window, cpu_tsc() - start, base, HVM_POLL_HRT * base);
}

uint32_t thread_count(void)
{
	return hvm_thread_count(partition->size, partition->core_count);
}

struct thread *thread_at(uint32_t index)
{
	return (struct thread *)((uint8_t *)core_at(partition->core_count) + HVM_MAX_SPACES * HVM_JOB_AREA +
				 (uint64_t)index * THREAD_AREA_SIZE);
}

static int64_t report(struct thread *thread, const struct hvm_regs *regs, bool fatal)
{
	const uint64_t arg[HVM_SLOT_ARGS] = {regs->vector, regs->error, regs->cr2, fatal,
					     fpu_exceptions(regs->vector == VECTOR_X87)};

	thread->slot->regs = *regs;
	return thread_forward(thread, HVM_NR_EXCEPTION, arg);
}

int64_t thread_exception(struct thread *thread, const struct hvm_regs *regs)
{
	return report(thread, regs, false);
}

void thread_die(struct thread *thread, const struct hvm_regs *regs)
{
	report(thread, regs, true);
	panic("a dead thread was answered");
}

struct incoming {
	struct hvm_slot *slot;
	uint64_t last_tag;
	struct hvm_request request;
};

static inline bool request_ready(void *what)
{
	struct incoming *incoming = what;

	return hvm_slot_take(incoming->slot, incoming->last_tag, &incoming->request);
}

/* Serve the calls of a Linux process (hvm/slot.h, HVM_NR_CALL) until stopped. */
static _Noreturn void serve_calls(struct thread *thread, uint64_t rsp)
{
	struct core *core = core_self();
	struct incoming incoming = {.slot = thread->call_slot, .last_tag = hvm_load_acquire(&thread->call_slot->done)};

	cpu_interrupts_on();
	for (;;) {
		const struct hvm_request *request = &incoming.request;
		int64_t result;

		wait_until(core, &thread->window, request_ready, &incoming, &thread->call_slot->server_sleeping);
		incoming.last_tag = request->tag;
		if (request->nr == HVM_NR_CALL && (int64_t)request->arg[0] >= 0) {
			cpu_interrupts_off();
			result = call_function(request->arg[0], &request->arg[1], rsp);
			cpu_interrupts_on();
		} else {
			result = -38; /* ENOSYS */
		}
		hvm_slot_answer(thread->call_slot, request->tag, result);
		stop_if_requested(core);
	}
}

void thread_run(struct thread *thread)
{
	struct hvm_regs regs = thread->slot->regs;
	uint64_t rsp = regs.rsp;

	regs.cs = SELECTOR_CODE;
	regs.ss = SELECTOR_DATA;
	regs.rflags = RFLAGS_IF | 2;
	cpu_write_fs_base(regs.fs_base);
	cpu_write_msr(MSR_KERNEL_GS_BASE, thread->gs_base); /* the program's, swapped in on the way out */
	thread->slot->stats.start_tsc = cpu_tsc();
	if (thread->call_slot)
		serve_calls(thread, rsp);
	renew_begin(core_self(), thread->space);
	thread->entry = &regs;
	signal_begin(thread, &regs);
	entry_start(&regs);
}
