/* SPDX-License-Identifier: Apache-2.0 */
/* Sections: a loop over their numbers, which gcc counts from 1; 0: none is left. */
#include <stdint.h>

#include "entry.h"
#include "message.h"
#include "team.h"

static struct work work_of(unsigned int count)
{
	return (struct work){.count = count, .schedule = SCHEDULE_DYNAMIC};
}

ENTRY(unsigned int, GOMP_sections_next, void)
{
	struct member *member = team_self();

	return work_next(member) ? (unsigned int)member->first + 1 : 0;
}

ENTRY(unsigned int, GOMP_sections_start, unsigned int count)
{
	struct work work = work_of(count);

	share_enter(team_self(), &work);
	return GOMP_sections_next();
}

ENTRY(unsigned int, GOMP_sections2_start, unsigned int count, uintptr_t *reductions, void **memory)
{
	if (reductions)
		message_refuse("sections with reduction(task, ...)");
	if (memory)
		message_refuse("sections with lastprivate(conditional: ...)");
	return GOMP_sections_start(count);
}

ENTRY(void, GOMP_parallel_sections, void (*function)(void *), void *data, unsigned int threads, unsigned int count,
      unsigned int flags)
{
	struct work work = work_of(count);

	(void)flags;
	team_run(function, data, threads, &work);
}

ENTRY(void, GOMP_sections_end_nowait, void)
{
	share_leave(team_self());
}

ENTRY(void, GOMP_sections_end, void)
{
	struct member *member = team_self();

	share_leave(member);
	team_barrier(member);
}

ENTRY(bool, GOMP_sections_end_cancel, void)
{
	GOMP_sections_end();
	return false;
}
