/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fast user-space locking among HRT threads (futex(2)). Waits without a timeout on private futexes stay in the HRT, and
 * so do their wakes. All others are Linux's, in the thread's proxy; a wake looks in both places while somebody waits
 * there.
 */
#ifndef HRT_FUTEX_H
#define HRT_FUTEX_H

#include "thread.h"

/** Forget what the last job with the space of @thread left; before its first thread runs. */
void futex_begin(const struct thread *thread);

/** The system call. Interrupts are off. */
int64_t futex_call(struct thread *thread, const struct hvm_regs *regs);

#endif
