/* SPDX-License-Identifier: Apache-2.0 */
/* Serving a slot: take a request, act, answer. */
#ifndef PROXY_SERVE_H
#define PROXY_SERVE_H

#include "job.h"

/** Serve @server's threads, one after the other, until the program ends. Polls for a while, then sleeps in the device.
 */
_Noreturn void serve(struct server *server);

/** Answer the request that @server took last. */
void serve_answer(struct server *server, int64_t result);

/** After a child of vfork: wait until its thread has a request of the program's, and leave that unanswered. */
void serve_take_back(struct server *server);

#endif
