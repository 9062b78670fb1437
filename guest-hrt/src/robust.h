/* SPDX-License-Identifier: Apache-2.0 */
/* Robust futexes: those that a thread holds at its end are marked and their waiters woken (get_robust_list(2)). */
#ifndef HRT_ROBUST_H
#define HRT_ROBUST_H

#include "thread.h"

/** The system calls. Interrupts are off. */
int64_t robust_set_list(struct thread *thread, const struct hvm_regs *regs);
int64_t robust_get_list(struct thread *thread, const struct hvm_regs *regs);

/** Release what @thread holds: it ends. On its kernel stack, interrupts are off. */
void robust_release(struct thread *thread);

#endif
