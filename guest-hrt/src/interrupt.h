/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts and exceptions: the vector table, and what each vector does. */
#ifndef HRT_INTERRUPT_H
#define HRT_INTERRUPT_H

#include <hvm/slot.h>

/** Fill the table that all cores share. Idempotent. */
void interrupt_table_init(void);

/** Load the table on this core. */
void interrupt_table_load(void);

/* Called from entry.S. */
/** True if the interrupted program does not simply go on: interrupt_leave must be called on the thread's stack. */
bool interrupt_handle(const struct hvm_regs *regs);
/** Give way to other threads, enter signal handlers: @regs, with which the program goes on, may change. */
void interrupt_leave(struct hvm_regs *regs);
void exception_from_program(struct hvm_regs *regs);
_Noreturn void exception_fatal(const struct hvm_regs *regs);

#endif
