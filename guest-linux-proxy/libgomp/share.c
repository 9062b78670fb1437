/* SPDX-License-Identifier: Apache-2.0 */
#include "team.h"

#include <stddef.h>

static bool take(struct share *share, uint64_t number, const struct work *work)
{
	uint64_t state = 4 * number + SHARE_FREE;

	if (!__atomic_compare_exchange_n(&share->state, &state, 4 * number + SHARE_TAKEN, false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED))
		return false;
	if (work)
		share->work = *work;
	share->next = share->turn = 0;
	share->copied = share->left = 0;
	__atomic_store_n(&share->state, 4 * number + SHARE_READY, __ATOMIC_RELEASE);
	return true;
}

bool share_enter(struct member *member, const struct work *work)
{
	struct team *team = member->team;
	uint64_t number = member->constructs++;
	struct share *share = &team->shares[number % team->share_count];

	member->share = share;
	member->first = member->count = member->round = 0;
	for (;;) {
		uint64_t state = __atomic_load_n(&share->state, __ATOMIC_ACQUIRE);

		if (state == 4 * number + SHARE_READY)
			return false;
		if (state == 4 * number + SHARE_FREE && take(share, number, work))
			return true;
		gang_relax(); /* another one sets it up, or is still at an earlier construct */
	}
}

void share_leave(struct member *member)
{
	struct share *share = member->share;
	uint64_t number = member->constructs - 1;

	member->share = NULL;
	if (__atomic_add_fetch(&share->left, 1, __ATOMIC_ACQ_REL) == member->team->width)
		__atomic_store_n(&share->state, 4 * (number + member->team->share_count) + SHARE_FREE,
				 __ATOMIC_RELEASE);
}
