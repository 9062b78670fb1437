/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's threads. Each HRT thread has a server: a slot, and a Linux thread of this process that answers it, so
 * that a call blocks only its own thread and is made under an identity (tid, signal mask) of its own. Threads begin and
 * end, and servers are given to them, in the aerokernel, which asks for more servers when all have a thread.
 */
#ifndef PROXY_THREAD_H
#define PROXY_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "job.h"

/** Serve the program's first thread. */
_Noreturn void thread_serve_first(struct job *job);

/** A stack for a Linux thread, THREAD_STACK bytes behind a guard, which the program must not unmap; NULL: no memory. */
#define THREAD_STACK (128u << 10)
uint8_t *thread_map_stack(void);

/** After fork, in the child: the calling Linux thread is the only one, and the job's first server. */
void thread_forked(struct job *job);

/** The calling Linux thread serves from now on what thread_forked made it. Its stack is used from its start. */
_Noreturn void thread_serve_forked(void);

/** The server that the calling Linux thread is; NULL if it is none. Safe in a signal handler. */
struct server *thread_self(void);

/** True if the server has a thread. Safe in a signal handler. */
bool thread_is_alive(const struct server *server);

/** Start another server for new threads. 0, or -EAGAIN if there is no room or Linux refuses. */
int64_t thread_add_server(struct job *job);

/** @server has another thread than at its last request: forget what concerned that one alone. */
void thread_renew(struct server *server);

/** Let Linux release what @server's thread holds if the process is killed: the two have the same tid. */
void thread_tell_robust_list(struct server *server);

/** Time that the job's threads held HRT cores, TSC cycles: of one server's thread, or of all that ever ran. */
uint64_t thread_cycles(const struct server *server);
uint64_t thread_cycles_of_all(const struct job *job);

/** Counters of all threads that ever ran. Safe in a signal handler. */
void thread_stats_of_all(const struct job *job, struct hvm_slot_stats *sum);

#endif
