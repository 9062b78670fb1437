/* SPDX-License-Identifier: Apache-2.0 */
#include "fault.h"

#include "death.h"

#include <errno.h>
#include <signal.h>

#define VECTOR_PAGE_FAULT 14

int fault_signal(uint64_t vector)
{
	switch (vector) {
	case 0:	 /* #DE */
	case 16: /* #MF */
	case 19: /* #XM */
		return SIGFPE;
	case 1: /* #DB */
	case 3: /* #BP */
		return SIGTRAP;
	case 6: /* #UD */
		return SIGILL;
	case 11: /* #NP */
	case 12: /* #SS */
	case 17: /* #AC */
		return SIGBUS;
	default: /* #OF, #BR, #NM, #TS, #GP, #PF and what else may come */
		return SIGSEGV;
	}
}

/* A large frame may jump over the guard: what lies below it counts if the stack pointer went there, too. */
bool fault_is_stack_overflow(const struct stack *stack, uint64_t address, uint64_t rsp)
{
	bool in_guard = address < stack->low && address >= stack->low - STACK_GUARD;
	bool beyond = rsp < stack->low && rsp >= stack->low - 2 * STACK_GUARD;

	return in_guard || (beyond && address < stack->low && address + STACK_GUARD >= rsp);
}

static const char *note_for(const struct server *server, int signal, uint64_t address)
{
	uint64_t rsp = hvm_load_relaxed(&server->slot->regs.rsp);

	if (signal == SIGSEGV && fault_is_stack_overflow(&server->job->program->stack, address, rsp))
		return "stack-overflow";
	return NULL;
}

static _Noreturn void die_of_access(struct server *server, int signal, uint64_t address, uint64_t error,
				    const char *note)
{
	const struct death death = {
	    .signal = signal,
	    .has_address = true,
	    .address = address,
	    .has_vector = true,
	    .vector = VECTOR_PAGE_FAULT,
	    .error = error,
	    .note = note ? note : note_for(server, signal, address),
	};

	death_by_signal(server, &death);
}

int64_t fault_page(struct server *server, uint64_t address, uint64_t error)
{
	int err = device_fault(server->job->fd, address, error);

	switch (err) {
	case 0:
	case -EINTR: /* a signal: its handler has run or will; the access faults again if it still must */
		return 0;
	case -EIO:
		die_of_access(server, SIGBUS, address, error, NULL);
	case -ENOMEM:
		die_of_access(server, SIGKILL, address, error, "out-of-memory");
	case -ESHUTDOWN:
		death_of_thread(server, DEATH_PARTITION);
	default:
		die_of_access(server, SIGSEGV, address, error, NULL);
	}
}

_Noreturn void fault_exception(struct server *server, uint64_t vector, uint64_t error, uint64_t address)
{
	const struct death death = {
	    .signal = fault_signal(vector),
	    .has_vector = true,
	    .vector = vector,
	    .error = error,
	};

	if (vector == VECTOR_PAGE_FAULT)
		die_of_access(server, SIGSEGV, address, error, NULL);
	death_by_signal(server, &death);
}
