/* SPDX-License-Identifier: Apache-2.0 */
/* Page faults and exceptions of HRT threads. */
#ifndef PROXY_FAULT_H
#define PROXY_FAULT_H

#include "job.h"

/** Resolve a page fault as Linux would. Returns 0 (retry the access) or does not return: the program dies of it. */
int64_t fault_page(struct server *server, uint64_t address, uint64_t error);

/** The program caused an exception: it dies of the signal that Linux sends for it. */
_Noreturn void fault_exception(struct server *server, uint64_t vector, uint64_t error, uint64_t address);

/** The signal for an exception vector (Linux arch/x86/kernel/traps.c). */
int fault_signal(uint64_t vector);

/** True if a fault at @address with stack pointer @rsp means that the stack is used up. */
bool fault_is_stack_overflow(const struct stack *stack, uint64_t address, uint64_t rsp);

#endif
