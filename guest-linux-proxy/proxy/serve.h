/* SPDX-License-Identifier: Apache-2.0 */
/* Serving a slot: take a request, act, answer. */
#ifndef PROXY_SERVE_H
#define PROXY_SERVE_H

#include "job.h"

/** Serve @server's threads, one after the other, until the program ends. Polls for a while, then sleeps in the device.
 */
_Noreturn void serve(struct server *server);

#endif
