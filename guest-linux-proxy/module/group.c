// SPDX-License-Identifier: GPL-2.0-only
#include <linux/slab.h>

#include "hvm.h"

/* Cores for @group, or -EAGAIN. part->lock is held. */
static int claim_cores(struct hvm_group *group, unsigned int count)
{
	struct hvm_part *part = group->part;
	unsigned long flags;
	int err = 0;

	spin_lock_irqsave(&part->owner_lock, flags);
	for (unsigned int i = 0; i < part->core_count && group->core_count < count; i++) {
		if (part->core_owner[i])
			continue;
		part->core_owner[i] = group;
		group->core[group->core_count++] = i;
	}
	if (group->core_count < count) {
		for (unsigned int i = 0; i < group->core_count; i++)
			part->core_owner[group->core[i]] = NULL;
		err = -EAGAIN;
	}
	spin_unlock_irqrestore(&part->owner_lock, flags);
	return err;
}

/* Once; part->lock or group->lock is held. */
void hvm_group_release_cores(struct hvm_group *group)
{
	struct hvm_part *part = group->part;
	unsigned long flags;

	if (group->over)
		return;
	spin_lock_irqsave(&part->owner_lock, flags);
	for (unsigned int i = 0; i < group->core_count; i++)
		part->core_owner[group->core[i]] = NULL;
	spin_unlock_irqrestore(&part->owner_lock, flags);
	WRITE_ONCE(group->over, true);
}

/* A core that was stopped by force is started again before anyone gets it. */
static int revive_cores(struct hvm_group *group)
{
	int err = 0;

	for (unsigned int i = 0; i < group->core_count && !err; i++)
		if (READ_ONCE(group->part->cores[group->core[i]].state) == HVM_CORE_OFF)
			err = hvm_core_revive(group->part, group->core[i]);
	return err;
}

/* part->lock is held. */
struct hvm_group *hvm_group_create(struct hvm_part *part, unsigned int cores)
{
	struct hvm_group *group = kzalloc(sizeof(*group), GFP_KERNEL);
	int err;

	if (!group)
		return ERR_PTR(-ENOMEM);
	group->part = part;
	group->number = ++part->group_sequence;
	mutex_init(&group->lock);
	INIT_LIST_HEAD(&group->jobs);
	err = claim_cores(group, cores);
	if (err)
		goto free;
	err = revive_cores(group);
	if (err) {
		hvm_part_set_state(part, HVM_FAILED);
		hvm_group_release_cores(group);
		goto free;
	}
	return group;
free:
	hvm_group_free(group);
	return ERR_PTR(err);
}

void hvm_group_free(struct hvm_group *group)
{
	kfree(group);
}

/*
 * @job shares the cores with @other, or takes its place if that one has ended and was kept; without @other it is the
 * first and the owner. part->lock is held.
 */
void hvm_group_add(struct hvm_group *group, struct hvm_job *job, struct hvm_job *other)
{
	mutex_lock(&group->lock);
	if (!other || (other->keep && other->ended && group->owner == other))
		group->owner = job;
	if (other && other->ended)
		other->keep = false;
	list_add_tail(&job->member, &group->jobs);
	mutex_unlock(&group->lock);
}

/* @job has ended and is gone; the last one takes the group with it. part->lock is held. */
void hvm_group_remove(struct hvm_group *group, struct hvm_job *job)
{
	bool last;

	mutex_lock(&group->lock);
	list_del(&job->member);
	if (group->owner == job)
		group->owner = NULL;
	last = list_empty(&group->jobs);
	mutex_unlock(&group->lock);
	if (last && group->part->pool == group)
		group->part->pool = NULL;
	if (last)
		hvm_group_free(group);
}

static void forget_threads(struct hvm_job *job, int core)
{
	for (unsigned int i = 0; i < job->slot_count; i++)
		if (core < 0 || job->slot[i].core == core)
			job->slot[i].core = -1;
}

/* All cores that run threads of the group leave @what before this returns. */
static void leave(struct hvm_group *group, u64 what)
{
	struct hvm_part *part = group->part;
	unsigned int i;

	for (i = 0; i < group->core_count; i++)
		if (group->core_busy[i])
			hvm_core_stop_ask(part, group->core[i], what);
	for (i = 0; i < group->core_count; i++)
		if (group->core_busy[i])
			hvm_core_stop_await(part, group->core[i]);
	for (i = 0; i < group->core_count; i++)
		if (group->core_busy[i])
			hvm_core_stop_over(part, group->core[i]);
}

/* A core with a thread of its own, of a job that has not joined. group->lock is held. */
void hvm_group_stop_core(struct hvm_group *group, unsigned int core)
{
	struct hvm_job *job;

	if (!group->core_busy[core])
		return;
	hvm_core_stop_ask(group->part, group->core[core], HVM_STOP_GROUP);
	hvm_core_stop_await(group->part, group->core[core]);
	hvm_core_stop_over(group->part, group->core[core]);
	group->core_busy[core] = false;
	list_for_each_entry(job, &group->jobs, member) forget_threads(job, (int)core);
}

static bool others_run(struct hvm_group *group, const struct hvm_job *job)
{
	struct hvm_job *other;

	list_for_each_entry(other, &group->jobs,
			    member) if (other != job && other->joined && !other->ended) return true;
	return false;
}

/* The threads of @job leave all cores, and the cores their group if nobody else runs there. group->lock is held. */
void hvm_group_stop_job(struct hvm_group *group, struct hvm_job *job)
{
	if (!group->joined) {
		for (unsigned int i = 0; i < group->core_count; i++)
			hvm_group_stop_core(group, i);
	} else if (job->joined) {
		bool last = !others_run(group, job);

		leave(group, last ? HVM_STOP_GROUP : job->top_phys);
		if (last) {
			memset(group->core_busy, 0, sizeof(group->core_busy));
			group->joined = false;
		}
	}
	forget_threads(job, -1);
	job->joined = false;
}
