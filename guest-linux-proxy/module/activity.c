// SPDX-License-Identifier: GPL-2.0-only
#include <linux/string.h>

#include "hvm.h"

/*
 * What partitions do, told without asking their cores: each counter has one writer, and is read where that keeps it.
 * The slots of live jobs are summed at each look, those of jobs that are gone once, when they give their slots back.
 */

void hvm_activity_add(struct hvm_activity *sum, const struct hvm_job *job)
{
	unsigned int first = job->first_page * HVM_SLOTS_PER_PAGE;

	sum->jobs++;
	for (unsigned int i = first; i < first + job->slot_count; i++) {
		const struct hvm_slot_stats *stats = &job->part->slots[i].stats;

		sum->calls_local += READ_ONCE(stats->calls_local);
		sum->calls_forwarded += READ_ONCE(stats->calls_forwarded);
		sum->page_faults += READ_ONCE(stats->page_faults);
		sum->wakes_sent += READ_ONCE(stats->wakes_sent);
		sum->halts += READ_ONCE(stats->halts);
		sum->interrupts += READ_ONCE(stats->interrupts);
		sum->shootdowns += READ_ONCE(stats->shootdowns);
		sum->preemptions += READ_ONCE(job->part->counts[i].preemptions);
	}
}

static void read_core(const struct hvm_core *core, struct hvm_core_activity *activity)
{
	activity->state = READ_ONCE(core->state);
	activity->merged = READ_ONCE(core->loaded) != 0;
	activity->heartbeat = READ_ONCE(core->heartbeat);
	activity->interrupts = READ_ONCE(core->interrupts);
	activity->spurious = READ_ONCE(core->spurious);
}

void hvm_activity_read(struct hvm_part *part, struct hvm_activity *activity)
{
	const struct hvm_job *job;

	mutex_lock(&part->lock);
	*activity = part->past;
	list_for_each_entry(job, &part->jobs, list) hvm_activity_add(activity, job);
	mutex_unlock(&part->lock);
	activity->core_count = part->core_count;
	strscpy(activity->name, part->name, sizeof(activity->name));
	for (unsigned int i = 0; i < part->core_count; i++)
		read_core(&part->cores[i], &activity->core[i]);
}

/* part->lock is held. */
static const struct hvm_job *find_job(const struct hvm_part *part, pid_t pid)
{
	const struct hvm_job *job;

	list_for_each_entry(job, &part->jobs, list) if (pid_vnr(job->pid) == pid) return job;
	return NULL;
}

/* False: process @pid has none on this partition. @activity is zero before. */
bool hvm_activity_of_group(struct hvm_part *part, pid_t pid, struct hvm_activity *activity)
{
	const struct hvm_job *job, *asked;

	mutex_lock(&part->lock);
	asked = find_job(part, pid);
	if (asked && !asked->group->pool) {
		*activity = asked->group->past;
		activity->index = asked->group->number;
	}
	list_for_each_entry(job, &part->jobs,
			    list) if (asked && (job == asked || (!asked->group->pool && job->group == asked->group)))
	    hvm_activity_add(activity, job);
	mutex_unlock(&part->lock);
	strscpy(activity->name, part->name, sizeof(activity->name));
	return asked;
}
