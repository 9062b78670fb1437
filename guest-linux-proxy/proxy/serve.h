/* SPDX-License-Identifier: Apache-2.0 */
/* Serving a slot: take a request, act, answer. */
#ifndef PROXY_SERVE_H
#define PROXY_SERVE_H

#include "job.h"

/** Serve until the program ends. Polls for the job's spinning time, then sleeps in the device. */
_Noreturn void serve(struct server *server);

#endif
