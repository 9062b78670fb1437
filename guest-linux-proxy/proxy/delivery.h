/* SPDX-License-Identifier: Apache-2.0 */
/* Signals on their way from a server to the handlers of its HRT thread. For the server's own thread. */
#ifndef PROXY_DELIVERY_H
#define PROXY_DELIVERY_H

#include "job.h"

/** HVM_NR_SIGNAL: address of the next signal for the thread, whose stack pointer is @rsp; 0: none. */
int64_t delivery_next(struct server *server, uint64_t rsp);

/**
 * The thread caused @signal itself, by an exception. True if its handler will run; else the program must end: it has
 * none, or blocks the signal.
 */
bool delivery_force(struct server *server, int signal, int code, uint64_t address);

/** sigaltstack(2); @rsp: the thread's stack pointer. */
int64_t delivery_alternate_stack(struct server *server, uint64_t new_stack, uint64_t old_stack, uint64_t rsp);

/** rt_sigprocmask(2), when the aerokernel could not reach its arguments. */
int64_t delivery_change_mask(struct server *server, int how, uint64_t new_mask, uint64_t old_mask, uint64_t size);

/** A new thread begins behind @server. */
void delivery_reset(struct server *server);

#endif
