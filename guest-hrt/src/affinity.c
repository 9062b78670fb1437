/* SPDX-License-Identifier: Apache-2.0 */
#include "affinity.h"
#include "core.h"
#include "cpu.h"
#include "job.h"
#include "sched.h"
#include "syscall.h"
#include "user.h"

#define EFAULT 14
#define EINVAL 22

/* linux/membarrier.h */
enum {
	MEMBARRIER_QUERY = 0,
	MEMBARRIER_GLOBAL = 1,
	MEMBARRIER_GLOBAL_EXPEDITED = 2,
	MEMBARRIER_PRIVATE_EXPEDITED = 8,
	MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE = 32,
	MEMBARRIER_PRIVATE_EXPEDITED_RSEQ = 128,
	MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_RSEQ = 256,
};
#define MEMBARRIER_RSEQ (MEMBARRIER_PRIVATE_EXPEDITED_RSEQ | MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_RSEQ)

int64_t affinity_getcpu(struct thread *thread, const struct hvm_regs *regs)
{
	const uint32_t core = core_self()->number, node = 0;

	thread->entry = regs;
	if ((regs->rdi && !user_write_waiting(thread, regs->rdi, &core, sizeof(core))) ||
	    (regs->rsi && !user_write_waiting(thread, regs->rsi, &node, sizeof(node))))
		return -EFAULT;
	return 0;
}

/* The thread of @asking's job that a tid names; NULL: it is Linux's. */
static struct thread *named(struct thread *asking, uint32_t tid)
{
	return tid == 0 ? asking : job_find(asking->job, tid);
}

int64_t affinity_get(struct thread *thread, const struct hvm_regs *regs)
{
	const struct thread *target = named(thread, (uint32_t)regs->rdi);
	uint64_t cores;

	if (!target)
		return syscall_forward(thread, regs);
	if ((uint32_t)regs->rsi < sizeof(cores) || (uint32_t)regs->rsi % sizeof(cores))
		return -EINVAL;
	cores = hvm_load_relaxed(&target->cores);
	thread->entry = regs;
	return user_write_waiting(thread, regs->rdx, &cores, sizeof(cores)) ? (int64_t)sizeof(cores) : -EFAULT;
}

int64_t affinity_set(struct thread *thread, const struct hvm_regs *regs)
{
	struct thread *target = named(thread, (uint32_t)regs->rdi);
	uint64_t size = (uint32_t)regs->rsi, cores = 0;

	if (!target)
		return syscall_forward(thread, regs);
	thread->entry = regs;
	if (!user_read_waiting(thread, &cores, regs->rdx, size < sizeof(cores) ? size : sizeof(cores)))
		return -EFAULT;
	cores &= sched_cores(core_self());
	if (!cores)
		return -EINVAL;
	sched_restrict(target, cores);
	return 0;
}

/* Linux knows who registered for what, and sees to its own CPUs; restartable sequences are refused. */
int64_t affinity_membarrier(struct thread *thread, const struct hvm_regs *regs)
{
	uint32_t command = (uint32_t)regs->rdi;
	int64_t result;

	if (command & MEMBARRIER_RSEQ)
		return -EINVAL;
	result = syscall_forward(thread, regs);
	if (result < 0)
		return result;
	switch (command) {
	case MEMBARRIER_QUERY:
		return result & ~MEMBARRIER_RSEQ;
	case MEMBARRIER_GLOBAL:
	case MEMBARRIER_GLOBAL_EXPEDITED:
	case MEMBARRIER_PRIVATE_EXPEDITED:
	case MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE:
		sched_barrier();
		return result;
	default:
		return result;
	}
}
