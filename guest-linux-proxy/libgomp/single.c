/* SPDX-License-Identifier: Apache-2.0 */
/* What one member does: the first that comes. */
#include <stddef.h>

#include "entry.h"
#include "message.h"
#include "team.h"

/* True for who is to do it. Barriers are in gcc's code. */
ENTRY(bool, GOMP_single_start, void)
{
	struct member *member = team_self();
	bool first = share_enter(member, NULL);

	share_leave(member);
	return first;
}

/* With copyprivate: NULL for who is to do it; the others get what it had to tell. */
ENTRY(void *, GOMP_single_copy_start, void)
{
	struct member *member = team_self();
	struct share *share;
	void *copy;

	if (share_enter(member, NULL))
		return NULL;
	share = member->share;
	while (!__atomic_load_n(&share->copied, __ATOMIC_ACQUIRE))
		gang_relax();
	copy = share->copy;
	share_leave(member);
	return copy;
}

ENTRY(void, GOMP_single_copy_end, void *data)
{
	struct member *member = team_self();

	member->share->copy = data;
	__atomic_store_n(&member->share->copied, 1, __ATOMIC_RELEASE);
	share_leave(member);
}

/* A scope construct, which calls this only for reductions of tasks. */
ENTRY(void, GOMP_scope_start, void *reductions)
{
	(void)reductions;
	message_refuse("a scope with reduction(task, ...)");
}
