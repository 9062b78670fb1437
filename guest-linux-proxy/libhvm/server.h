/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIBHVM_SERVER_H
#define LIBHVM_SERVER_H

#include "raw.h"
#include "worker.h"

#include <linux/futex.h>
#include <signal.h>

/* Linux never sends it, and nobody else uses it: it ends system calls of servers, which block all others. */
#define SERVER_SIGNAL SIGSTKFLT

/* A worker that missed that it was called off is told again after this, ns. */
#define SERVER_REPEAT_NS 1000000

/** Have the worker leave what it does, if that still is what @what was in worker.running. */
void server_call_off(struct worker *worker, uint64_t what);

/** A word that one thread stores once and another waits for. */
static inline void server_tell(int32_t *word, int32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
	raw_call3(SYS_futex, (uint64_t)word, FUTEX_WAKE_PRIVATE, 1);
}

#endif
