/* SPDX-License-Identifier: Apache-2.0 */
#include "future.h"
#include "partition.h"

#include <hvm/gate.h>

void future_complete(struct hvm_future *future, uint64_t result, int error)
{
	uint32_t waiter;

	future->result = result;
	future->error = error;
	waiter = __atomic_exchange_n(&future->state, FUTURE_DONE, __ATOMIC_ACQ_REL);
	if (waiter && hvm_self)
		hvm_gate(HVM_GATE_NOTIFY, waiter - 1, 0, 0);
}
