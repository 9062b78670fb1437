/* SPDX-License-Identifier: Apache-2.0 */
#include "team.h"

#include <stddef.h>
#include <xmmintrin.h>

#include "environment.h"
#include "message.h"

#define SHARES 8

/* A team that is not more than its parent. */
struct solo {
	struct team team;
	struct member member;
	struct share share;
};

struct region {
	struct team team;
	void (*function)(void *);
	void *data;
	bool in_work;
	struct share shares[SHARES];
	struct member members[GANG_MAX];
};

static __thread struct member *self;
static __thread struct solo initial;

static void solo_begin(struct solo *solo, struct member *parent, const struct icv *icv)
{
	solo->team = (struct team){
	    .width = 1,
	    .level = parent ? parent->team->level + 1 : 0,
	    .active_level = parent ? parent->team->active_level : 0,
	    .parent = parent,
	    .shares = &solo->share,
	    .share_count = 1,
	};
	solo->share.state = 0;
	solo->member = (struct member){.team = &solo->team, .icv = *icv, .final = parent && parent->final};
}

struct member *team_self(void)
{
	if (!self) {
		solo_begin(&initial, NULL, &environment_get()->icv);
		self = &initial.member;
	}
	return self;
}

/* The construct that a combined region begins with: all are in it. */
static void open_first(struct share *share, const struct work *work)
{
	share->work = *work;
	share->next = share->turn = 0;
	share->copied = share->left = 0;
	share->state = SHARE_READY;
}

static void enter_first(struct member *member)
{
	member->constructs = 1;
	member->share = &member->team->shares[0];
}

static void run_alone(void (*function)(void *), void *data, const struct work *work)
{
	struct member *parent = team_self();
	struct solo solo;

	solo_begin(&solo, parent, &parent->icv);
	if (work) {
		open_first(&solo.share, work);
		enter_first(&solo.member);
	}
	self = &solo.member;
	function(data);
	self = parent;
}

static void run_member(void *argument, unsigned int rank)
{
	struct region *region = argument;
	struct member *member = &region->members[rank], *before = self;
	uint32_t mxcsr = _mm_getcsr();

	*member = (struct member){.team = &region->team, .rank = rank, .icv = region->team.parent->icv};
	if (region->in_work)
		enter_first(member);
	self = member;
	_mm_setcsr(region->team.mxcsr);
	region->function(region->data);
	_mm_setcsr(mxcsr);
	self = before;
}

static bool run_gang(struct member *parent, void (*function)(void *), void *data, unsigned int width,
		     const struct work *work)
{
	struct region region;

	region.team = (struct team){
	    .width = width,
	    .level = parent->team->level + 1,
	    .active_level = parent->team->active_level + 1,
	    .parent = parent,
	    .shares = region.shares,
	    .share_count = SHARES,
	    .mxcsr = _mm_getcsr() & ~0x3fu, /* without what happened so far */
	};
	for (uint32_t i = 0; i < SHARES; i++)
		region.shares[i].state = 4 * i + SHARE_FREE;
	if (work)
		open_first(&region.shares[0], work);
	region.function = function;
	region.data = data;
	region.in_work = work;
	return gang_run(run_member, &region, width);
}

static unsigned int width_of(const struct member *parent, unsigned int threads)
{
	unsigned int asked = threads ? threads : parent->icv.threads, cores;

	if (asked == 1 || parent->team->active_level >= parent->icv.levels || parent->team->active_level > 0)
		return 1;
	cores = gang_cores();
	if (asked > cores)
		message_once(MESSAGE_FEWER, "a region wants %u threads, %u can be had: it has these", asked, cores);
	return asked && asked < cores ? asked : cores;
}

void team_run(void (*function)(void *data), void *data, unsigned int threads, const struct work *work)
{
	struct member *parent = team_self();
	unsigned int width = width_of(parent, threads);

	if (width == 1 || !run_gang(parent, function, data, width, work))
		run_alone(function, data, work);
}

/* Hensgen, Finkel and Manber 1988: who comes last lets the others go, by a number that no two barriers share. */
void team_barrier(struct member *member)
{
	struct team *team = member->team;
	uint32_t number = __atomic_load_n(&team->barriers, __ATOMIC_RELAXED);

	if (team->width == 1)
		return;
	if (__atomic_add_fetch(&team->arrived, 1, __ATOMIC_ACQ_REL) == team->width) {
		__atomic_store_n(&team->arrived, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&team->barriers, number + 1, __ATOMIC_RELEASE);
		return;
	}
	while (__atomic_load_n(&team->barriers, __ATOMIC_ACQUIRE) == number)
		gang_relax();
}
