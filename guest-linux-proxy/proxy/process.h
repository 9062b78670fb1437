/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes. A child of fork is a copy of this process, as Linux makes it: a proxy with a job of its own on the
 * same cores, in which one HRT thread goes on as a copy of the caller's.
 *
 * A child of vfork (posix_spawn is one) shares this process's memory. It borrows the caller's HRT thread: its Linux
 * process serves the thread's slot until it executes another program or ends. Then the thread gets back the registers
 * with which it called.
 */
#ifndef PROXY_PROCESS_H
#define PROXY_PROCESS_H

#include <stdint.h>

#include "job.h"

/** How a child is to begin, as of clone3(2). */
struct process_request {
	uint64_t flags;	      /* CLONE_* */
	uint64_t exit_signal; /* that its parent gets */
	uint64_t stack;	      /* top of its stack; 0: the parent's, as it is */
	uint64_t tls;	      /* FS base, with CLONE_SETTLS */
	uint64_t parent_tid;  /* address, with CLONE_PARENT_SETTID */
	uint64_t child_tid;   /* address, with CLONE_CHILD_SETTID or CLONE_CHILD_CLEARTID */
};

/** What makes a child of vfork: CLONE_VM and CLONE_VFORK. */
#define PROCESS_VFORK 0x4100u

/** Start a child of @server's process; its pid, or a negative errno value as of clone(2). */
int64_t process_start(struct server *server, const struct process_request *request);

/** While this is held no child is started, and none gets descriptors that are open for a moment only. */
void process_hold(void);
void process_let_go(void);

#endif
