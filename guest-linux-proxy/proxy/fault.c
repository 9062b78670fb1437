/* SPDX-License-Identifier: Apache-2.0 */
#include "fault.h"

#include "death.h"
#include "delivery.h"

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

static bool is_in_guard(const struct stack *stack, uint64_t address)
{
	return address < stack->low && address >= stack->low - STACK_GUARD;
}

/* A large frame may jump over the guard: what lies below it counts if the stack pointer went there, too. */
bool fault_is_stack_overflow(const struct stack *stack, uint64_t address, uint64_t rsp)
{
	bool beyond = rsp < stack->low && rsp >= stack->low - 2 * STACK_GUARD;

	return is_in_guard(stack, address) || (beyond && address < stack->low && address + STACK_GUARD >= rsp);
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

static int64_t signal_access(struct server *server, int signal, int code, const uint64_t arg[HVM_SLOT_ARGS])
{
	if (!delivery_force(server, signal, code, arg[0]))
		die_of_access(server, signal, arg[0], arg[1], NULL);
	return 0;
}

int64_t fault_page(struct server *server, const uint64_t arg[HVM_SLOT_ARGS])
{
	int err = device_fault(server->job->fd, arg[0], arg[1]);

	switch (err) {
	case 0:
	case -EINTR: /* a signal: its handler has run or will; the access faults again if it still must */
		return 0;
	case -ENOMEM:
		die_of_access(server, SIGKILL, arg[0], arg[1], "out-of-memory");
	case -ESHUTDOWN:
		death_of_thread(server, DEATH_PARTITION);
	}
	if (arg[3])
		return -EFAULT;
	if (err == -EIO)
		return signal_access(server, SIGBUS, BUS_ADRERR, arg);
	if (err == -EACCES && !is_in_guard(&server->job->program->stack, arg[0])) /* Linux maps no guard */
		return signal_access(server, SIGSEGV, SEGV_ACCERR, arg);
	return signal_access(server, SIGSEGV, SEGV_MAPERR, arg);
}

/* fpu__exception_code of arch/x86/kernel/fpu/core.c. */
static int float_code(uint64_t unmasked)
{
	if (unmasked & 0x01)
		return FPE_FLTINV;
	if (unmasked & 0x04)
		return FPE_FLTDIV;
	if (unmasked & 0x08)
		return FPE_FLTOVF;
	if (unmasked & 0x12)
		return FPE_FLTUND;
	if (unmasked & 0x20)
		return FPE_FLTRES;
	return SI_KERNEL;
}

int fault_code(uint64_t vector, uint64_t unmasked)
{
	switch (vector) {
	case 0:
		return FPE_INTDIV;
	case 1:
		return TRAP_TRACE;
	case 6:
		return ILL_ILLOPN;
	case VECTOR_PAGE_FAULT:
		return SEGV_MAPERR;
	case 16:
	case 19:
		return float_code(unmasked);
	case 17:
		return BUS_ADRALN;
	default:
		return SI_KERNEL;
	}
}

int64_t fault_exception(struct server *server, const uint64_t arg[HVM_SLOT_ARGS])
{
	uint64_t vector = arg[0];
	const struct death death = {
	    .signal = fault_signal(vector),
	    .has_vector = true,
	    .vector = vector,
	    .error = arg[1],
	};
	int code = fault_code(vector, arg[4]);
	uint64_t at = code == SI_KERNEL ? 0 : hvm_load_relaxed(&server->slot->regs.rip);

	if (!arg[3] && delivery_force(server, death.signal, code, vector == VECTOR_PAGE_FAULT ? arg[2] : at))
		return 0;
	if (vector == VECTOR_PAGE_FAULT)
		die_of_access(server, SIGSEGV, arg[2], arg[1], NULL);
	death_by_signal(server, &death);
}
