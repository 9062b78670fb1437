// SPDX-License-Identifier: GPL-2.0-only
#include <linux/nospec.h>
#include <linux/pid.h>

#include "hvm.h"

/* The process whose merged space has this top-level table; 0 if it is gone. part->lock is held. */
static u32 pid_of_space(struct hvm_part *part, u64 space)
{
	struct hvm_job *job;

	list_for_each_entry(job, &part->jobs, list)
	{
		if (space && job->top_phys == space)
			return pid_nr(job->pid);
	}
	return 0;
}

int hvm_describe_core(struct hvm_part *part, struct hvm_core_info *info)
{
	const struct hvm_last_words *last;
	const struct hvm_core *control;
	u32 core = info->core;

	if (core >= part->core_count)
		return -ENODATA;
	core = array_index_nospec(core, HVM_MAX_CORES);
	control = &part->cores[core];
	last = (struct hvm_last_words *)(part->memory + HVM_OFFSET_LAST) + core;
	info->state = READ_ONCE(control->state);
	info->apic_id = part->apic_id[core];
	info->cpu = part->first_cpu + core;
	info->heartbeat = READ_ONCE(control->heartbeat);
	info->interrupts = READ_ONCE(control->interrupts);
	info->command = READ_ONCE(control->command);
	info->command_ack = READ_ONCE(control->command_ack);
	info->last = *last;
	info->spoke = info->last.generation && info->last.generation == part->head->generation;
	mutex_lock(&part->lock);
	info->pid = pid_of_space(part, info->spoke ? info->last.space : READ_ONCE(control->loaded));
	mutex_unlock(&part->lock);
	return 0;
}

static bool has_thread(struct hvm_part *part, u32 slot)
{
	return READ_ONCE(part->slot_owner[slot / HVM_SLOTS_PER_PAGE]) && READ_ONCE(part->slots[slot].stats.start_tsc);
}

int hvm_describe_slot(struct hvm_part *part, struct hvm_slot_info *info)
{
	const struct hvm_slot *slot;
	u64 head;

	while (info->slot < HVM_MAX_SLOTS && !has_thread(part, info->slot))
		info->slot++;
	if (info->slot >= HVM_MAX_SLOTS)
		return -ENODATA;
	slot = &part->slots[array_index_nospec(info->slot, HVM_MAX_SLOTS)];
	head = hvm_load_acquire(&slot->head);
	info->core = READ_ONCE(slot->client_core);
	info->pid = READ_ONCE(slot->pid);
	info->tid = READ_ONCE(slot->tid);
	info->nr = HVM_HEAD_NR(head);
	info->waiting = HVM_HEAD_TAG(head) != hvm_load_acquire(&slot->done);
	for (unsigned int i = 0; i < HVM_SLOT_ARGS; i++)
		info->arg[i] = READ_ONCE(slot->arg[i]);
	info->stats = slot->stats;
	return 0;
}
