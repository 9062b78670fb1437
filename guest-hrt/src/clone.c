/* SPDX-License-Identifier: Apache-2.0 */
#include "clone.h"
#include "core.h"
#include "cpu.h"
#include "fpu.h"
#include "futex.h"
#include "job.h"
#include "process.h"
#include "robust.h"
#include "sched.h"
#include "signal.h"
#include "syscall.h"
#include "user.h"

#define EPERM  1
#define E2BIG  7
#define EAGAIN 11
#define EFAULT 14
#define EINVAL 22

/* linux/sched.h */
#define CSIGNAL		     0x000000ffu
#define CLONE_VM	     0x00000100u
#define CLONE_FS	     0x00000200u
#define CLONE_FILES	     0x00000400u
#define CLONE_SIGHAND	     0x00000800u
#define CLONE_THREAD	     0x00010000u
#define CLONE_SYSVSEM	     0x00040000u
#define CLONE_SETTLS	     0x00080000u
#define CLONE_PARENT_SETTID  0x00100000u
#define CLONE_CHILD_CLEARTID 0x00200000u
#define CLONE_DETACHED	     0x00400000u
#define CLONE_CHILD_SETTID   0x01000000u

/* What makes a thread of the same process; without any of these it is something else. */
#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define KNOWN_FLAGS                                                                                                    \
	(THREAD_FLAGS | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |                      \
	 CLONE_CHILD_CLEARTID | CLONE_DETACHED)

/* struct clone_args of linux/sched.h: the first version, and what came later. */
struct clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup;
};
#define ARGS_SIZE_FIRST 64u

struct clone_request {
	uint64_t flags;
	uint64_t stack; /* its top; 0: the parent's, as it is */
	uint64_t tls;
	uint64_t parent_tid;
	uint64_t child_tid;
};

static bool is_thread(uint64_t flags)
{
	return (flags & THREAD_FLAGS) == THREAD_FLAGS && !(flags & ~(uint64_t)KNOWN_FLAGS);
}

static void inherit_registers(struct hvm_regs *child, const struct hvm_regs *parent,
			      const struct clone_request *request)
{
	*child = *parent;
	child->rax = 0;
	child->rsp = request->stack ? request->stack : parent->rsp;
	child->fs_base = request->flags & CLONE_SETTLS ? request->tls : cpu_read_fs_base();
}

static int64_t start(struct thread *parent, const struct hvm_regs *regs, const struct clone_request *request)
{
	struct thread *child;
	uint32_t tid;

	if (request->flags & CLONE_SETTLS && !cpu_is_user_address(request->tls))
		return -EPERM; /* as Linux for an address beyond TASK_SIZE */
	if (parent->lent)
		return -EAGAIN; /* the servers are another process's */
	parent->entry = regs;
	child = job_claim(parent->job, parent);
	if (!child)
		return -EAGAIN;
	sched_prepare(child, parent->job);
	tid = child->slot->tid; /* the child may be gone before this returns */
	inherit_registers(&child->slot->regs, regs, request);
	child->slot->signal_mask = parent->slot->signal_mask;
	child->fpu_control = fpu_control();
	child->cores = parent->cores;
	if (request->flags & CLONE_CHILD_CLEARTID)
		hvm_store_relaxed(&child->clear_tid, request->child_tid);
	/* Linux does not tell either when these fail. */
	if (request->flags & CLONE_PARENT_SETTID)
		user_write_waiting(parent, request->parent_tid, &tid, sizeof(tid));
	if (request->flags & CLONE_CHILD_SETTID)
		user_write_waiting(parent, request->child_tid, &tid, sizeof(tid));
	__atomic_fetch_add(&parent->job->threads, 1, __ATOMIC_RELAXED);
	sched_start(child);
	return tid;
}

int64_t clone_call(struct thread *thread, const struct hvm_regs *regs)
{
	const struct clone_request request = {
	    .flags = regs->rdi & ~(uint64_t)CSIGNAL, /* a thread's end raises no signal */
	    .stack = regs->rsi,
	    .parent_tid = regs->rdx,
	    .child_tid = regs->r10,
	    .tls = regs->r8,
	};

	return is_thread(request.flags) ? start(thread, regs, &request) : process_call(thread, regs);
}

/* What the caller knows beyond struct clone_args must be zero. */
static int64_t read_args(struct thread *thread, const struct hvm_regs *regs, struct clone_args *args)
{
	uint64_t size = regs->rsi, beyond = sizeof(*args);
	uint64_t word;

	__builtin_memset(args, 0, sizeof(*args));
	if (size > HVM_PAGE_SIZE)
		return -E2BIG;
	if (size < ARGS_SIZE_FIRST)
		return -EINVAL;
	if (!user_read_waiting(thread, args, regs->rdi, size < sizeof(*args) ? size : sizeof(*args)))
		return -EFAULT;
	for (; beyond < size; beyond += sizeof(word)) {
		word = 0;
		if (!user_read_waiting(thread, &word, regs->rdi + beyond,
				       size - beyond < sizeof(word) ? size - beyond : sizeof(word)))
			return -EFAULT;
		if (word)
			return -E2BIG;
	}
	return 0;
}

int64_t clone3_call(struct thread *thread, const struct hvm_regs *regs)
{
	struct clone_args args;
	struct clone_request request;
	int64_t err;

	thread->entry = regs;
	err = read_args(thread, regs, &args);
	if (err)
		return err;
	if (!is_thread(args.flags) || args.set_tid_size || args.set_tid)
		return process_call(thread, regs);
	if (args.exit_signal || args.flags & CLONE_DETACHED || !args.stack != !args.stack_size)
		return -EINVAL;
	request = (struct clone_request){
	    .flags = args.flags,
	    .stack = args.stack + args.stack_size,
	    .tls = args.tls,
	    .parent_tid = args.parent_tid,
	    .child_tid = args.child_tid,
	};
	return start(thread, regs, &request);
}

int64_t clone_set_tid_address(struct thread *thread, const struct hvm_regs *regs)
{
	hvm_store_relaxed(&thread->clear_tid, regs->rdi);
	return thread->slot->tid;
}

/* Whoever joins the thread waits for this. */
static void clear_tid(struct thread *thread)
{
	const uint32_t zero = 0;

	if (!thread->clear_tid)
		return;
	if (user_write_waiting(thread, thread->clear_tid, &zero, sizeof(zero)))
		futex_wake(thread, thread->clear_tid, 1);
	hvm_store_relaxed(&thread->clear_tid, 0);
}

/* The process ends with the last thread, and with the status of the first. */
static bool is_last(struct thread *thread, uint64_t *status)
{
	struct job *job = thread->job;
	bool last;

	if (thread == thread_at(job->first_slot)) {
		job->status = *status;
		hvm_store_release(&job->first_ended, true);
	}
	__atomic_fetch_add(&job->ending, 1, __ATOMIC_RELAXED);
	last = __atomic_sub_fetch(&job->threads, 1, __ATOMIC_ACQ_REL) == 0;
	if (last && hvm_load_acquire(&job->first_ended))
		*status = job->status;
	return last;
}

int64_t clone_exit(struct thread *thread, const struct hvm_regs *regs)
{
	uint64_t status = regs->rdi & 0xff;
	bool last;

	if (thread->lent)
		return syscall_forward(thread, regs);
	thread->entry = regs;
	signal_end(thread);
	robust_release(thread);
	clear_tid(thread);
	cpu_interrupts_off();
	last = is_last(thread, &status);
	sched_exit(thread, last, status);
}
