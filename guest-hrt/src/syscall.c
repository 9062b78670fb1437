/* SPDX-License-Identifier: Apache-2.0 */
#include "syscall.h"
#include "affinity.h"
#include "clone.h"
#include "core.h"
#include "cpu.h"
#include "discard.h"
#include "forward.h"
#include "futex.h"
#include "privilege.h"
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

#define CPUID_X1_ECX_LAHF (1u << 0)
#define FLAGS_OF_SAHF	  0x2d7u /* CF, PF, AF, ZF, SF; and IF, which STI sets */

#define NUMBERS	     512 /* system calls that are counted one by one; Linux has fewer */
#define COUNT_OTHERS 0

#define HOT inline __attribute__((always_inline)) /* in both entries: from ring 0 and from ring 3 */

#define NR_RT_SIGRETURN 15
#define NR_EXIT		60

/* What the aerokernel answers a worker. All else is Linux': the process's other threads are there. */
enum {
	NR_SCHED_YIELD = 24,
	NR_NANOSLEEP = 35,
	NR_GETPID = 39,
	NR_ARCH_PRCTL = 158,
	NR_GETTID = 186,
	NR_SCHED_GETAFFINITY = 204,
	NR_CLOCK_NANOSLEEP = 230,
	NR_GETCPU = 309,
	NR_RSEQ = 334,
};

enum {
	ARCH_SET_GS = 0x1001,
	ARCH_SET_FS = 0x1002,
	ARCH_GET_FS = 0x1003,
	ARCH_GET_GS = 0x1004,
};

/* entry.S */
void syscall_entry(void);
void syscall_entry_user(void);
int64_t syscall_leave(const struct hvm_regs *regs, int64_t result);
int64_t syscall_leave_user(const struct hvm_regs *regs, int64_t result);

void syscall_init(void)
{
	cpu_write_msr(MSR_STAR, (uint64_t)SELECTOR_SYSRET << 48 | (uint64_t)SELECTOR_CODE << 32);
	cpu_write_msr(MSR_LSTAR, privilege_is_user() ? (uint64_t)syscall_entry_user : (uint64_t)syscall_entry);
	cpu_write_msr(MSR_FMASK, RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_AC);
	cpu_write_msr(MSR_EFER, cpu_read_msr(MSR_EFER) | EFER_SCE);
	core_self()->popf_flags = cpu_id(0x80000001, 0).ecx & CPUID_X1_ECX_LAHF ? ~FLAGS_OF_SAHF : ~0u;
}

static uint8_t counter_of[NUMBERS]; /* index in hvm_counts.call */

static HOT void count(struct thread *thread, uint8_t counter)
{
	thread->slot->stats.calls_local++;
	thread->counts->call[counter]++;
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
	count(thread, counter_of[NR_RT_SIGRETURN]);
	signal_return(thread, regs);
}

static int64_t local_exit(struct thread *thread, const struct hvm_regs *regs)
{
	count(thread, counter_of[NR_EXIT]);
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

/* From the one list of calls; the proxy checks its numbers. */
static local_call *const local_calls[] = {
#define HVM_LOCAL(number, name, local, what)		      [number] = local,
#define HVM_LOCAL_OR_LINUX(number, name, local, what)	      [number] = local,
#define HVM_LOCAL_OR_PROXY(number, name, local, proxy, what)  [number] = local,
#define HVM_REFUSED_LOCALLY(number, name, local, error, what) [number] = local,
#define HVM_PROXY(number, name, proxy, what)
#define HVM_REFUSED(number, name, error, what)
#include <hvm/calls.def>
};
#define LOCAL_CALLS (sizeof(local_calls) / sizeof(*local_calls))

void syscall_count_init(void)
{
	uint32_t used = COUNT_OTHERS + 1;

	for (uint32_t nr = 0; nr < NUMBERS && used < HVM_COUNTED_CALLS; nr++) {
		if (nr >= LOCAL_CALLS || !local_calls[nr])
			continue;
		partition->counted[used] = (uint16_t)nr;
		counter_of[nr] = (uint8_t)used++;
	}
}

static HOT bool is_local_of_worker(uint64_t nr)
{
	switch (nr) {
	case NR_SCHED_YIELD:
	case NR_NANOSLEEP:
	case NR_GETPID:
	case NR_ARCH_PRCTL:
	case NR_GETTID:
	case NR_SCHED_GETAFFINITY:
	case NR_CLOCK_NANOSLEEP:
	case NR_GETCPU:
	case NR_RSEQ:
		return true;
	default:
		return false;
	}
}

static HOT bool is_local(const struct thread *thread, uint64_t nr)
{
	return nr < LOCAL_CALLS && local_calls[nr] && (!thread->worker || is_local_of_worker(nr));
}

/* A call that needed its server was counted when it was forwarded. */
static HOT int64_t answer(struct core *core, struct thread *thread, const struct hvm_regs *regs, uint64_t nr)
{
	uint64_t forwarded = thread->slot->stats.calls_forwarded;
	int64_t result;

	core_beat(core);
	result = local_calls[nr](thread, regs);
	if (thread->slot->stats.calls_forwarded == forwarded)
		count(thread, counter_of[nr]);
	return result;
}

/* No number of a call: the kernel's own requests begin there. */
static HOT int64_t refuse(struct core *core, struct thread *thread)
{
	core_beat(core);
	count(thread, COUNT_OTHERS);
	return -ENOSYS;
}

static HOT int64_t handle(const struct hvm_regs *regs)
{
	struct core *core = core_self();
	struct thread *thread = core->thread;
	uint64_t nr = (uint32_t)regs->rax;
	int64_t result;

	if (is_local(thread, nr))
		result = answer(core, thread, regs, nr);
	else if (__builtin_expect(nr < HVM_NR_FIRST_SPECIAL, 1))
		result = forward_call(core, thread, regs, true); /* madvise is answered */
	else
		result = refuse(core, thread);
	if (__builtin_expect(signal_concerns(thread, result), 0))
		result = signal_after_call(thread, regs, result);
	return result;
}

__attribute__((section(".text.syscall"))) int64_t syscall_handle(const struct hvm_regs *regs)
{
	return syscall_leave(regs, handle(regs));
}

__attribute__((section(".text.user"))) int64_t syscall_handle_user(const struct hvm_regs *regs)
{
	return syscall_leave_user(regs, handle(regs));
}
