/* SPDX-License-Identifier: Apache-2.0 */
#include "syscall.h"
#include "affinity.h"
#include "clone.h"
#include "core.h"
#include "cpu.h"
#include "discard.h"
#include "futex.h"
#include "process.h"
#include "robust.h"
#include "sched.h"
#include "signal.h"
#include "sleep.h"
#include "thread.h"
#include "user.h"

#define ENOSYS 38
#define EFAULT 14
#define EINVAL 22
#define EPERM  1

#define NUMBERS	     512 /* system calls that are counted one by one; Linux has fewer */
#define COUNT_OTHERS 0

/* Linux x86-64 numbers (arch/x86/entry/syscalls/syscall_64.tbl). */
enum {
	NR_RT_SIGPROCMASK = 14,
	NR_RT_SIGRETURN = 15,
	NR_SCHED_YIELD = 24,
	NR_MADVISE = 28,
	NR_NANOSLEEP = 35,
	NR_GETPID = 39,
	NR_CLONE = 56,
	NR_FORK = 57,
	NR_VFORK = 58,
	NR_EXIT = 60,
	NR_SIGALTSTACK = 131,
	NR_ARCH_PRCTL = 158,
	NR_GETTID = 186,
	NR_FUTEX = 202,
	NR_SCHED_SETAFFINITY = 203,
	NR_SCHED_GETAFFINITY = 204,
	NR_SET_TID_ADDRESS = 218,
	NR_CLOCK_NANOSLEEP = 230,
	NR_SET_ROBUST_LIST = 273,
	NR_GET_ROBUST_LIST = 274,
	NR_GETCPU = 309,
	NR_MEMBARRIER = 324,
	NR_RSEQ = 334,
	NR_CLONE3 = 435,
	NR_LOCAL_END = 436,
};

enum {
	ARCH_SET_GS = 0x1001,
	ARCH_SET_FS = 0x1002,
	ARCH_GET_FS = 0x1003,
	ARCH_GET_GS = 0x1004,
};

void syscall_entry(void);

void syscall_init(void)
{
	cpu_write_msr(MSR_STAR, (uint64_t)SELECTOR_CODE << 32);
	cpu_write_msr(MSR_LSTAR, (uint64_t)syscall_entry);
	cpu_write_msr(MSR_FMASK, RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_AC);
	cpu_write_msr(MSR_EFER, cpu_read_msr(MSR_EFER) | EFER_SCE);
}

static uint8_t counter_of[NUMBERS]; /* index in hvm_counts.call */

static void count(struct thread *thread, uint64_t nr)
{
	thread->slot->stats.calls_local++;
	thread->counts->call[nr < NUMBERS ? counter_of[nr] : COUNT_OTHERS]++;
}

typedef int64_t local_call(struct thread *thread, const struct hvm_regs *regs);

static int64_t local_yield(struct thread *thread, const struct hvm_regs *regs)
{
	thread->entry = regs;
	sched_yield(core_self());
	return 0;
}

static int64_t local_sigreturn(struct thread *thread, const struct hvm_regs *regs)
{
	count(thread, NR_RT_SIGRETURN);
	signal_return(thread, regs);
}

static int64_t local_exit(struct thread *thread, const struct hvm_regs *regs)
{
	count(thread, NR_EXIT);
	return clone_exit(thread, regs);
}

/* The server tells by the stack pointer whether the alternate stack is in use. */
static int64_t local_sigaltstack(struct thread *thread, const struct hvm_regs *regs)
{
	thread->slot->regs.rsp = regs->rsp;
	return syscall_forward(thread, regs);
}

static int64_t local_getpid(struct thread *thread, const struct hvm_regs *regs)
{
	(void)regs;
	return thread->slot->pid;
}

static int64_t local_gettid(struct thread *thread, const struct hvm_regs *regs)
{
	(void)regs;
	return thread->slot->tid;
}

/* Restartable sequences need a kernel that aborts them at preemption; glibc takes the refusal (as on Linux < 4.18). */
static int64_t local_rseq(struct thread *thread, const struct hvm_regs *regs)
{
	(void)thread;
	(void)regs;
	return -ENOSYS;
}

int64_t syscall_forward(struct thread *thread, const struct hvm_regs *regs)
{
	const uint64_t arg[HVM_SLOT_ARGS] = {regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9};
	int64_t result;

	thread->slot->stats.calls_forwarded++;
	thread->entry = regs;
	cpu_interrupts_on();
	result = thread_forward(thread, (uint32_t)regs->rax, arg);
	if (thread->lent)
		process_resume(thread, regs);
	return result;
}

/* The bases live in this core's registers; what else there is concerns the processor, and is refused by the proxy. */
static int64_t local_arch_prctl(struct thread *thread, const struct hvm_regs *regs)
{
	int option = (int)regs->rdi;
	uint64_t base;

	switch (option) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (!cpu_is_user_address(regs->rsi))
			return -EPERM; /* as Linux for an address beyond TASK_SIZE */
		cpu_write_msr(option == ARCH_SET_FS ? MSR_FS_BASE : MSR_KERNEL_GS_BASE, regs->rsi);
		return 0;
	case ARCH_GET_FS:
	case ARCH_GET_GS:
		base = option == ARCH_GET_FS ? cpu_read_fs_base() : cpu_read_msr(MSR_KERNEL_GS_BASE);
		thread->entry = regs;
		return user_write_waiting(thread, regs->rsi, &base, sizeof(base)) ? 0 : -EFAULT;
	default:
		return syscall_forward(thread, regs);
	}
}

static local_call *const local_calls[NR_LOCAL_END] = {
    [NR_RT_SIGPROCMASK] = signal_change_mask,
    [NR_RT_SIGRETURN] = local_sigreturn,
    [NR_SIGALTSTACK] = local_sigaltstack,
    [NR_SCHED_YIELD] = local_yield,
    [NR_MADVISE] = discard_madvise,
    [NR_NANOSLEEP] = sleep_nanosleep,
    [NR_GETPID] = local_getpid,
    [NR_CLONE] = clone_call,
    [NR_FORK] = process_call,
    [NR_VFORK] = process_call,
    [NR_EXIT] = local_exit,
    [NR_ARCH_PRCTL] = local_arch_prctl,
    [NR_GETTID] = local_gettid,
    [NR_FUTEX] = futex_call,
    [NR_SCHED_SETAFFINITY] = affinity_set,
    [NR_SCHED_GETAFFINITY] = affinity_get,
    [NR_SET_TID_ADDRESS] = clone_set_tid_address,
    [NR_CLOCK_NANOSLEEP] = sleep_clock_nanosleep,
    [NR_SET_ROBUST_LIST] = robust_set_list,
    [NR_GET_ROBUST_LIST] = robust_get_list,
    [NR_GETCPU] = affinity_getcpu,
    [NR_MEMBARRIER] = affinity_membarrier,
    [NR_RSEQ] = local_rseq,
    [NR_CLONE3] = clone3_call,
};

void syscall_count_init(void)
{
	uint32_t used = COUNT_OTHERS + 1;

	for (uint32_t nr = 0; nr < NUMBERS && used < HVM_COUNTED_CALLS; nr++) {
		if (nr >= NR_LOCAL_END || !local_calls[nr])
			continue;
		partition->counted[used] = (uint16_t)nr;
		counter_of[nr] = (uint8_t)used++;
	}
}

/* A call that needed its server was counted when it was forwarded. */
static void count_unless_forwarded(struct thread *thread, uint64_t nr, uint64_t forwarded)
{
	if (thread->slot->stats.calls_forwarded == forwarded)
		count(thread, nr);
}

int64_t syscall_handle(const struct hvm_regs *regs)
{
	struct core *core = core_self();
	struct thread *thread = core->thread;
	uint64_t nr = (uint32_t)regs->rax; /* Linux takes the number from eax */
	uint64_t forwarded = thread->slot->stats.calls_forwarded;
	int64_t result;

	hvm_store_relaxed(&core->control->heartbeat, core->control->heartbeat + 1);
	if (nr < NR_LOCAL_END && local_calls[nr]) {
		result = local_calls[nr](thread, regs);
	} else if (nr < HVM_NR_FIRST_SPECIAL) {
		result = syscall_forward(thread, regs);
	} else {
		result = -ENOSYS;
	}
	count_unless_forwarded(thread, nr, forwarded);
	if (__builtin_expect(signal_concerns(thread, result), 0))
		result = signal_after_call(thread, regs, result);
	return result;
}
