/* SPDX-License-Identifier: Apache-2.0 */
/* Calls about signals; signals.c has what handlers see and do. */
#define _GNU_SOURCE
#include "calls.h"

#include <sys/wait.h>
#include <sched.h>
#include <time.h>

struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	unsigned long mask;
};

static struct timespec none, bad = {0, -1};
static siginfo_t info;

static void actions(void)
{
	struct kernel_action action = {SIG_IGN, 0, NULL, 0}, before = {0}, *edge = calls_edge(sizeof(action));

	CALL(rt_sigaction, SIGUSR1, &action, &before, 8);
	TELL(before.handler == SIG_DFL);
	CALL(rt_sigaction, SIGUSR1, NULL, &before, 8);
	TELL(before.handler == SIG_IGN);
	CALL(rt_sigaction, SIGUSR1, NULL, NULL, 8);
	CALL(rt_sigaction, SIGUSR1, &action, NULL, 4);
	CALL(rt_sigaction, SIGUSR1, &action, NULL, 0);
	CALL(rt_sigaction, 0, NULL, NULL, 8);
	CALL(rt_sigaction, 65, NULL, NULL, 8);
	CALL(rt_sigaction, -1, &action, NULL, 8);
	CALL(rt_sigaction, 64, &action, NULL, 8);
	CALL(rt_sigaction, SIGKILL, &action, NULL, 8);
	CALL(rt_sigaction, SIGKILL, NULL, &before, 8);
	CALL(rt_sigaction, SIGSTOP, &action, NULL, 8);
	CALL(rt_sigaction, SIGUSR1, LOW, NULL, 8);
	CALL(rt_sigaction, SIGUSR1, NULL, UPPER, 8);
	CALL(rt_sigaction, SIGKILL, LOW, NULL, 8);
	CALL(rt_sigaction, SIGUSR1, edge, (char *)edge + 8, 8);
	CALL(rt_sigaction, SIGUSR1, (char *)edge + 8, NULL, 8);
	action = (struct kernel_action){SIG_DFL, ~0ul, (void *)&action, ~0ul};
	CALL(rt_sigaction, SIGCHLD, &action, NULL, 8);
	CALL(rt_sigaction, SIGCHLD, NULL, &before, 8);
	printf("flags %lx mask %lx, restorer kept %d\n", before.flags, before.mask, before.restorer == (void *)&action);
	action = (struct kernel_action){SIG_DFL, 0, NULL, 0};
	CALL(rt_sigaction, SIGCHLD, &action, NULL, 8);
	CALL(rt_sigaction, SIGUSR1, &action, NULL, 8);
	CALL(rt_sigaction, 1ul << 32 | SIGUSR1, &action, NULL, 8);
}

static void masks(void)
{
	unsigned long all = ~0ul, now = 0, zero = 0, *edge = calls_edge(8);

	CALL(rt_sigprocmask, SIG_SETMASK, &all, &now, 8);
	TELL(now);
	CALL(rt_sigprocmask, SIG_SETMASK, NULL, &now, 8);
	printf("mask %lx\n", now);
	CALL(rt_sigprocmask, SIG_UNBLOCK, &all, NULL, 8);
	CALL(rt_sigprocmask, 99, NULL, edge, 8);
	TELL(*edge);
	CALL(rt_sigprocmask, 99, &zero, NULL, 8);
	CALL(rt_sigprocmask, -1, &zero, NULL, 8);
	CALL(rt_sigprocmask, 1ul << 32, &zero, NULL, 8);
	CALL(rt_sigprocmask, SIG_BLOCK, &zero, NULL, 16);
	CALL(rt_sigprocmask, SIG_BLOCK, LOW, NULL, 8);
	CALL(rt_sigprocmask, SIG_BLOCK, UPPER, NULL, 8);
	CALL(rt_sigprocmask, SIG_BLOCK, (char *)edge + 1, NULL, 8);
	CALL(rt_sigprocmask, SIG_BLOCK, &zero, UPPER, 8);
	CALL(rt_sigprocmask, SIG_BLOCK, &zero, (char *)edge + 1, 8);
	CALL(rt_sigprocmask, SIG_BLOCK, NULL, calls_read_only(), 8);
	*edge = 1ul << (SIGUSR1 - 1);
	CALL(rt_sigprocmask, SIG_BLOCK, edge, LOW, 8); /* blocks all the same */
	CALL(rt_sigprocmask, SIG_SETMASK, &zero, &now, 8);
	TELL(now);
}

static void sending_and_waiting(void)
{
	unsigned long set = 1ul << (SIGUSR1 - 1) | 1ul << (SIGRTMIN - 1), pending = 0;

	CALL(rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
	CALL(rt_sigpending, &pending, 8);
	TELL(pending);
	CALL(kill, getpid(), SIGUSR1);
	CALL(kill, getpid(), SIGUSR1);
	CALL(rt_sigpending, &pending, 8);
	printf("pending %lx\n", pending);
	CALL(rt_sigpending, &pending, 16);
	CALL(rt_sigpending, &pending, 0);
	CALL(rt_sigpending, LOW, 8);
	CALL(rt_sigtimedwait, &set, &info, &none, 8);
	TELL(info.si_code == SI_USER && info.si_pid == getpid());
	CALL(rt_sigtimedwait, &set, &info, &none, 8);
	CALL(rt_sigtimedwait, &set, NULL, &bad, 8);
	CALL(rt_sigtimedwait, &set, NULL, LOW, 8);
	CALL(rt_sigtimedwait, LOW, NULL, &none, 8);
	CALL(rt_sigtimedwait, &set, NULL, &none, 4);
	CALL(tgkill, getpid(), gettid(), SIGUSR1);
	CALL(rt_sigtimedwait, &set, UPPER, &none, 8);

	memset(&info, 0, sizeof(info));
	info.si_code = SI_QUEUE;
	info.si_value.sival_int = 42;
	CALL(rt_sigqueueinfo, getpid(), SIGRTMIN, &info);
	info.si_value.sival_int = 43;
	CALL(rt_tgsigqueueinfo, getpid(), gettid(), SIGRTMIN, &info);
	CALL(rt_sigtimedwait, &set, &info, NULL, 8);
	printf("value %d\n", info.si_value.sival_int);
	CALL(rt_sigtimedwait, &set, &info, NULL, 8);
	printf("value %d\n", info.si_value.sival_int);
	CALL(rt_sigqueueinfo, getpid(), SIGRTMIN, LOW);
	CALL(rt_sigqueueinfo, getpid(), 65, &info);
	CALL(rt_sigqueueinfo, 1 << 29, SIGRTMIN, &info);
	CALL(rt_tgsigqueueinfo, getpid(), -1, SIGRTMIN, &info);
	CALL(rt_tgsigqueueinfo, 0, gettid(), SIGRTMIN, &info);
	CALL(rt_sigprocmask, SIG_UNBLOCK, &set, NULL, 8);
	CALL(rt_sigsuspend, LOW, 8);
	CALL(rt_sigsuspend, &set, 4);
	CALL(kill, 0, 65);
}

static void alternate_stack(void)
{
	static char space[65536];
	stack_t stack = {.ss_sp = space, .ss_size = sizeof(space)}, before;

	CALL(sigaltstack, NULL, &before);
	printf("flags %d size %zu\n", before.ss_flags, before.ss_size);
	CALL(sigaltstack, &stack, &before);
	CALL(sigaltstack, NULL, &before);
	TELL(before.ss_sp == space && before.ss_size == sizeof(space) && before.ss_flags == 0);
	stack.ss_size = 100;
	CALL(sigaltstack, &stack, NULL);
	stack.ss_flags = 64;
	CALL(sigaltstack, &stack, NULL);
	CALL(sigaltstack, LOW, NULL);
	CALL(sigaltstack, NULL, LOW);
	CALL(sigaltstack, NULL, NULL);
	stack.ss_flags = SS_DISABLE;
	CALL(sigaltstack, &stack, UPPER);
	CALL(sigaltstack, NULL, &before);
	printf("flags %d size %zu\n", before.ss_flags, before.ss_size);
}

/* Without any child. */
static void children(void)
{
	int status;

	CALL(wait4, -1, &status, 0, NULL);
	CALL(wait4, -1, LOW, WNOHANG, NULL);
	CALL(wait4, -1, &status, 0x1000, NULL);
	CALL(wait4, 1 << 29, &status, 0, NULL);
	CALL(wait4, INT_MIN, &status, 0, NULL);
	CALL(waitid, P_ALL, 0, &info, WEXITED | WNOHANG, NULL);
	CALL(waitid, P_ALL, 0, &info, 0, NULL);
	CALL(waitid, 9, 0, &info, WEXITED, NULL);
	CALL(waitid, P_PID, -1, &info, WEXITED, NULL);
	CALL(waitid, P_PIDFD, -1, &info, WEXITED, NULL);
	CALL(execve, "missing", NULL, NULL);
	CALL(execve, NULL, NULL, NULL);
	CALL(execve, ".", NULL, NULL);
	CALL(execve, "/proc/self/maps", NULL, NULL);
	CALL(execve, "missing", LOW, NULL);
	CALL(execveat, -1, "missing", NULL, NULL, 0);
	CALL(execveat, AT_FDCWD, "missing", NULL, NULL, 1);
	CALL(clone3, NULL, 0);
	CALL(clone3, NULL, 64);
	CALL(clone3, LOW, 64);
	CALL(clone3, NULL, PAGE + 8);
	CALL(clone, CLONE_THREAD, 0, NULL, NULL, 0);
	CALL(clone, CLONE_SIGHAND, 0, NULL, NULL, 0);
	CALL(clone, CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_NEWPID, 0, NULL, NULL, 0);
	CALL(clone, CLONE_NEWNS | CLONE_FS, 0, NULL, NULL, 0);
}

int main(void)
{
	calls_begin();
	actions();
	masks();
	sending_and_waiting();
	alternate_stack();
	children();
	return calls_end();
}
