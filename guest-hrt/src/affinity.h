/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which cores of its job a thread may run on, numbered from 0 as getcpu(2) tells them (sched_setaffinity(2)), and the
 * barrier on all of them (membarrier(2)).
 */
#ifndef HRT_AFFINITY_H
#define HRT_AFFINITY_H

#include "thread.h"

/** The system calls. Interrupts are off. */
int64_t affinity_getcpu(struct thread *thread, const struct hvm_regs *regs);
int64_t affinity_get(struct thread *thread, const struct hvm_regs *regs);
int64_t affinity_set(struct thread *thread, const struct hvm_regs *regs);
int64_t affinity_membarrier(struct thread *thread, const struct hvm_regs *regs);

#endif
