/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What serving a job took: how often each system call came and how long it was in Linux, and what the HRT counted. Each
 * server counts for itself; the sums are made at the end.
 */
#ifndef PROXY_STATS_H
#define PROXY_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "job.h"

#define STATS_NUMBERS	 512 /* system calls that are told apart; the last counts all higher ones */
#define STATS_PAGE_FAULT STATS_NUMBERS
#define STATS_REQUEST	 (STATS_NUMBERS + 1) /* the aerokernel's own: signals, servers, clocks */
#define STATS_COUNTERS	 (STATS_NUMBERS + 2)

struct stats {
	uint64_t count[STATS_COUNTERS];
	uint64_t cycles[STATS_COUNTERS]; /* TSC */
};

/** Whether calls are counted one by one (--stats). Set before the first server is made. */
extern bool stats_enabled;

/** Counters for a server; NULL if calls are not counted, or there is no memory for it. */
struct stats *stats_new(void);

static inline unsigned int stats_index(uint32_t nr)
{
	if (nr == HVM_NR_PAGE_FAULT)
		return STATS_PAGE_FAULT;
	if (nr >= HVM_NR_FIRST_SPECIAL)
		return STATS_REQUEST;
	return nr < STATS_NUMBERS ? nr : STATS_NUMBERS - 1;
}

/** Count a request before it is served: some do not return. What to pass to stats_end. */
static inline uint64_t stats_begin(struct stats *stats, uint32_t nr)
{
	hvm_store_relaxed(&stats->count[stats_index(nr)], stats->count[stats_index(nr)] + 1);
	return __builtin_ia32_rdtsc();
}

static inline void stats_end(struct stats *stats, uint32_t nr, uint64_t start)
{
	uint64_t *cycles = &stats->cycles[stats_index(nr)];

	hvm_store_relaxed(cycles, *cycles + __builtin_ia32_rdtsc() - start);
}

/** Report the `stats-call` lines, if calls are counted, and the `stats` line. Safe in a signal handler. */
void stats_report(const struct job *job);

#endif
