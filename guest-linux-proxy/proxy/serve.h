/* SPDX-License-Identifier: Apache-2.0 */
/* Serving a slot: take a request, act, answer. */
#ifndef PROXY_SERVE_H
#define PROXY_SERVE_H

#include "job.h"

/**
 * Serve a thread until it ends; the end of the program does not return. Polls for a while, then sleeps in the device.
 * When this returns, @server may serve the next thread already.
 */
void serve(struct server *server);

#endif
