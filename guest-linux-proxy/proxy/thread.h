/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's threads. Each HRT thread has a server: a slot, and a Linux thread of this process that answers it, so
 * that a call blocks only its own thread and is made under an identity (tid, signal mask) of its own. Which core runs a
 * thread is the aerokernel's affair. A server whose thread has ended is kept for the next.
 */
#ifndef PROXY_THREAD_H
#define PROXY_THREAD_H

#include <stdint.h>

#include "job.h"

/** Serve the program's first thread, and go on when it has ended before the others. */
_Noreturn void thread_serve_first(struct job *job);

/** The server that the calling Linux thread is; NULL if it is none. Safe in a signal handler. */
struct server *thread_self(void);

/** How a new thread is to begin. */
struct thread_request {
	uint64_t flags;	     /* CLONE_* */
	uint64_t stack;	     /* top of its stack */
	uint64_t tls;	     /* FS base, with CLONE_SETTLS */
	uint64_t parent_tid; /* address, with CLONE_PARENT_SETTID */
	uint64_t child_tid;  /* address, with CLONE_CHILD_SETTID or CLONE_CHILD_CLEARTID */
};

/** Start a thread as a copy of @server's; its tid, or a negative errno value as of clone(2). */
int64_t thread_start(struct server *server, const struct thread_request *request);

/**
 * exit(2) of @server's thread. Returns if others go on: @server is somebody else's then, and the caller must not touch
 * it. The last one ends the process.
 */
void thread_exit(struct server *server, int status);

/** Time that the job's threads held HRT cores, TSC cycles: of one server's thread, or of all that ever ran. */
uint64_t thread_cycles(const struct server *server);
uint64_t thread_cycles_of_all(struct job *job);

/** Counters of all threads that ever ran. Safe in a signal handler. */
void thread_stats_of_all(const struct job *job, struct hvm_slot_stats *sum);

#endif
