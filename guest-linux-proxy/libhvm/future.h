/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIBHVM_FUTURE_H
#define LIBHVM_FUTURE_H

#include "worker.h"

/*
 * hvm_future.state: 0 while it is on its way; then 1 + the slot behind which its waiters sleep, who put it there; then
 * this, by the last access that who runs it makes to it.
 */
#define FUTURE_DONE 0xffffffffu

/* Index in hvm_future.reserved. */
#define FUTURE_LIMIT 0 /* ns */

/** It is done: store what came of it and wake who sleeps for it. From an HRT core or from Linux. */
void future_complete(struct hvm_future *future, uint64_t result, int error);

/** The worker does not come to what is queued for it any more: -ESHUTDOWN. */
void future_fail_queued(struct worker *worker);

#endif
