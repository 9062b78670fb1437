/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that do not go straight to Linux; syscall.c says why each is here. */
#ifndef PROXY_CALLS_H
#define PROXY_CALLS_H

#include <stdbool.h>

#include "job.h"

typedef int64_t call_handler(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS]);

/** True if @path, in program memory, is a name of this process's own executable. */
bool call_names_own_executable(uint64_t path);

/* call_clone.c: child processes and other programs */
call_handler call_clone, call_clone3, call_fork, call_vfork, call_execve, call_execveat;

/* call_process.c: identity, threads, end */
call_handler call_exit, call_restart, call_arch_prctl, call_prctl, call_getaffinity, call_setaffinity;

/* call_memory.c: the address space */
call_handler call_brk, call_range, call_mprotect, call_madvise, call_mmap, call_mremap, call_attach;

/* call_file.c: descriptors and /proc/self/exe */
call_handler call_descriptor, call_duplicate, call_close_range, call_readlink, call_readlinkat, call_open, call_openat;

/* call_signal.c */
call_handler call_sigaction, call_sigprocmask, call_sigaltstack, call_with_mask;

/* call_time.c: processor time spent on HRT cores */
call_handler call_clock_gettime, call_getrusage, call_times;

#endif
