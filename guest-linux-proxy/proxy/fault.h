/* SPDX-License-Identifier: Apache-2.0 */
/* Page faults and exceptions of HRT threads. */
#ifndef PROXY_FAULT_H
#define PROXY_FAULT_H

#include "job.h"

/**
 * HVM_NR_PAGE_FAULT with its arguments: resolve it as Linux would. 0: retry, or a signal's handler runs; -EFAULT: an
 * access of the aerokernel's own that cannot be. Otherwise the program dies of it, and this does not return.
 */
int64_t fault_page(struct server *server, const uint64_t arg[HVM_SLOT_ARGS]);

/** HVM_NR_EXCEPTION: 0 if a handler runs; else the program dies of the signal that Linux sends for it. */
int64_t fault_exception(struct server *server, const uint64_t arg[HVM_SLOT_ARGS]);

/** si_code for an exception vector; @unmasked: the floating-point exceptions of #MF and #XM, as in MXCSR. */
int fault_code(uint64_t vector, uint64_t unmasked);

/** The signal for an exception vector (Linux arch/x86/kernel/traps.c). */
int fault_signal(uint64_t vector);

/** True if a fault at @address with stack pointer @rsp means that the stack is used up. */
bool fault_is_stack_overflow(const struct stack *stack, uint64_t address, uint64_t rsp);

#endif
