/* SPDX-License-Identifier: Apache-2.0 */
#include "team.h"

struct work work_signed(long start, long end, long step)
{
	struct work work = {.start = (uint64_t)start, .end = (uint64_t)end, .step = (uint64_t)step};

	if (step > 0 && start < end)
		work.count = (work.end - work.start - 1) / work.step + 1;
	if (step < 0 && start > end)
		work.count = (work.start - work.end - 1) / -work.step + 1;
	return work;
}

struct work work_unsigned(bool up, uint64_t start, uint64_t end, uint64_t step)
{
	struct work work = {.start = start, .end = end, .step = step};

	if (up && start < end)
		work.count = (end - start - 1) / step + 1;
	if (!up && start > end)
		work.count = (start - end - 1) / -step + 1;
	return work;
}

void work_bounds(const struct member *member, uint64_t *start, uint64_t *end)
{
	const struct work *work = &member->share->work;
	uint64_t beyond = member->first + member->count;

	*start = work->start + member->first * work->step;
	*end = beyond == work->count ? work->end : work->start + beyond * work->step;
}

/* Equal parts in the order of the ranks, the first ones one longer: as gcc divides schedule(static) itself. */
static bool take_part(struct member *member, const struct work *work)
{
	uint64_t width = member->team->width, part = work->count / width, longer = work->count % width;

	if (member->round++)
		return false;
	member->first = member->rank * part + (member->rank < longer ? member->rank : longer);
	member->count = part + (member->rank < longer);
	return member->count;
}

static bool take_static(struct member *member, const struct work *work)
{
	uint64_t chunks;

	if (!work->chunk)
		return take_part(member, work);
	chunks = work->count / work->chunk + (work->count % work->chunk != 0);
	if (member->rank >= chunks || member->round > (chunks - 1 - member->rank) / member->team->width)
		return false;
	member->first = (member->round++ * member->team->width + member->rank) * work->chunk;
	member->count = work->count - member->first < work->chunk ? work->count - member->first : work->chunk;
	return true;
}

/* Polychronopoulos and Kuck 1987: of what is left, one part for each member. */
static uint64_t size_of(const struct work *work, uint64_t left, uint32_t width)
{
	uint64_t chunk = work->chunk ? work->chunk : 1, size = chunk;

	if (work->schedule == SCHEDULE_GUIDED && left / width >= chunk)
		size = left / width + (left % width != 0);
	return size < left ? size : left;
}

static bool take_next(struct member *member, struct share *share)
{
	const struct work *work = &share->work;
	uint64_t first = __atomic_load_n(&share->next, __ATOMIC_RELAXED), size;

	do {
		if (first >= work->count)
			return false;
		size = size_of(work, work->count - first, member->team->width);
	} while (
	    !__atomic_compare_exchange_n(&share->next, &first, first + size, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	member->first = first;
	member->count = size;
	return true;
}

void work_wait_turn(const struct member *member)
{
	const struct share *share = member->share;

	if (!share || !share->work.ordered || !member->count)
		return;
	while (__atomic_load_n(&share->turn, __ATOMIC_ACQUIRE) != member->first)
		gang_relax();
}

/* The pieces that the member had are done. */
static void pass_turn(struct member *member)
{
	work_wait_turn(member);
	__atomic_store_n(&member->share->turn, member->first + member->count, __ATOMIC_RELEASE);
}

bool work_next(struct member *member)
{
	struct share *share = member->share;
	bool more;

	if (share->work.ordered && member->count)
		pass_turn(member);
	if (share->work.schedule == SCHEDULE_STATIC || share->work.schedule == SCHEDULE_AUTO)
		more = take_static(member, &share->work);
	else
		more = take_next(member, share);
	if (!more)
		member->count = 0;
	return more;
}
