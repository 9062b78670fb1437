/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include <stddef.h>

static const char *const syscall_names[] = {
#include "syscall-names.inc" /* made from <asm/unistd_64.h> by the Makefile */
};

static const char *const signal_names[] = {
    NULL,	 "SIGHUP",  "SIGINT",	 "SIGQUIT", "SIGILL",	"SIGTRAP", "SIGABRT", "SIGBUS",
    "SIGFPE",	 "SIGKILL", "SIGUSR1",	 "SIGSEGV", "SIGUSR2",	"SIGPIPE", "SIGALRM", "SIGTERM",
    "SIGSTKFLT", "SIGCHLD", "SIGCONT",	 "SIGSTOP", "SIGTSTP",	"SIGTTIN", "SIGTTOU", "SIGURG",
    "SIGXCPU",	 "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",   "SIGPWR",  "SIGSYS",
};

bool syscall_is_known(unsigned int nr)
{
	return nr < sizeof(syscall_names) / sizeof(*syscall_names) && syscall_names[nr];
}

const char *syscall_name(unsigned int nr)
{
	return syscall_is_known(nr) ? syscall_names[nr] : "unknown";
}

const char *signal_name(int signal)
{
	if (signal > 0 && (size_t)signal < sizeof(signal_names) / sizeof(*signal_names))
		return signal_names[signal];
	return "SIGRT";
}
