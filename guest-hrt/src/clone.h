/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads of a program come and go (clone(2), clone3(2), exit(2), set_tid_address(2), robust futexes) without Linux,
 * but for a server when none is left over. New processes are Linux's.
 */
#ifndef HRT_CLONE_H
#define HRT_CLONE_H

#include "thread.h"

/* The system calls. Interrupts are off. */
int64_t clone_call(struct thread *thread, const struct hvm_regs *regs);
int64_t clone3_call(struct thread *thread, const struct hvm_regs *regs);
int64_t clone_set_tid_address(struct thread *thread, const struct hvm_regs *regs);
int64_t clone_exit(struct thread *thread, const struct hvm_regs *regs);

#endif
