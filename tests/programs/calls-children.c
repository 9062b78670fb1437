/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that begin and end processes, and that wait for signals. */
#define _GNU_SOURCE
#include "calls.h"

#include <sched.h>
#include <sys/time.h>
#include <sys/wait.h>

static char stack[65536] __attribute__((aligned(16)));
static volatile int changed;

static void on_alarm(int signal)
{
	(void)signal; /* its return makes the call rt_sigreturn() */
}

/* The child is the one that was just made. */
static void tell_end(long child)
{
	int status = 0;

	TELL(child > 0 && QUIET(wait4, child, &status, 0, NULL) == child);
	printf("status %x\n", status);
}

static void forks(void)
{
	long child = QUIET(fork);

	if (!child) {
		changed = 1;
		CALL(wait4, -1, NULL, 0, NULL);
		TELL(QUIET(setsid) == getpid());
		CALL(setsid);
		QUIET(exit_group, 0x1234507);
	}
	tell_end(child);
	TELL(changed);
	child = QUIET(fork, -1, -1, -1, -1);
	if (!child)
		QUIET(exit, -1);
	tell_end(child);
	child = QUIET(clone, SIGCHLD, NULL, LOW, LOW, LOW);
	if (!child)
		QUIET(kill, QUIET(getpid), SIGTERM);
	tell_end(child);
	child = QUIET(clone, SIGCHLD | CLONE_PARENT_SETTID, NULL, &changed, NULL, NULL);
	if (!child)
		QUIET(exit_group, 1);
	TELL(child == changed);
	tell_end(child);
	CALL(wait4, -1, NULL, WNOHANG, NULL);
}

static int in_memory_of_parent(void *argument)
{
	changed = (int)(long)argument;
	return 5;
}

static void vforks(void)
{
	long child = vfork();

	if (!child)
		QUIET(exit_group, 4);
	tell_end(child);
	changed = 0;
	child = clone(in_memory_of_parent, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)77);
	TELL(changed);
	tell_end(child);
}

static void executions(void)
{
	static const char *const words[] = {"calls-children", "as-a-program", NULL};
	char name[PATH_MAX] = "";
	long child;

	CALL_OK(readlink, "/proc/self/exe", name, sizeof(name) - 1);
	child = vfork();
	if (!child) {
		QUIET(execve, name, words, NULL);
		QUIET(exit_group, 1);
	}
	tell_end(child);
	child = QUIET(fork);
	if (!child) {
		QUIET(execveat, AT_FDCWD, name, words, environ, 0);
		QUIET(exit_group, 1);
	}
	tell_end(child);
}

static void waiting(void)
{
	const struct itimerval often = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}};
	unsigned long none = 0;

	signal(SIGALRM, on_alarm);
	CALL(setitimer, ITIMER_REAL, &often, NULL);
	CALL(pause);
	CALL(rt_sigsuspend, &none, 8);
	CALL(setitimer, ITIMER_REAL, &never, NULL);
	CALL(vhangup);
}

int main(int count, char *words[])
{
	if (count == 2 && strcmp(words[1], "as-a-program") == 0) {
		printf("%s: %s environment\n", words[1], *environ ? "an" : "no");
		return 6;
	}
	calls_begin();
	forks();
	vforks();
	executions();
	waiting();
	return calls_end();
}
