/* SPDX-License-Identifier: Apache-2.0 */
#include "calls.h"

#include "signal.h"

int64_t call_sigaction(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)server;
	(void)nr;
	return signal_action((int)arg[0], arg[1], arg[2], arg[3]);
}

int64_t call_sigaltstack(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)nr;
	return signal_alternate_stack(server, arg[0], arg[1]);
}
