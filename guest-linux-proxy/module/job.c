// SPDX-License-Identifier: GPL-2.0-only
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <asm/pgtable.h>
#include <asm/tsc.h>

#include "hvm.h"

/* Cores for @job, or -EAGAIN. part->lock is held. */
static int claim_cores(struct hvm_job *job, unsigned int count)
{
	struct hvm_part *part = job->part;
	unsigned long flags;
	int err = 0;

	spin_lock_irqsave(&part->owner_lock, flags);
	for (unsigned int i = 0; i < part->core_count && job->core_count < count; i++) {
		if (part->core_owner[i])
			continue;
		part->core_owner[i] = job;
		job->core[job->core_count++] = i;
	}
	if (job->core_count < count) {
		for (unsigned int i = 0; i < job->core_count; i++)
			part->core_owner[job->core[i]] = NULL;
		job->core_count = 0;
		err = -EAGAIN;
	}
	spin_unlock_irqrestore(&part->owner_lock, flags);
	return err;
}

static void release_cores(struct hvm_job *job)
{
	struct hvm_part *part = job->part;
	unsigned long flags;

	spin_lock_irqsave(&part->owner_lock, flags);
	for (unsigned int i = 0; i < job->core_count; i++)
		part->core_owner[job->core[i]] = NULL;
	spin_unlock_irqrestore(&part->owner_lock, flags);
}

static void init_slot(struct hvm_part *part, unsigned int index)
{
	struct hvm_slot *slot = &part->slots[index];
	u32 generation = slot->generation + 1;

	memset(slot, 0, offsetof(struct hvm_slot, stats)); /* the rest is written when a thread starts */
	slot->generation = generation;
	slot->index = index;
	slot->pid = task_tgid_vnr(current);
	slot->tid = task_pid_vnr(current);
	memset(&part->counts[index], 0, sizeof(part->counts[index]));
}

/* Slots for a job on @cores cores, so that all the cores can have jobs. */
static u32 fair_share(const struct hvm_part *part, u32 cores)
{
	u32 pages = hvm_thread_count(part->size, part->core_count) / HVM_SLOTS_PER_PAGE;

	return min(pages / part->core_count * cores * (u32)HVM_SLOTS_PER_PAGE, HVM_JOB_SLOTS);
}

/* Whole pages of slots, next to each other, or -EAGAIN. part->lock is held. */
static int claim_slots(struct hvm_job *job, unsigned int count)
{
	struct hvm_part *part = job->part;
	unsigned int pages = DIV_ROUND_UP(count, HVM_SLOTS_PER_PAGE);
	unsigned int run = 0, i;
	unsigned long flags;

	for (i = 0; i < HVM_SLOT_PAGES && run < pages; i++)
		run = part->slot_owner[i] ? 0 : run + 1;
	if (run < pages)
		return -EAGAIN;
	job->slot_count = count;
	job->page_count = pages;
	job->first_page = i - pages;
	for (i = 0; i < pages * HVM_SLOTS_PER_PAGE; i++)
		init_slot(part, job->first_page * HVM_SLOTS_PER_PAGE + i);
	spin_lock_irqsave(&part->owner_lock, flags);
	for (i = 0; i < pages; i++)
		part->slot_owner[job->first_page + i] = job;
	spin_unlock_irqrestore(&part->owner_lock, flags);
	return 0;
}

static void release_slots(struct hvm_job *job)
{
	struct hvm_part *part = job->part;
	unsigned long flags;

	spin_lock_irqsave(&part->owner_lock, flags);
	for (unsigned int i = 0; i < job->page_count; i++)
		part->slot_owner[job->first_page + i] = NULL;
	spin_unlock_irqrestore(&part->owner_lock, flags);
}

/* A core that was stopped by force is started again before anyone gets it. */
static int revive_cores(struct hvm_job *job)
{
	int err = 0;

	for (unsigned int i = 0; i < job->core_count && !err; i++)
		if (READ_ONCE(job->part->cores[job->core[i]].state) == HVM_CORE_OFF)
			err = hvm_core_revive(job->part, job->core[i]);
	return err;
}

static struct hvm_job *job_alloc(struct hvm_part *part, unsigned int slots)
{
	struct hvm_job *job = kzalloc(sizeof(*job), GFP_KERNEL);

	if (!job)
		return NULL;
	job->slot = kcalloc(slots, sizeof(*job->slot), GFP_KERNEL);
	if (!job->slot) {
		kfree(job);
		return NULL;
	}
	job->part = part;
	job->pid = task_tgid_vnr(current);
	mutex_init(&job->lock);
	for (unsigned int i = 0; i < slots; i++) {
		init_waitqueue_head(&job->slot[i].wait);
		job->slot[i].core = -1;
	}
	return job;
}

static void job_free(struct hvm_job *job)
{
	kfree(job->slot);
	kfree(job);
}

struct hvm_job *hvm_job_create(struct hvm_job_create *request)
{
	struct hvm_part *part = hvm_part_find(request->name);
	struct hvm_job *job;
	u64 start;
	int err;

	if (!part)
		return ERR_PTR(-ENOENT);
	strscpy(request->name, part->name, sizeof(request->name));
	request->partition_cores = part->core_count;
	request->tsc_khz = tsc_khz;
	request->spin_cycles = part->head->spin_cycles;
	request->pause = !!(part->head->flags & HVM_FLAG_PAUSE);
	if (request->cores == 0)
		return ERR_PTR(-EINVAL);
	if (request->cores > part->core_count)
		return ERR_PTR(-E2BIG);
	if (!request->slots)
		request->slots = fair_share(part, request->cores);
	if (request->slots < request->cores)
		return ERR_PTR(-EINVAL);
	if (request->slots > hvm_thread_count(part->size, part->core_count))
		return ERR_PTR(-E2BIG);
	job = job_alloc(part, request->slots);
	if (!job)
		return ERR_PTR(-ENOMEM);

	mutex_lock(&part->lock);
	request->cores_free = hvm_part_cores_free(part);
	request->state = hvm_part_state(part);
	if (part->head->state != HVM_READY) {
		err = -ENODEV;
		goto unlock;
	}
	err = claim_cores(job, request->cores);
	if (err)
		goto unlock;
	err = revive_cores(job);
	if (err) {
		hvm_part_set_state(part, HVM_FAILED);
		goto cores;
	}
	err = claim_slots(job, request->slots);
	if (err)
		goto cores;
	start = rdtsc_ordered();
	err = hvm_space_create(job);
	if (err)
		goto slots;
	request->merge_ns = hvm_ns_since(start);
	list_add_tail(&job->list, &part->jobs);
	mutex_unlock(&part->lock);
	return job;
	slots:
	release_slots(job);
cores:
	release_cores(job);
unlock:
	mutex_unlock(&part->lock);
	job_free(job);
	return ERR_PTR(err);
}

/* Stop the thread on core @core of the job, if there is one. job->lock is held. */
static void stop_core(struct hvm_job *job, unsigned int core)
{
	if (!job->core_busy[core])
		return;
	hvm_core_stop(job->part, job->core[core], job->top_phys);
	job->core_busy[core] = false;
	for (unsigned int i = 0; i < job->slot_count; i++)
		if (job->slot[i].core == (int)core) {
			job->slot[i].core = -1;
			job->slot[i].thread = false;
		}
}

static void stop_all(struct hvm_job *job)
{
	for (unsigned int i = 0; i < job->core_count; i++)
		stop_core(job, i);
	job->joined = false;
}

void hvm_job_end(struct hvm_job *job)
{
	mutex_lock(&job->lock);
	if (!job->ended) {
		stop_all(job);
		WRITE_ONCE(job->ended, true);
		release_cores(job);
		for (unsigned int i = 0; i < job->slot_count; i++)
			wake_up_all(&job->slot[i].wait);
	}
	mutex_unlock(&job->lock);
}

/* The last descriptor is closed: nobody waits and nobody can call. */
void hvm_job_destroy(struct hvm_job *job)
{
	struct hvm_part *part = job->part;

	hvm_job_end(job);
	mmu_notifier_unregister(&job->notifier, job->mm);
	mutex_lock(&part->lock);
	list_del(&job->list);
	hvm_space_destroy(job);
	release_slots(job);
	mutex_unlock(&part->lock);
	job_free(job);
}

static bool in_lower_half(u64 address)
{
	return address < TASK_SIZE_MAX;
}

/* Command a core of the job; one that does not take it is lost. job->lock is held. */
static int command_core(struct hvm_job *job, unsigned int core, enum hvm_command_kind kind)
{
	int err = hvm_core_command(job->part, job->core[core], kind);

	if (err) {
		hvm_core_park_by_force(job->part, job->core[core]);
		stop_core(job, core);
		hvm_part_set_state(job->part, HVM_HUNG);
	}
	return err;
}

/* All cores of the job but @first load its space and wait for threads. */
static int join_others(struct hvm_job *job, unsigned int first)
{
	job->joined = true;
	for (unsigned int i = 0; i < job->core_count; i++) {
		struct hvm_core *control = &job->part->cores[job->core[i]];
		int err;

		if (i == first)
			continue;
		if (job->core_busy[i])
			return -EBUSY;
		control->space = job->top_phys;
		control->number = i;
		control->cores = job->core_count;
		job->core_busy[i] = true;
		err = command_core(job, i, HVM_COMMAND_JOIN);
		if (err)
			return err;
	}
	return 0;
}

int hvm_job_thread_start(struct hvm_job *job, const struct hvm_thread_start *start)
{
	struct hvm_part *part = job->part;
	bool calls = start->flags & HVM_THREAD_CALLS;
	struct hvm_core *control;
	struct hvm_slot *slot;
	int err;

	if (start->flags & ~(HVM_THREAD_CALLS | HVM_THREAD_JOIN) || (calls && start->flags & HVM_THREAD_JOIN) ||
	    start->core >= job->core_count || start->slot >= job->slot_count ||
	    (calls && (start->call_slot >= job->slot_count || start->call_slot == start->slot)) ||
	    !in_lower_half(start->rip) || !in_lower_half(start->rsp) || !in_lower_half(start->fs_base))
		return -EINVAL;
	mutex_lock(&job->lock);
	if (job->ended) {
		err = -ESHUTDOWN;
		goto out;
	}
	if (job->core_busy[start->core] || job->slot[start->slot].core >= 0 ||
	    (calls && job->slot[start->call_slot].core >= 0)) {
		err = -EBUSY;
		goto out;
	}
	slot = hvm_job_slot_memory(job, start->slot);
	slot->regs = (struct hvm_regs){
	    .rip = start->rip,
	    .rsp = start->rsp,
	    .rdi = start->arg[0],
	    .rsi = start->arg[1],
	    .rdx = start->arg[2],
	    .fs_base = start->fs_base,
	};
	slot->tid = start->tid ?: task_pid_vnr(current);
	slot->client_core = job->core[start->core];
	memset(&slot->stats, 0, sizeof(slot->stats));
	control = &part->cores[job->core[start->core]];
	control->space = job->top_phys;
	control->number = start->core;
	control->cores = job->core_count;
	control->slot = job->first_page * HVM_SLOTS_PER_PAGE + start->slot;
	control->call_slot = calls ? 1 + job->first_page * HVM_SLOTS_PER_PAGE + start->call_slot : 0;
	/* Before the command: from now on the end of the job must stop the core. */
	job->core_busy[start->core] = true;
	job->slot[start->slot].core = (int)start->core;
	job->slot[start->slot].thread = true;
	if (calls)
		job->slot[start->call_slot].core = (int)start->core;
	err = start->flags & HVM_THREAD_JOIN ? join_others(job, start->core) : 0;
	if (!err)
		err = command_core(job, start->core, HVM_COMMAND_RUN);
out:
	mutex_unlock(&job->lock);
	return err;
}

int hvm_job_thread_stop(struct hvm_job *job, u32 slot)
{
	if (slot >= job->slot_count)
		return -EINVAL;
	mutex_lock(&job->lock);
	if (job->slot[slot].thread && job->joined)
		stop_all(job);
	else if (job->slot[slot].thread)
		stop_core(job, (unsigned int)job->slot[slot].core);
	mutex_unlock(&job->lock);
	return 0;
}

/* A request is posted on @slot and not answered yet. */
static bool unanswered(const struct hvm_slot *slot)
{
	return HVM_HEAD_TAG(READ_ONCE(slot->head)) != READ_ONCE(slot->done);
}

int hvm_job_wait(struct hvm_job *job, u32 index, u64 timeout_ns)
{
	struct hvm_slot *slot;
	int err = 0;

	if (index >= job->slot_count)
		return -EINVAL;
	slot = hvm_job_slot_memory(job, index);
	WRITE_ONCE(slot->server_sleeping, 1);
	smp_mb(); /* the client posts, fences, reads the flag; we set it, fence, look again */
	if (timeout_ns)
		err = wait_event_interruptible_hrtimeout(
		    job->slot[index].wait, unanswered(slot) || READ_ONCE(job->ended), ns_to_ktime(timeout_ns));
	else
		err = wait_event_interruptible(job->slot[index].wait, unanswered(slot) || READ_ONCE(job->ended));
	WRITE_ONCE(slot->server_sleeping, 0);
	if (err == -ETIME)
		return -ETIMEDOUT;
	if (err)
		return -EINTR;
	return READ_ONCE(job->ended) ? -ESHUTDOWN : 0;
}

/* The core that has the client of a slot, or serves its calls; -1: none of the job's. */
static int core_of_slot(struct hvm_job *job, u32 slot)
{
	/* Where its client is, says the client; a wrong word concerns another core of the job, or none. */
	unsigned int core = READ_ONCE(hvm_job_slot_memory(job, slot)->client_core);

	if (job->slot[slot].core >= 0 && !job->slot[slot].thread)
		core = job->core[job->slot[slot].core];
	return core < job->part->core_count && READ_ONCE(job->part->core_owner[core]) == job ? (int)core : -1;
}

int hvm_job_kick(struct hvm_job *job, u32 slot)
{
	int core;

	if (slot >= job->slot_count)
		return -EINVAL;
	core = core_of_slot(job, slot);
	if (core >= 0)
		hvm_cpu_doorbell(job->part->apic_id[core]);
	return 0;
}

int hvm_job_signal(struct hvm_job *job, u32 slot)
{
	int core;

	if (slot >= job->slot_count)
		return -EINVAL;
	core = core_of_slot(job, slot);
	if (core >= 0) {
		atomic64_inc((atomic64_t *)&job->part->cores[core].signal);
		hvm_cpu_doorbell(job->part->apic_id[core]);
	}
	return 0;
}

void hvm_job_stats(struct hvm_job *job, struct hvm_job_stats *stats)
{
	const struct hvm_counts *counts = job->part->counts + job->first_page * HVM_SLOTS_PER_PAGE;

	*stats = (struct hvm_job_stats){
	    .shootdowns = (u64)atomic64_read(&job->shootdowns),
	    .shootdown_ns = (u64)atomic64_read(&job->shootdown_ns),
	};
	memcpy(stats->number, job->part->head->counted, sizeof(stats->number));
	for (unsigned int i = 0; i < job->slot_count; i++) {
		stats->interrupt_cycles += READ_ONCE(counts[i].interrupt_cycles);
		stats->preemptions += READ_ONCE(counts[i].preemptions);
		for (unsigned int n = 0; n < HVM_COUNTED_CALLS; n++)
			stats->local[n] += READ_ONCE(counts[i].call[n]);
	}
}

int hvm_job_mmap(struct hvm_job *job, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;
	phys_addr_t phys = job->part->base + HVM_OFFSET_SLOTS + (phys_addr_t)job->first_page * PAGE_SIZE;

	if (vma->vm_pgoff == HVM_MAP_MEMORY >> PAGE_SHIFT)
		return hvm_memory_mmap(job, vma);
	if (vma->vm_pgoff || size > (unsigned long)job->page_count * PAGE_SIZE || !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	/* Not for children of fork: they are not the process that was merged. */
	vma->vm_flags |= VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP;
	return remap_pfn_range(vma, vma->vm_start, phys >> PAGE_SHIFT, size, vma->vm_page_prot);
}

/* From the wake-up interrupt. */
void hvm_job_wake_slot(struct hvm_part *part, unsigned int slot)
{
	struct hvm_job *job;

	spin_lock(&part->owner_lock);
	job = part->slot_owner[slot / HVM_SLOTS_PER_PAGE];
	if (job && slot - job->first_page * HVM_SLOTS_PER_PAGE < job->slot_count)
		wake_up(&job->slot[slot - job->first_page * HVM_SLOTS_PER_PAGE].wait);
	spin_unlock(&part->owner_lock);
}
