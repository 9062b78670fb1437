/* SPDX-License-Identifier: Apache-2.0 */
#include "syscall.h"

#include "calls.h"
#include "names.h"
#include "raw.h"
#include "report.h"
#include "signal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>

struct special {
	call_handler *handler;
	const char *what; /* how it is served, and why not by Linux as it is */
};

#define OWN_DESCRIPTOR "forwarded; the proxy's own descriptors answer EBADF: the next call needs them"
#define OWN_MEMORY     "forwarded; ENOMEM if it would change the proxy's own mappings"
#define WITH_MASK      "forwarded; the signal mask that it waits with decides what interrupts it"
#define THREADS                                                                                                        \
	"threads begin in the aerokernel; child processes as fork and vfork; ENOSYS for anything between, reported"
#define PROCESSES "starts a child process: a proxy of its own, on the same cores"
#define EXEC	  "checked here, then a new proxy, of the new program, takes over the cores"
#define CPU_STATE "ENOSYS, reported: it would change the Linux CPU's state, not the HRT core's"

/* The one list of calls that do not go straight to Linux. docs/proxy.md is made from it (hvm-proxy --list-calls). */
static const struct special specials[] = {
    [SYS_exit] = {call_exit, "threads end in the aerokernel; the last one ends the job"},
    [SYS_exit_group] = {call_exit, "ends the job: the HRT thread leaves its core first"},
    [SYS_brk] = {call_brk, "emulated behind the program's image: the kernel's brk is the proxy's"},
    [SYS_mmap] =
	{call_mmap,
	 "forwarded, large anonymous ones onto 2 MiB pages; ENOMEM for MAP_FIXED over the proxy's own mappings"},
    [SYS_munmap] = {call_range, "forwarded; EINVAL if it would take the proxy's own mappings away"},
    [SYS_mprotect] = {call_mprotect, OWN_MEMORY},
    [SYS_pkey_mprotect] = {call_range, OWN_MEMORY},
    [SYS_madvise] = {call_madvise, OWN_MEMORY},
    [SYS_mremap] = {call_mremap, OWN_MEMORY},
    [SYS_close] = {call_descriptor, OWN_DESCRIPTOR},
    [SYS_dup] = {call_descriptor, OWN_DESCRIPTOR},
    [SYS_fcntl] = {call_descriptor, OWN_DESCRIPTOR},
    [SYS_dup2] = {call_duplicate, OWN_DESCRIPTOR},
    [SYS_dup3] = {call_duplicate, OWN_DESCRIPTOR},
    [SYS_close_range] = {call_close_range, "closes around the proxy's own descriptors"},
    [SYS_readlink] = {call_readlink, "/proc/self/exe names the program, not its proxy"},
    [SYS_readlinkat] = {call_readlinkat, "/proc/self/exe names the program, not its proxy"},
    [SYS_open] = {call_open, "/proc/self/exe opens the program, not its proxy"},
    [SYS_openat] = {call_openat, "/proc/self/exe opens the program, not its proxy"},
    [SYS_rt_sigaction] = {call_sigaction, "kept; handlers run on the HRT thread"},
    [SYS_rt_sigprocmask] = {call_sigprocmask, "answered by the aerokernel; here if a page of its arguments is absent"},
    [SYS_sigaltstack] = {call_sigaltstack, "kept; handlers run there"},
    [SYS_rt_sigsuspend] = {call_with_mask, WITH_MASK},
    [SYS_ppoll] = {call_with_mask, WITH_MASK},
    [SYS_pselect6] = {call_with_mask, WITH_MASK},
    [SYS_epoll_pwait] = {call_with_mask, WITH_MASK},
    [SYS_epoll_pwait2] = {call_with_mask, WITH_MASK},
    [SYS_clone] = {call_clone, THREADS},
    [SYS_clone3] = {call_clone3, THREADS},
    [SYS_fork] = {call_fork, PROCESSES},
    [SYS_vfork] = {call_vfork, "starts a child process, which borrows the thread until its exec or exit"},
    [SYS_execve] = {call_execve, EXEC},
    [SYS_execveat] = {call_execveat, EXEC},
    [SYS_restart_syscall] = {call_restart,
			     "EINTR, as when there is none to restart: Linux restarts the proxy's calls itself"},
    [SYS_set_tid_address] = {call_set_tid_address,
			     "answered by the aerokernel, which clears and wakes when the thread ends"},
    [SYS_gettid] = {call_tid, "answered by the aerokernel, and the same here"},
    [SYS_set_robust_list] = {call_zero,
			     "answered by the aerokernel, which releases robust mutexes when the thread ends"},
    [SYS_rseq] = {call_unserved, "ENOSYS: restartable sequences need Linux' scheduler"},
    [SYS_arch_prctl] =
	{call_arch_prctl,
	 "FS and GS by the aerokernel, whose registers they are; EINVAL for what concerns the Linux CPU"},
    [SYS_prctl] = {call_prctl, "forwarded; EINVAL for what would break the proxy (seccomp, TSC traps, call dispatch)"},
    [SYS_sched_getaffinity] = {call_getaffinity,
			       "of the job's threads, by the aerokernel: the job's cores, not Linux' CPUs"},
    [SYS_sched_setaffinity] = {call_setaffinity,
			       "of the job's threads, by the aerokernel: the job's cores; of others, Linux"},
    [SYS_getcpu] = {call_getcpu, "answered by the aerokernel: the HRT core's number in the job"},
    [SYS_clock_gettime] = {call_clock_gettime, "CPU-time clocks tell the time on the HRT core"},
    [SYS_getrusage] = {call_getrusage, "user time is the time on the HRT core, system time the proxy's"},
    [SYS_times] = {call_times, "user time is the time on the HRT core, system time the proxy's"},
    [SYS_ptrace] = {call_forbidden, "EPERM, reported: it would trace or stop the proxy"},
    [SYS_seccomp] = {call_forbidden, "EPERM, reported: the filter would bind the proxy"},
    [SYS_unshare] = {call_forbidden, "EPERM, reported: it would take the proxy out of its namespaces"},
    [SYS_setns] = {call_forbidden, "EPERM, reported: it would take the proxy out of its namespaces"},
    [SYS_modify_ldt] = {call_unserved, CPU_STATE},
    [SYS_iopl] = {call_unserved, CPU_STATE},
    [SYS_ioperm] = {call_unserved, CPU_STATE},
};

#define SPECIALS (sizeof(specials) / sizeof(*specials))

/* Calls that neither wait nor have to do with signals; the others are made with the thread's own mask. */
static bool is_free_of_signals(uint32_t nr)
{
	switch (nr) {
	case SYS_mmap:
	case SYS_munmap:
	case SYS_mprotect:
	case SYS_madvise:
	case SYS_mremap:
	case SYS_brk:
	case SYS_clone:
	case SYS_clone3:
	case SYS_rt_sigaction:
	case SYS_sigaltstack:
	case SYS_set_tid_address:
		return true;
	default:
		return false;
	}
}

int64_t syscall_serve(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	int64_t result;

	if (nr >= HVM_NR_FIRST_SPECIAL)
		return -ENOSYS; /* not a system call at all */
	if (!is_free_of_signals(nr))
		signal_synchronise(server);
	if (nr < SPECIALS && specials[nr].handler)
		return specials[nr].handler(server, nr, arg);
	result = raw_call(nr, arg);
	if (__builtin_expect(result == -ENOSYS, 0))
		report_unserved(nr, NULL);
	return result;
}

void syscall_print_table(void)
{
	printf("| nr | call | how it is served |\n| --- | --- | --- |\n");
	for (unsigned int nr = 0; nr < SPECIALS; nr++)
		if (specials[nr].handler)
			printf("| %u | `%s` | %s |\n", nr, syscall_name(nr), specials[nr].what);
}
