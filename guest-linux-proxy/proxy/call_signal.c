/* SPDX-License-Identifier: Apache-2.0 */
#include "calls.h"

#include "delivery.h"
#include "memory.h"
#include "raw.h"
#include "signal.h"

#include <stdatomic.h>
#include <sys/syscall.h>

int64_t call_sigaction(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)server;
	(void)nr;
	return signal_change_action((int)arg[0], arg[1], arg[2], arg[3]);
}

int64_t call_sigprocmask(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)nr;
	return delivery_change_mask(server, (int)arg[0], arg[1], arg[2], arg[3]);
}

int64_t call_sigaltstack(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)nr;
	return delivery_alternate_stack(server, arg[0], arg[1], hvm_load_relaxed(&server->slot->regs.rsp));
}

/* Where a call that waits with a mask of its own has it: the mask's address and size. */
static bool find_mask(uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS], uint64_t where[2])
{
	int at = nr == SYS_rt_sigsuspend ? 0 : nr == SYS_ppoll ? 3 : 4; /* epoll_pwait and epoll_pwait2: 4 */

	if (nr == SYS_pselect6)
		return arg[5] && memory_read(arg[5], where, 2 * sizeof(*where));
	where[0] = arg[at];
	where[1] = arg[at + 1];
	return true;
}

/* Linux puts the mask in force while it waits; whoever takes a signal meanwhile must know it. */
int64_t call_with_mask(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	struct signal_state *signals = &server->signals;
	uint64_t where[2], mask;
	int64_t result;

	if (!find_mask(nr, arg, where) || !where[0] || where[1] != sizeof(mask) ||
	    !memory_read(where[0], &mask, sizeof(mask)))
		return raw_call(nr, arg); /* without one, or Linux tells what is wrong with it */
	signals->call_mask = mask & ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
	atomic_signal_fence(memory_order_seq_cst);
	signals->in_call = true;
	result = raw_call(nr, arg);
	signals->in_call = false;
	return result;
}
