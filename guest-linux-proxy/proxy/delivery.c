/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery.h"

#include "memory.h"
#include "raw.h"

#include <errno.h>
#include <string.h>

#define ALT_MINIMUM 2048 /* MINSIGSTKSZ of the kernel's uapi */
#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif
#define UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

_Static_assert(sizeof(siginfo_t) == HVM_SIGNAL_INFO, "siginfo_t has another size");

static bool is_on(const stack_t *stack, uint64_t rsp)
{
	return !(stack->ss_flags & (int)SS_AUTODISARM) && rsp > (uint64_t)stack->ss_sp &&
	       rsp - (uint64_t)stack->ss_sp <= stack->ss_size;
}

/* As sigaltstack(2) tells it. */
static unsigned int flags_of(const stack_t *stack, uint64_t rsp)
{
	unsigned int kept = (unsigned int)stack->ss_flags & SS_AUTODISARM;

	if (stack->ss_size == 0)
		return kept | SS_DISABLE;
	return kept | (is_on(stack, rsp) ? SS_ONSTACK : 0);
}

/* Where the frame goes: the stack's top, or 0 to go on below @rsp. */
static uint64_t choose_stack(struct server *server, uint64_t flags, uint64_t rsp)
{
	stack_t *stack = &server->signals.alternate_stack;
	uint64_t top = (uint64_t)stack->ss_sp + stack->ss_size;

	if (!(flags & SA_ONSTACK) || stack->ss_size == 0 || is_on(stack, rsp))
		return 0;
	if (stack->ss_flags & (int)SS_AUTODISARM)
		*stack = (stack_t){.ss_flags = SS_DISABLE};
	return top;
}

/* The thread's mask while the signal was taken, and while its handler runs. */
static void describe(struct server *server, const struct signal_taken *taken, const struct signal_action *action,
		     uint64_t rsp)
{
	uint64_t mask = hvm_load_relaxed(&server->slot->signal_mask);
	uint64_t during = (taken->in_call ? taken->call_mask : mask) | action->mask;
	const stack_t stack = server->signals.alternate_stack;

	if (!(action->flags & SA_NODEFER))
		during |= SIGNAL_BIT(taken->number);
	server->signals.told = (struct hvm_signal){
	    .handler = action->handler,
	    .flags = action->flags,
	    .restorer = action->restorer,
	    .mask = mask,
	    .alternate_base = (uint64_t)stack.ss_sp,
	    .alternate_flags = flags_of(&stack, rsp),
	    .alternate_size = stack.ss_size,
	    .number = (uint32_t)taken->number,
	};
	memcpy(server->signals.told.info, &taken->info, sizeof(server->signals.told.info));
	server->signals.told.stack = choose_stack(server, action->flags, rsp);
	hvm_store_relaxed(&server->slot->signal_mask, during & ~UNBLOCKABLE);
}

/* What Linux gave; it gives the next one when its mask is opened again. */
static bool take_arrived(struct server *server, struct signal_taken *taken)
{
	struct signal_taken *arrived = &server->signals.arrived;
	bool blocked = !arrived->in_call && hvm_load_relaxed(&server->slot->signal_mask) & SIGNAL_BIT(arrived->number);
	bool wanted = !blocked && signal_has_handler(arrived->number); /* still */

	*taken = *arrived;
	if (!wanted)
		signal_put_back(server);
	arrived->number = 0;
	raw_held = 0;
	return wanted;
}

static bool take(struct server *server, struct signal_taken *taken)
{
	struct signal_taken *caused = &server->signals.caused;

	if (caused->number) {
		*taken = *caused;
		caused->number = 0;
		if (server->signals.arrived.number)
			hvm_store_relaxed(&server->slot->signal, 1); /* it comes next */
		return true;
	}
	return server->signals.arrived.number && take_arrived(server, taken);
}

int64_t delivery_next(struct server *server, uint64_t rsp)
{
	struct signal_state *signals = &server->signals;
	struct signal_taken taken;
	bool found;

	hvm_store_relaxed(&server->slot->signal, 0);
	found = take(server, &taken);
	if (found) {
		struct signal_action action = signal_take_action(taken.number);

		describe(server, &taken, &action, rsp);
	}
	if (!signals->arrived.number)
		signal_set_linux_mask(signals->blocked); /* it may have been closed; the next may arrive now */
	return found ? (int64_t)&signals->told : 0;
}

bool delivery_force(struct server *server, int signal, int code, uint64_t address)
{
	struct signal_taken *caused = &server->signals.caused;

	if (!signal_has_handler(signal) || hvm_load_relaxed(&server->slot->signal_mask) & SIGNAL_BIT(signal))
		return false;
	*caused = (struct signal_taken){.number = signal};
	caused->info.si_signo = signal;
	caused->info.si_code = code;
	caused->info.si_addr = (void *)address;
	hvm_store_relaxed(&server->slot->signal, 1);
	return true;
}

static int64_t set_alternate_stack(struct server *server, stack_t wanted, uint64_t rsp)
{
	unsigned int mode = (unsigned int)wanted.ss_flags & ~SS_AUTODISARM;

	if (is_on(&server->signals.alternate_stack, rsp))
		return -EPERM;
	if (mode != 0 && mode != SS_DISABLE && mode != SS_ONSTACK)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		wanted.ss_sp = NULL;
		wanted.ss_size = 0;
	} else if (wanted.ss_size < ALT_MINIMUM) {
		return -ENOMEM;
	}
	server->signals.alternate_stack = wanted;
	return 0;
}

int64_t delivery_alternate_stack(struct server *server, uint64_t new_stack, uint64_t old_stack, uint64_t rsp)
{
	stack_t before = server->signals.alternate_stack;
	stack_t wanted;

	before.ss_flags = (int)flags_of(&before, rsp);
	if (new_stack) {
		int64_t err;

		if (!memory_read(new_stack, &wanted, sizeof(wanted)))
			return -EFAULT;
		err = set_alternate_stack(server, wanted, rsp);
		if (err)
			return err;
	}
	if (old_stack && !memory_write(old_stack, &before, sizeof(before)))
		return -EFAULT;
	return 0;
}

int64_t delivery_change_mask(struct server *server, int how, uint64_t new_mask, uint64_t old_mask, uint64_t size)
{
	uint64_t mask = hvm_load_relaxed(&server->slot->signal_mask), set;

	if (size != sizeof(mask))
		return -EINVAL;
	if (new_mask) {
		if (!memory_read(new_mask, &set, sizeof(set)))
			return -EFAULT;
		switch (how) {
		case SIG_BLOCK:
			set = mask | set;
			break;
		case SIG_UNBLOCK:
			set = mask & ~set;
			break;
		case SIG_SETMASK:
			break;
		default:
			return -EINVAL;
		}
		hvm_store_relaxed(&server->slot->signal_mask, set & ~UNBLOCKABLE);
		signal_synchronise(server);
	}
	return old_mask && !memory_write(old_mask, &mask, sizeof(mask)) ? -EFAULT : 0;
}

void delivery_reset(struct server *server)
{
	server->signals.alternate_stack = (stack_t){.ss_flags = SS_DISABLE};
	server->signals.caused.number = 0;
}
