/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every number of Linux' table, and others, with arguments that make no sense, but for those that are left out below;
 * the other programs make these one by one.
 */
#define _GNU_SOURCE
#include "calls.h"

#define NUMBERS 512

/* clang-format off */
static const short left_out[] = {
	/* They would end the program, make another, or wait. */
	SYS_rt_sigreturn, SYS_pause, SYS_exit, SYS_exit_group, SYS_fork, SYS_vfork, SYS_clone, SYS_kill, SYS_tkill,
	SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_rt_sigsuspend, SYS_select, SYS_read,
	/* Some of these arguments make sense to them: they would change the process or the machine, or make descriptors. */
	SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setfsuid, SYS_setfsgid,
	SYS_setgroups, SYS_setsid, SYS_setpgid, SYS_setpriority, SYS_setrlimit, SYS_personality, SYS_umask, SYS_alarm,
	SYS_chroot, SYS_brk, SYS_mmap, SYS_munlockall, SYS_mlockall, SYS_close, SYS_close_range, SYS_dup, SYS_dup2,
	SYS_fchdir, SYS_fchmod, SYS_fchown, SYS_epoll_create, SYS_epoll_create1, SYS_eventfd, SYS_eventfd2,
	SYS_inotify_init, SYS_inotify_init1, SYS_timerfd_create, SYS_socket, SYS_io_setup, SYS_semget, SYS_msgget,
	SYS_shmget, SYS_reboot, SYS_vhangup, SYS_sync, SYS_syslog, SYS_acct, SYS_sethostname, SYS_setdomainname,
	SYS_keyctl,
	/* Their answers differ from run to run, or between the partitions: calls-differences.c has the latter. */
	SYS_getpid, SYS_getppid, SYS_gettid, SYS_getpgrp, SYS_getpgid, SYS_getsid, SYS_time, SYS_times,
	SYS_set_tid_address, SYS_getcpu, SYS_membarrier, SYS_sched_getaffinity, SYS_sched_setaffinity,
	SYS_ptrace, SYS_seccomp, SYS_unshare, SYS_setns, SYS_modify_ldt, SYS_iopl, SYS_ioperm, SYS_rseq,
};
/* clang-format on */

static bool is_left_out(long number)
{
	for (size_t i = 0; i < sizeof(left_out) / sizeof(*left_out); i++)
		if (left_out[i] == number)
			return true;
	return false;
}

static void tell(long number, const char *with, long result)
{
	if (calls_failed(result))
		printf("%ld %s: %s\n", number, with, calls_error(result));
	else
		printf("%ld %s: %ld\n", number, with, result);
}

static void make_all(const char *with, long argument)
{
	for (long number = 0; number < NUMBERS; number++)
		if (!is_left_out(number))
			tell(number, with,
			     calls_make(number, argument, argument, argument, argument, argument, argument));
}

static void others(void)
{
	static const long numbers[] = {
	    NUMBERS,	600,	    1000,	4095,	0x7fff, 0xefff, 0xf000,	  0xf001,   0xf002,	    0xf003,
	    0xf004,	0xf005,	    0xf006,	0xf007, 0xf008, 0xf009, 0xffff,	  0x10000,  0x10027,	    0x40000000,
	    0x40000027, 0x7fffffff, 0x80000000, -1,	-2,	-39,	LONG_MIN, LONG_MAX, 0xffff0000ffff,
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		tell(numbers[i], "as a number", calls_make(numbers[i], 0, 0, 0, 0, 0, 0));
	/* It has 32 bits. */
	TELL(calls_make((1l << 32) + SYS_getpid, 0, 0, 0, 0, 0, 0) == getpid());
	TELL(calls_make((-1l & ~0xffffffffl) + SYS_getppid, 0, 0, 0, 0, 0, 0) == getppid());
}

int main(void)
{
	calls_begin();
	signal(SIGPIPE, SIG_IGN);
	others();
	make_all("with -1", -1);
	make_all("with 8", 8);
	make_all("with an address of the kernel", (long)UPPER);
	make_all("with an address that is none", (long)NOWHERE);
	make_all("with a huge number", LONG_MAX);
	return calls_end();
}
