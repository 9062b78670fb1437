/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signal handlers on HRT threads. Linux keeps the process's signals and gives them to the thread's server, which raises
 * slot->signal; on its way back to the program the thread asks for them one by one (HVM_NR_SIGNAL), saves the program's
 * state on its stack as Linux does (struct rt_sigframe, arch/x86/include/asm/sigframe.h), and enters the handler.
 */
#ifndef HRT_SIGNAL_H
#define HRT_SIGNAL_H

#include "thread.h"

#include <hvm/signal.h>

/** True if the thread must call something before its program goes on. */
static inline bool signal_waits(const struct thread *thread)
{
	return (hvm_load_acquire(&thread->slot->signal) | hvm_load_acquire(&thread->upcall.function)) != 0;
}

/** True if @result, of a system call or a wait, is one that the program must not see (hvm/signal.h). */
static inline bool signal_is_restart(int64_t result)
{
	return result <= -HVM_RESTART && result >= -HVM_RESTART_NO_HANDLER;
}

/** True if the thread may not simply go back to its program with @result of a system call. */
static inline bool signal_concerns(const struct thread *thread, int64_t result)
{
	return signal_waits(thread) | signal_is_restart(result); /* no branch between */
}

/**
 * After a system call that the program made with @entry: returns @result, if the program is to see that; else does not
 * return. Interrupts are off.
 */
int64_t signal_after_call(struct thread *thread, const struct hvm_regs *entry, int64_t result);

/** Change @regs, with which the program was interrupted, to enter the handlers of what waits. Interrupts are off. */
void signal_deliver(struct thread *thread, struct hvm_regs *regs);

/** Before a thread's first instruction. Interrupts are off. */
void signal_begin(struct thread *thread, struct hvm_regs *regs);

/** Before a thread's end: signals are for others from now on. */
void signal_end(struct thread *thread);

/** rt_sigreturn(2), rt_sigprocmask(2). */
_Noreturn void signal_return(struct thread *thread, const struct hvm_regs *entry);
int64_t signal_change_mask(struct thread *thread, const struct hvm_regs *entry);

#endif
