/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New processes are Linux's; what they begin with of an HRT thread is kept here. A child of vfork borrows its parent's
 * thread: the same thread goes on for the child, and is given back, with the parent's registers, at its exec or exit.
 */
#ifndef HRT_PROCESS_H
#define HRT_PROCESS_H

#include "thread.h"

/** fork, vfork, and clone of what is no thread. Interrupts are off. */
int64_t process_call(struct thread *thread, const struct hvm_regs *regs);

/**
 * After an answer: if the server gives the thread to a child process or back, the program's registers in the frame
 * @regs become those in the slot. True if they did.
 */
bool process_resume(struct thread *thread, const struct hvm_regs *regs);

#endif
