/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parallel region's team, its members, and the constructs that they share. Everything outside of regions, and a
 * region within a region, has a team of one.
 */
#ifndef TEAM_H
#define TEAM_H

#include <stdbool.h>
#include <stdint.h>

#include "gang.h"

#define LINE __attribute__((aligned(64)))

/** Internal control variables of a task (OpenMP 5.1, 2.4). */
struct icv {
	uint32_t threads;  /* of the next region; 0: all cores */
	uint32_t levels;   /* active ones that may nest */
	uint32_t schedule; /* of schedule(runtime): enum schedule, SCHEDULE_MONOTONIC */
	uint32_t chunk;
	bool dynamic;
};

enum schedule { SCHEDULE_RUNTIME, SCHEDULE_STATIC, SCHEDULE_DYNAMIC, SCHEDULE_GUIDED, SCHEDULE_AUTO };
#define SCHEDULE_MONOTONIC 0x80000000u

/** A loop, or the sections of a construct: @count pieces, numbered from 0. */
struct work {
	uint64_t count;
	uint64_t chunk;		/* 0: the schedule's own */
	enum schedule schedule; /* never SCHEDULE_RUNTIME */
	bool ordered;
	uint64_t start, end, step; /* piece n is start + n * step, whatever the sign */
};

/**
 * A construct that the members of a team share. Members may be at different ones (nowait): a team has several, which
 * its members use in turn.
 */
struct share {
	uint64_t state; /* 4 * number of the construct + SHARE_* */
	struct work work;
	uint64_t next LINE; /* piece to take */
	uint64_t turn LINE; /* ordered: the piece that may go on */
	void *copy;	    /* copyprivate, from the one that ran it ... */
	uint32_t copied;    /* ... which has */
	uint32_t left;	    /* members that need it no longer */
} LINE;

enum { SHARE_FREE, SHARE_TAKEN, SHARE_READY };

struct member;

struct team {
	uint32_t width;
	uint32_t level, active_level; /* regions around; those with more than one member */
	struct member *parent;	      /* who met the region; NULL: there is none */
	struct share *shares;
	uint32_t share_count;
	uint32_t mxcsr;		/* rounding and denormals, as the parent has them */
	uint32_t arrived LINE;	/* members at the barrier ... */
	uint32_t barriers LINE; /* ... of this number */
};

/** A member of a team: its implicit task. */
struct member {
	struct team *team;
	uint32_t rank;
	bool final;	       /* its explicit task is (omp_in_final) */
	uint64_t constructs;   /* shared ones that it has begun */
	struct share *share;   /* the last one */
	uint64_t first, count; /* pieces that it has now */
	uint64_t round;	       /* static schedules: chunks that it had */
	struct icv icv;
} LINE;

/** Who runs. */
struct member *team_self(void);

/**
 * A region: @function(@data) by a team of @threads members (0: as many as usual), fewer if there are fewer cores. With
 * @work they begin inside of that construct.
 */
void team_run(void (*function)(void *data), void *data, unsigned int threads, const struct work *work);

/** Wait until every member is here. */
void team_barrier(struct member *member);

/** The next construct; true for the member that is there first. */
bool share_enter(struct member *member, const struct work *work);
/** It is over for the member. */
void share_leave(struct member *member);

/** Take the next pieces into @member's first and count; false: none left for it. */
bool work_next(struct member *member);
/** Wait for the turn of @member's pieces; does nothing if the loop is not ordered. */
void work_wait_turn(const struct member *member);
/** A loop from @start to before @end, or down to after it. */
struct work work_signed(long start, long end, long step);
struct work work_unsigned(bool up, uint64_t start, uint64_t end, uint64_t step);
/** The pieces as the program counts them: from *@start to before *@end. */
void work_bounds(const struct member *member, uint64_t *start, uint64_t *end);

#endif
