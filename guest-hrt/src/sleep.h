/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeping for a time, and timeouts as programs give them. The clock that can be set, CLOCK_REALTIME, is Linux's. */
#ifndef HRT_SLEEP_H
#define HRT_SLEEP_H

#include "thread.h"

/** The system calls. Interrupts are off. */
int64_t sleep_nanosleep(struct thread *thread, const struct hvm_regs *regs);
int64_t sleep_clock_nanosleep(struct thread *thread, const struct hvm_regs *regs);

/**
 * The TSC at which the struct timespec at @address is over: a duration, or a time of CLOCK_MONOTONIC.
 * 0, -EFAULT or -EINVAL. May wait.
 */
int64_t sleep_deadline(struct thread *thread, uint64_t address, bool absolute, uint64_t *deadline);

#endif
