/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include "death.h"
#include "exec.h"
#include "fault.h"
#include "memory.h"
#include "raw.h"
#include "report.h"
#include "serve.h"
#include "signal.h"
#include "thread.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TID_FLAGS  (CLONE_PARENT_SETTID | CLONE_CHILD_SETTID)
#define FORK_FLAGS (TID_FLAGS | CLONE_CHILD_CLEARTID | CLONE_SETTLS)
_Static_assert(PROCESS_VFORK == (CLONE_VM | CLONE_VFORK), "process.h has another value");

static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;

void process_hold(void)
{
	pthread_mutex_lock(&starting);
}

void process_let_go(void)
{
	pthread_mutex_unlock(&starting);
}

static void tell_tid(uint64_t address, bool wanted, int tid)
{
	if (wanted)
		memory_write(address, &tid, sizeof(tid)); /* as Linux: a bad address is nobody's fault */
}

/* What the child of fork takes over from the thread that called. */
struct inheritance {
	uint32_t index; /* of its server */
	stack_t alternate_stack;
	uint64_t mask; /* of signals */
	int result;    /* descriptor that tells the parent */
};

/* In the child, whose only Linux thread this is. */
static _Noreturn void go_on_as_child(struct job *job, const struct inheritance *from,
				     const struct process_request *request)
{
	const struct hvm_thread_start changes = {
	    .rsp = request->stack,
	    .fs_base = request->flags & CLONE_SETTLS ? request->tls : 0,
	    .arg = {request->flags & CLONE_CHILD_CLEARTID ? request->child_tid : 0},
	};
	int parent = job->fd, err;

	signal_let_go();
	signal_own_table();
	process_let_go();
	death_forked();
	thread_forked(job);
	tell_tid(request->child_tid, request->flags & CLONE_CHILD_SETTID, getpid());
	err = job_fork(job);
	if (!err) {
		signal_begin(&job->server[0], from->mask, &from->alternate_stack);
		err = job_start_fork(job, parent, from->index, &changes);
	}
	if (write(from->result, &err, sizeof(err)) != sizeof(err) || err)
		_exit(126);
	close(from->result);
	signal_set_linux_mask(from->mask);
	thread_serve_forked();
}

/* 0 once the child runs, or why it does not. One that was killed before it could tell was a child, too. */
static int await_child(pid_t pid, int result)
{
	int err = 0;
	ssize_t n;

	do
		n = read(result, &err, sizeof(err));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(err) || !err)
		return 0;
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	return err == -ENOMEM ? err : -EAGAIN;
}

static int64_t start_copy(struct server *server, const struct process_request *request)
{
	struct inheritance inheritance = {
	    .index = server->index,
	    .alternate_stack = server->signals.alternate_stack,
	    .mask = hvm_load_relaxed(&server->slot->signal_mask),
	};
	struct job *job = server->job;
	uint64_t mask = signal_linux_mask();
	int ends[2], err;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -EAGAIN;
	inheritance.result = ends[1];
	signal_set_linux_mask(~0ull);
	signal_hold();
	pid = fork();
	err = -errno;
	if (pid == 0) {
		close(ends[0]);
		go_on_as_child(job, &inheritance, request);
	}
	signal_let_go();
	close(ends[1]);
	if (pid > 0)
		err = await_child(pid, ends[0]);
	close(ends[0]);
	signal_set_linux_mask(mask);
	if (err < 0 || pid < 0)
		return err;
	tell_tid(request->parent_tid, request->flags & CLONE_PARENT_SETTID, pid);
	return pid;
}

/* What a child of vfork must not change for its parent, although they share memory. */
struct loan {
	struct server *server;
	const struct process_request *request;
	struct hvm_regs regs;
	struct signal_state signals;
	struct signal_table table; /* the child's */
	uint64_t mask;
	uint32_t pid, tid;
	bool borrowed;
};

static int borrow(void *argument)
{
	const struct loan *loan = argument;
	const struct process_request *request = loan->request;
	struct server *server = loan->server;
	pid_t pid = getpid();

	tell_tid(request->child_tid, request->flags & CLONE_CHILD_SETTID, pid);
	server->borrowed = true;
	server->slot->pid = server->slot->tid = (uint32_t)pid;
	if (request->stack)
		server->slot->regs.rsp = request->stack;
	signal_begin(server, loan->mask, &loan->signals.alternate_stack);
	signal_set_linux_mask(loan->mask);
	hvm_store_relaxed(&server->slot->resume, HVM_RESUME_CHILD);
	serve_answer(server, 0);
	serve(server);
	return 0;
}

/* The child is gone. Its last request, or the next one of the thread, finds the parent. */
static void take_back(struct server *server, const struct loan *loan)
{
	struct hvm_slot *slot = server->slot;

	exec_forget(server);
	slot->pid = loan->pid;
	slot->tid = loan->tid;
	serve_take_back(server);
	server->signals = loan->signals;
	hvm_store_relaxed(&slot->signal_mask, loan->mask);
	hvm_store_relaxed(&slot->server_mask, loan->signals.blocked);
	hvm_store_relaxed(&slot->signal, loan->signals.arrived.number != 0);
	memcpy(&slot->regs, &loan->regs, sizeof(loan->regs));
	server->borrowed = loan->borrowed;
	hvm_store_relaxed(&slot->resume, loan->borrowed ? HVM_RESUME_CHILD : HVM_RESUME_PARENT);
}

static int64_t lend(struct server *server, const struct process_request *request)
{
	struct loan loan = {
	    .server = server,
	    .request = request,
	    .mask = hvm_load_relaxed(&server->slot->signal_mask),
	    .pid = server->slot->pid,
	    .tid = server->slot->tid,
	    .borrowed = server->borrowed,
	};
	uint8_t *stack = server->lent_stack ? server->lent_stack : thread_map_stack();
	uint64_t mask = signal_linux_mask();
	struct signal_table *table;
	int held = raw_held;
	pid_t pid;

	if (!stack)
		return -ENOMEM;
	server->lent_stack = NULL; /* a child of the child needs another */
	memcpy(&loan.regs, &server->slot->regs, sizeof(loan.regs));
	signal_set_linux_mask(~0ull);
	loan.signals = server->signals;
	table = signal_copy_table(&loan.table);
	pid = clone(borrow, stack + THREAD_STACK, CLONE_VM | CLONE_VFORK | (int)request->exit_signal, &loan);
	if (pid < 0)
		pid = -errno;
	else
		take_back(server, &loan);
	server->lent_stack = stack;
	signal_use_table(table);
	raw_held = held;
	signal_set_linux_mask(mask);
	if (pid > 0)
		tell_tid(request->parent_tid, request->flags & CLONE_PARENT_SETTID, pid);
	return pid;
}

/* Linux refuses them, too (copy_process of kernel/fork.c). */
static bool contradict_each_other(uint64_t flags)
{
	return (flags & CLONE_FS && flags & (CLONE_NEWNS | CLONE_NEWUSER)) ||
	       (flags & CLONE_THREAD && !(flags & CLONE_SIGHAND)) || (flags & CLONE_SIGHAND && !(flags & CLONE_VM)) ||
	       (flags & CLONE_THREAD && flags & (CLONE_NEWUSER | CLONE_NEWPID));
}

int64_t process_start(struct server *server, const struct process_request *request)
{
	uint64_t flags = request->flags;
	int64_t result;

	if (contradict_each_other(flags))
		return -EINVAL;
	if ((flags & PROCESS_VFORK) == PROCESS_VFORK && !(flags & ~(uint64_t)(PROCESS_VFORK | TID_FLAGS)) &&
	    request->exit_signal < NSIG)
		return lend(server, request);
	if (flags & ~(uint64_t)FORK_FLAGS || request->exit_signal != SIGCHLD) {
		report_unserved(SYS_clone, "neither-a-thread-nor-as-fork-or-vfork,-the-program-got-ENOSYS");
		return -ENOSYS;
	}
	process_hold();
	result = start_copy(server, request);
	process_let_go();
	return result;
}
