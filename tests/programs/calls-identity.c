/* SPDX-License-Identifier: Apache-2.0 */
/* Who the process is, what it may, and what it is told about the machine. */
#define _GNU_SOURCE
#include "calls.h"

#include <asm/prctl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>

static void identity(void)
{
	gid_t groups[2];
	uid_t ids[3];
	char header[8] = {0};

	TELL(QUIET(getpid) == getpid());
	TELL(syscall((1l << 32) + SYS_getpid) == getpid()); /* the number is 32 bits wide */
	TELL(QUIET(gettid) == getpid());
	TELL(QUIET(getpid) == QUIET(getpid, -1, LOW, -1, -1, -1, -1));
	TELL(QUIET(getppid) > 0);
	TELL(QUIET(getsid, 0) > 0 && QUIET(getpgid, 0) == QUIET(getpgrp));
	CALL(getsid, 1 << 29);
	CALL(getpgid, -1);
	CALL(setpgid, 1 << 29, 0);
	CALL(setpgid, 0, -1);
	CALL(getuid);
	CALL(geteuid);
	CALL(getgid);
	CALL(getegid);
	CALL(getresuid, &ids[0], &ids[1], &ids[2]);
	CALL(getresuid, &ids[0], &ids[1], LOW);
	CALL(getresgid, NULL, &ids[1], &ids[2]);
	CALL(setuid, -1);
	CALL(setgid, -1);
	CALL(setreuid, -1, -1);
	CALL(setregid, -1, -1);
	CALL(setresuid, -1, -1, -1);
	CALL(setresgid, -1, -1, -1);
	CALL(setfsuid, -1);
	CALL(setfsgid, -1);
	CALL(getgroups, -1, NULL);
	CALL(getgroups, 100000, LOW);
	CALL(setgroups, -1, groups);
	CALL(setgroups, 100000, groups);
	CALL(capget, LOW, NULL);
	CALL(capget, header, NULL);
	TELL(((struct __user_cap_header_struct *)header)->version == _LINUX_CAPABILITY_VERSION_3);
	CALL(capset, LOW, NULL);
}

static void limits(void)
{
	struct rlimit limit, wrong = {2, 1};
	struct rusage usage;
	struct tms spent;

	for (int i = 0; i < 17; i++)
		printf("%d: ", i), CALL(getrlimit, i, &limit);
	CALL(getrlimit, -1, &limit);
	CALL(getrlimit, RLIMIT_NOFILE, NULL);
	CALL(setrlimit, RLIMIT_NOFILE, &wrong);
	CALL(setrlimit, RLIMIT_NOFILE, LOW);
	limit = (struct rlimit){64, 128};
	CALL(setrlimit, RLIMIT_NOFILE, &limit);
	CALL(open, "/", O_RDONLY | O_DIRECTORY);
	CALL(fcntl, 3, F_DUPFD, 63);
	CALL(fcntl, 3, F_DUPFD, 64);
	CALL(dup2, 3, 64);
	CALL(dup2, 3, 63);
	for (int i = 4; i < 63; i++)
		QUIET(dup, 3);
	CALL(dup, 3);
	CALL(open, "/", O_RDONLY);
	CALL(close_range, 3, 200, 0);
	CALL(prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
	printf("limit %ld %ld\n", (long)limit.rlim_cur, (long)limit.rlim_max);
	CALL(prlimit64, 0, 77, NULL, &limit);
	CALL(prlimit64, 1 << 29, RLIMIT_NOFILE, NULL, &limit);
	CALL(prlimit64, -1, RLIMIT_NOFILE, NULL, &limit);
	CALL(prlimit64, 0, RLIMIT_NOFILE, LOW, NULL);
	CALL(getrusage, RUSAGE_SELF, &usage);
	TELL(usage.ru_utime.tv_sec + usage.ru_utime.tv_usec >= 0);
	CALL(getrusage, RUSAGE_THREAD, &usage);
	CALL(getrusage, RUSAGE_CHILDREN, &usage);
	CALL(getrusage, 5, &usage);
	CALL(getrusage, RUSAGE_SELF, NULL);
	CALL(getrusage, RUSAGE_SELF, UPPER);
	CALL(getrusage, RUSAGE_SELF, calls_read_only());
	CALL_OK(times, &spent);
	CALL_OK(times, NULL);
	CALL(times, LOW);
	CALL(getpriority, 0, 0);
	CALL(getpriority, 9, 0);
	CALL(setpriority, 0, 0, 0);
	CALL(setpriority, 9, 0, 0);
	CALL(setpriority, 0, 1 << 29, 0);
	CALL(ioprio_get, 1, 0);
	CALL(ioprio_get, 9, 0);
	CALL(ioprio_set, 9, 0, 0);
	CALL(acct, "missing");
	CALL(quotactl, -1, NULL, 0, NULL);
	CALL(kcmp, 0, 0, 0, 0, 0);
	CALL(kcmp, getpid(), getpid(), 99, 0, 0);
}

static void options(void)
{
	char name[16] = "", *edge = calls_edge(8);
	unsigned long base = 0;

	CALL(prctl, PR_SET_NAME, "a-name-of-more-than-15");
	CALL(prctl, PR_GET_NAME, name);
	printf("name %s\n", name);
	CALL(prctl, PR_SET_NAME, LOW);
	CALL(prctl, PR_GET_NAME, edge);
	CALL(prctl, PR_GET_DUMPABLE);
	CALL(prctl, PR_SET_DUMPABLE, 7);
	CALL(prctl, PR_SET_PDEATHSIG, 65);
	CALL(prctl, PR_SET_PDEATHSIG, 0);
	CALL(prctl, PR_GET_PDEATHSIG, LOW);
	CALL(prctl, PR_SET_KEEPCAPS, 2);
	CALL(prctl, PR_GET_KEEPCAPS);
	CALL(prctl, PR_GET_TIMERSLACK);
	CALL(prctl, PR_SET_NO_NEW_PRIVS, 2);
	CALL(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 1);
	CALL(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	CALL(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	CALL(prctl, PR_GET_THP_DISABLE, 1);
	CALL(prctl, PR_SET_CHILD_SUBREAPER, 0);
	CALL(prctl, PR_GET_SECUREBITS);
	CALL(prctl, PR_GET_SECCOMP);
	CALL(prctl, PR_GET_TSC, &base);
	TELL(base);
	CALL(prctl, PR_SET_SECCOMP, 99);
	CALL(prctl, PR_SET_TSC, 99);
	CALL(prctl, PR_SET_MM, 99, 0, 0, 0);
	CALL(prctl, PR_SET_UNALIGN, 1);
	CALL(prctl, PR_CAPBSET_READ, 0);
	CALL(prctl, PR_CAPBSET_READ, 99);
	CALL(prctl, -1);
	CALL(prctl, 0);
	CALL(arch_prctl, ARCH_GET_FS, &base);
	CALL(arch_prctl, ARCH_SET_FS, base);
	TELL(base == (unsigned long)__builtin_thread_pointer());
	CALL(arch_prctl, ARCH_SET_FS, UPPER);
	CALL(arch_prctl, ARCH_SET_FS, NOWHERE);
	CALL(arch_prctl, ARCH_GET_FS, LOW);
	CALL(arch_prctl, ARCH_GET_FS, UPPER);
	CALL(arch_prctl, ARCH_SET_GS, edge);
	CALL(arch_prctl, ARCH_GET_GS, &base);
	TELL(base == (unsigned long)edge);
	CALL(arch_prctl, ARCH_SET_GS, UPPER);
	CALL(arch_prctl, ARCH_SET_GS, 0);
	CALL(arch_prctl, ARCH_GET_GS, NULL);
	CALL(arch_prctl, ARCH_GET_CPUID);
	CALL(arch_prctl, ARCH_SET_CPUID, 7);
	CALL(arch_prctl, 0x1234, &base);
	CALL(arch_prctl, -1, &base);
	CALL(arch_prctl, 1ul << 32 | ARCH_GET_FS, &base);
	CALL(personality, 0xffffffff);
}

static void machine(void)
{
	struct utsname name, *edge = calls_edge(sizeof(name));
	struct sysinfo info;

	CALL(uname, &name);
	printf("%s %s %s\n", name.sysname, name.release, name.machine);
	CALL(uname, edge);
	CALL(uname, (char *)edge + 1);
	CALL(uname, NULL);
	CALL(sysinfo, &info);
	TELL(info.totalram > 0 && info.mem_unit);
	CALL(sysinfo, LOW);
	CALL(sethostname, LOW, 3);
	CALL(sethostname, "x", -1);
	CALL(setdomainname, "x", 65);
	CALL(syslog, 99, NULL, 0);
	CALL(syslog, 2, NULL, 0);
	CALL(reboot, 0, 0, 0);
	CALL(sysfs, 9, 0, 0);
	CALL(swapon, "missing", 0);
	CALL(swapoff, "missing");
	CALL(mount, "missing", "missing", "missing", 0, NULL);
	CALL(umount2, "missing", 0);
	CALL(pivot_root, "missing", "missing");
	CALL(init_module, NULL, 0, "");
	CALL(finit_module, -1, "", 0);
	CALL(delete_module, "missing", 0);
	CALL(kexec_load, 0, 99, NULL, 0);
	CALL(adjtimex, NULL);
	CALL(settimeofday, LOW, NULL);
	CALL(perf_event_open, NULL, 0, -1, -1, 0);
	CALL(bpf, 99, NULL, 0);
	CALL(landlock_create_ruleset, NULL, 0, 99);
	CALL(landlock_restrict_self, -1, 0);
	CALL(add_key, NULL, NULL, NULL, 0, 0);
	CALL(request_key, NULL, NULL, NULL, 0);
	CALL(keyctl, 9999, 0, 0, 0, 0);
}

int main(void)
{
	calls_begin();
	identity();
	limits();
	options();
	machine();
	return calls_end();
}
