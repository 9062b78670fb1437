/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"
#include "core.h"
#include "cpu.h"
#include "fpu.h"
#include "privilege.h"
#include "syscall.h"

bool process_resume(struct thread *thread, const struct hvm_regs *regs)
{
	uint32_t resume = thread->slot->resume;

	if (!resume)
		return false;
	thread->slot->resume = 0;
	thread->lent = resume == HVM_RESUME_CHILD;
	/* The frame is on the thread's kernel stack, and ends with ss: behind it lies another thread. */
	__builtin_memcpy((struct hvm_regs *)regs, &thread->slot->regs, offsetof(struct hvm_regs, cr2));
	privilege_confine((struct hvm_regs *)regs);
	return true;
}

int64_t process_call(struct thread *thread, const struct hvm_regs *regs)
{
	int64_t result;

	thread->slot->regs = *regs;
	thread->slot->regs.fs_base = cpu_read_fs_base();
	thread->gs_base = cpu_read_msr(MSR_KERNEL_GS_BASE);
	fpu_save(thread->fpu);
	thread->fpu_used = true; /* a child may copy it */
	result = syscall_forward(thread, regs);
	process_resume(thread, regs);
	return result;
}
