/* SPDX-License-Identifier: Apache-2.0 */
/* System calls of HRT programs: which the kernel answers itself; the rest goes to the proxy. */
#ifndef HRT_SYSCALL_H
#define HRT_SYSCALL_H

#include "thread.h"

/** Point SYSCALL of this core to the kernel. */
void syscall_init(void);

/** Give each call that the kernel answers a counter (hvm_partition.counted). Every core does, to the same end. */
void syscall_count_init(void);

/** Entered from entry.S, interrupts are off; goes back to the program, and what it returns is found in rax. */
int64_t syscall_handle(const struct hvm_regs *regs);
int64_t syscall_handle_user(const struct hvm_regs *regs); /* from ring 3 */

/** Let the proxy make the call (forward.c). Interrupts are off, and on for moments. */
int64_t syscall_forward(struct thread *thread, const struct hvm_regs *regs);

/**
 * After an answer: if the server gives the thread to a child process (vfork) or back, the program's registers in the
 * frame @regs become those in the slot. True if they did.
 */
bool syscall_resume(struct thread *thread, const struct hvm_regs *regs);

#endif
