/* SPDX-License-Identifier: Apache-2.0 */
/* Parallel regions, barriers, cancellation. */
#include <stddef.h>

#include "entry.h"
#include "message.h"
#include "team.h"

ENTRY(void, GOMP_parallel, void (*function)(void *), void *data, unsigned int threads, unsigned int flags)
{
	(void)flags; /* proc_bind: rank r is on core r anyway */
	team_run(function, data, threads, NULL);
}

ENTRY(unsigned int, GOMP_parallel_reductions, void (*function)(void *), void *data, unsigned int threads,
      unsigned int flags)
{
	(void)function, (void)data, (void)threads, (void)flags;
	message_refuse("a region with reduction(task, ...)");
}

ENTRY(void, GOMP_barrier, void)
{
	team_barrier(team_self());
}

ENTRY(bool, GOMP_barrier_cancel, void)
{
	GOMP_barrier();
	return false;
}

/* Nothing is cancelled, as OMP_CANCELLATION=false says. */
ENTRY(bool, GOMP_cancel, int which, bool cancel)
{
	(void)which, (void)cancel;
	return false;
}

ENTRY(bool, GOMP_cancellation_point, int which)
{
	(void)which;
	return false;
}
