/* SPDX-License-Identifier: Apache-2.0 */
#include "thread.h"
#include "apic.h"
#include "core.h"
#include "cpu.h"
#include "fpu.h"
#include "job.h"
#include "panic.h"
#include "privilege.h"
#include "sched.h"
#include "signal.h"

#define VECTOR_X87 16

/* entry.S */
_Noreturn void entry_start(const struct hvm_regs *regs);

void thread_wake_linux(uint32_t index)
{
	uint64_t *pending = (uint64_t *)((uint8_t *)partition + HVM_OFFSET_PENDING);

	if (index >= HVM_MAX_SLOTS)
		panic("a slot's index was overwritten");
	__atomic_fetch_or(&pending[index / 64], 1ull << index % 64, __ATOMIC_SEQ_CST);
	apic_send(partition->wake_apic, (uint8_t)partition->wake_vector);
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
	for (;;)
		report(thread, regs, true); /* the program itself may have answered */
}

void thread_run(struct thread *thread)
{
	struct hvm_regs regs = thread->slot->regs;

	regs.rflags = 0;
	privilege_confine(&regs);
	cpu_write_fs_base(privilege_is_lower(regs.fs_base) ? regs.fs_base : 0);
	cpu_write_msr(MSR_KERNEL_GS_BASE, thread->gs_base); /* the program's, swapped in on the way out */
	thread->slot->stats.start_tsc = cpu_tsc();
	renew_begin(core_self(), thread->space);
	thread->entry = &regs;
	signal_begin(thread, &regs);
	entry_start(&regs);
}
