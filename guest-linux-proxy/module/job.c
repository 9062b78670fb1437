// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <asm/pgtable.h>
#include <asm/tsc.h>

#include "hvm.h"

static void init_slot(struct hvm_part *part, unsigned int index)
{
	struct hvm_slot *slot = &part->slots[index];
	u32 generation = slot->generation + 1;

	/* Registers are written when a thread starts; but others' are not for who has no ring 0. */
	memset(slot, 0, part->user ? sizeof(*slot) : offsetof(struct hvm_slot, regs));
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

/* For a child process: there may be many, and they come and go. */
static u32 child_share(struct hvm_part *part, u32 cores)
{
	u32 pages = hvm_thread_count(part->size, part->core_count) / HVM_SLOTS_PER_PAGE, free = 0;

	for (u32 i = 0; i < pages; i++)
		free += !READ_ONCE(part->slot_owner[i]);
	return clamp(free / 8 * (u32)HVM_SLOTS_PER_PAGE, max(cores, (u32)HVM_SLOTS_PER_PAGE), HVM_JOB_SLOTS);
}

/* Whole pages of slots, next to each other, or -EAGAIN. part->lock is held. */
static int claim_slots(struct hvm_job *job, unsigned int count)
{
	struct hvm_part *part = job->part;
	unsigned int pages = DIV_ROUND_UP(count, HVM_SLOTS_PER_PAGE);
	unsigned int usable = hvm_thread_count(part->size, part->core_count) / HVM_SLOTS_PER_PAGE;
	unsigned int run = 0, i;
	unsigned long flags;

	for (i = 0; i < usable && run < pages; i++)
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
	job->pid = get_pid(task_tgid(current));
	for (unsigned int i = 0; i < slots; i++) {
		init_waitqueue_head(&job->slot[i].wait);
		job->slot[i].core = -1;
	}
	return job;
}

static void job_free(struct hvm_job *job)
{
	for (unsigned int i = 0; i < job->slot_count; i++)
		if (job->slot[i].event)
			eventfd_ctx_put(job->slot[i].event);
	put_pid(job->pid);
	kfree(job->slot);
	kfree(job);
}

/* Cores of the pool, or those that can become it. */
static unsigned int pool_size(struct hvm_part *part)
{
	unsigned int cores;

	mutex_lock(&part->lock);
	cores = part->pool && !part->pool->over ? part->pool->core_count : hvm_part_cores_free(part);
	mutex_unlock(&part->lock);
	return cores;
}

/* What the caller learns even if it gets no job; the numbers that it left to us. */
static int check_request(struct hvm_part *part, struct hvm_job_create *request, const struct hvm_job *other)
{
	strscpy(request->name, part->name, sizeof(request->name));
	request->partition_cores = part->core_count;
	request->tsc_khz = tsc_khz;
	request->spin_cycles = part->head->spin_cycles;
	request->pause = !!(part->head->flags & HVM_FLAG_PAUSE);
	request->privilege = hvm_part_privilege(part);
	if (request->flags & ~HVM_JOB_POOL || (request->flags && other))
		return -EINVAL;
	if (request->flags & HVM_JOB_POOL && part->user)
		return -EOPNOTSUPP;
	if (other)
		request->cores = other->group->core_count;
	if (request->flags & HVM_JOB_POOL && !request->cores)
		request->cores = pool_size(part);
	if (request->cores == 0)
		return request->flags & HVM_JOB_POOL ? -EAGAIN : -EINVAL;
	if (request->cores > part->core_count)
		return -E2BIG;
	if (!request->slots)
		request->slots = other ? child_share(part, request->cores) : fair_share(part, request->cores);
	if (request->slots < request->cores)
		return -EINVAL;
	return request->slots > hvm_thread_count(part->size, part->core_count) ? -E2BIG : 0;
}

/* Slots and address space for @job, which then is one of its group. part->lock is held. */
static int job_init(struct hvm_job *job, struct hvm_job_create *request, struct hvm_job *other)
{
	u64 start;
	int err = claim_slots(job, request->slots);

	if (err)
		return err;
	start = rdtsc_ordered();
	err = hvm_space_create(job);
	if (err) {
		release_slots(job);
		return err;
	}
	request->merge_ns = hvm_ns_since(start);
	list_add_tail(&job->list, &job->part->jobs);
	hvm_group_add(job->group, job, other);
	return 0;
}

/* Cores for a job: another's, the pool's, or new ones. part->lock is held. */
static struct hvm_group *group_for(struct hvm_part *part, const struct hvm_job_create *request, struct hvm_job *other)
{
	struct hvm_group *group;

	if (other)
		return other->group;
	if (request->flags & HVM_JOB_POOL && part->pool && !READ_ONCE(part->pool->over))
		return part->pool;
	group = hvm_group_create(part, request->cores);
	if (!IS_ERR(group) && request->flags & HVM_JOB_POOL) {
		group->pool = true;
		part->pool = group;
	}
	return group;
}

struct hvm_job *hvm_job_create(struct hvm_job_create *request, struct hvm_job *other)
{
	struct hvm_part *part = other ? other->part : hvm_part_find(request->name);
	struct hvm_job *job;
	int err;

	if (!part)
		return ERR_PTR(-ENOENT);
	err = check_request(part, request, other);
	if (err)
		return ERR_PTR(err);
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
	if (other && READ_ONCE(other->group->over)) {
		err = -ESHUTDOWN;
		goto unlock;
	}
	job->group = group_for(part, request, other);
	if (IS_ERR(job->group)) {
		err = PTR_ERR(job->group);
		goto unlock;
	}
	request->cores = job->group->core_count;
	err = job_init(job, request, other);
	if (err && list_empty(&job->group->jobs)) {
		if (part->pool == job->group)
			part->pool = NULL;
		hvm_group_release_cores(job->group);
		hvm_group_free(job->group);
	}
unlock:
	mutex_unlock(&part->lock);
	if (err) {
		job_free(job);
		return ERR_PTR(err);
	}
	return job;
}

static void end_one(struct hvm_job *job)
{
	if (job->ended)
		return;
	hvm_group_stop_job(job->group, job);
	WRITE_ONCE(job->ended, true);
	for (unsigned int i = 0; i < job->slot_count; i++)
		wake_up_all(&job->slot[i].wait);
}

/* Nobody goes on: the group's owner is gone, or a core. */
static void end_others(struct hvm_group *group)
{
	struct hvm_job *job;

	list_for_each_entry(job, &group->jobs, member)
	{
		if (!job->ended)
			kill_pid(job->pid, SIGKILL, 1);
		job->keep = false;
		end_one(job);
	}
}

/* A core was stopped by force, and threads of any of the jobs with it. */
static bool lost_core(const struct hvm_group *group)
{
	for (unsigned int i = 0; i < group->core_count; i++)
		if (group->core_busy[i] && READ_ONCE(group->part->cores[group->core[i]].state) == HVM_CORE_OFF)
			return true;
	return false;
}

/* Give the cores back when nobody of the group can use them any more. group->lock is held. */
static void settle(struct hvm_group *group)
{
	struct hvm_job *job;

	if (lost_core(group) || (!group->pool && (!group->owner || (group->owner->ended && !group->owner->keep))))
		end_others(group);
	list_for_each_entry(job, &group->jobs, member) if (!job->ended || job->keep) return;
	hvm_group_release_cores(group);
}

void hvm_job_end(struct hvm_job *job, bool for_good)
{
	mutex_lock(&job->group->lock);
	if (for_good)
		job->keep = false;
	end_one(job);
	settle(job->group);
	mutex_unlock(&job->group->lock);
}

int hvm_job_keep(struct hvm_job *job, bool keep)
{
	mutex_lock(&job->group->lock);
	job->keep = keep && !job->ended;
	mutex_unlock(&job->group->lock);
	return 0;
}

/* The last descriptor is closed: nobody waits and nobody can call. */
void hvm_job_destroy(struct hvm_job *job)
{
	struct hvm_part *part = job->part;
	struct hvm_group *group = job->group;

	hvm_job_end(job, true);
	mmu_notifier_unregister(&job->notifier, job->mm);
	mutex_lock(&part->lock);
	list_del(&job->list);
	hvm_activity_add(&part->past, job);
	hvm_activity_add(&group->past, job);
	hvm_space_destroy(job);
	release_slots(job);
	hvm_group_remove(group, job);
	mutex_unlock(&part->lock);
	job_free(job);
}

static bool in_lower_half(u64 address)
{
	return address < TASK_SIZE_MAX;
}

/* Command a core of the group; one that does not take it is lost. group->lock is held. */
static int command_core(struct hvm_group *group, unsigned int core, enum hvm_command_kind kind)
{
	int err = hvm_core_command(group->part, group->core[core], kind);

	if (err) {
		hvm_core_park_by_force(group->part, group->core[core]);
		hvm_part_set_state(group->part, HVM_HUNG);
	}
	return err;
}

static struct hvm_core *prepare_command(struct hvm_job *job, unsigned int core)
{
	struct hvm_core *control = &job->part->cores[job->group->core[core]];

	control->space = job->top_phys;
	control->group = job->group->number;
	control->number = core;
	control->cores = job->group->core_count;
	control->slot_end = job->first_page * HVM_SLOTS_PER_PAGE + job->slot_count;
	control->call_slot = 0;
	control->copy = 0;
	control->flags = job->group->pool ? HVM_RUN_POOL : 0;
	return control;
}

/* All cores of the group but @first wait for threads. */
static int join_others(struct hvm_job *job, unsigned int first)
{
	struct hvm_group *group = job->group;

	group->joined = true;
	for (unsigned int i = 0; i < group->core_count; i++) {
		int err;

		if (i == first)
			continue;
		if (group->core_busy[i])
			return -EBUSY;
		prepare_command(job, i);
		group->core_busy[i] = true;
		err = command_core(group, i, HVM_COMMAND_JOIN);
		if (err)
			return err;
	}
	return 0;
}

static bool is_valid(const struct hvm_job *job, const struct hvm_thread_start *start, const struct hvm_job *copied)
{
	bool worker = start->flags & HVM_THREAD_WORKER;

	if (start->flags & ~(HVM_THREAD_JOIN | HVM_THREAD_COPY | HVM_THREAD_WORKER) ||
	    (worker && start->flags != HVM_THREAD_WORKER) || start->core >= job->group->core_count ||
	    start->slot >= job->slot_count || !in_lower_half(start->rip) || !in_lower_half(start->rsp) ||
	    !in_lower_half(start->fs_base))
		return false;
	if (job->group->pool && !worker)
		return false;
	if (worker)
		return start->call_slot < job->slot_count;
	return !copied || (copied->group == job->group && start->call_slot < copied->slot_count);
}

static bool has_worker(const struct hvm_job *job, unsigned int core)
{
	for (unsigned int i = 0; i < job->slot_count; i++)
		if (job->slot[i].core == (int)core)
			return true;
	return false;
}

/* Cores of the group run threads already, and take this one as well. */
static bool may_join(const struct hvm_job *job, const struct hvm_thread_start *start)
{
	if (start->flags & HVM_THREAD_WORKER && job->joined)
		return job->workers && !has_worker(job, start->core);
	return start->flags & (HVM_THREAD_JOIN | HVM_THREAD_WORKER) && job->group->joined && !job->joined;
}

/* The core runs a thread already, or will; or the slot has one. */
static bool is_taken(const struct hvm_job *job, const struct hvm_thread_start *start)
{
	bool joins = may_join(job, start);

	return (job->group->core_busy[start->core] && !joins) || job->slot[start->slot].core >= 0;
}

/* The registers with which the thread starts. */
static void set_registers(struct hvm_slot *slot, const struct hvm_thread_start *start, const struct hvm_slot *copied)
{
	slot->regs = (struct hvm_regs){
	    .rip = start->rip,
	    .rsp = start->rsp,
	    .rdi = start->arg[0],
	    .rsi = start->arg[1],
	    .rdx = start->arg[2],
	    .fs_base = start->fs_base,
	};
	if (!copied)
		return;
	slot->regs = copied->regs;
	slot->regs.rax = 0;
	slot->regs.rip = start->rip ?: slot->regs.rip;
	slot->regs.rsp = start->rsp ?: slot->regs.rsp;
	slot->regs.fs_base = start->fs_base ?: slot->regs.fs_base;
	slot->regs.cr2 = start->arg[0];
}

int hvm_job_thread_start(struct hvm_job *job, const struct hvm_thread_start *start, struct hvm_job *copied)
{
	struct hvm_group *group = job->group;
	struct hvm_slot *slot, *source = NULL;
	struct hvm_core *control;
	bool more;
	int err = 0;

	if (!is_valid(job, start, copied))
		return -EINVAL;
	if (job->part->user && !(start->flags & HVM_THREAD_JOIN))
		return -EOPNOTSUPP;
	mutex_lock(&group->lock);
	if (job->ended || group->over) {
		err = -ESHUTDOWN;
		goto out;
	}
	if (is_taken(job, start)) {
		err = -EBUSY;
		goto out;
	}
	more = job->joined;
	slot = hvm_job_slot_memory(job, start->slot);
	if (copied)
		source = hvm_job_slot_memory(copied, start->call_slot);
	set_registers(slot, start, source);
	slot->tid = start->tid ?: task_pid_vnr(current);
	slot->client_core = group->core[start->core];
	slot->stats.start_tsc = 0; /* the counters go on: they are the job's */
	/* Before the commands: from now on the end of the job must stop the cores. */
	group->core_busy[start->core] = true;
	job->slot[start->slot].core = (int)start->core;
	if (start->flags & (HVM_THREAD_JOIN | HVM_THREAD_WORKER)) {
		job->joined = true;
		job->workers = start->flags & HVM_THREAD_WORKER;
		err = group->joined ? 0 : join_others(job, start->core);
	}
	control = prepare_command(job, start->core);
	control->slot = job->first_page * HVM_SLOTS_PER_PAGE + start->slot;
	if (start->flags & HVM_THREAD_WORKER)
		control->flags |= HVM_RUN_WORKER | (more ? HVM_RUN_MORE : 0);
	if (start->flags & HVM_THREAD_WORKER && group->pool)
		control->call_slot = 1 + job->first_page * HVM_SLOTS_PER_PAGE + start->call_slot;
	if (source)
		control->copy = 1 + copied->first_page * HVM_SLOTS_PER_PAGE + start->call_slot;
	if (!err)
		err = command_core(group, start->core, HVM_COMMAND_RUN);
out:
	mutex_unlock(&group->lock);
	return err;
}

int hvm_job_thread_stop(struct hvm_job *job, u32 slot)
{
	if (slot >= job->slot_count)
		return -EINVAL;
	mutex_lock(&job->group->lock);
	if (job->slot[slot].core >= 0 && job->joined)
		hvm_group_stop_job(job->group, job);
	else if (job->slot[slot].core >= 0)
		hvm_group_stop_core(job->group, (unsigned int)job->slot[slot].core);
	mutex_unlock(&job->group->lock);
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

int hvm_job_event_wait(struct hvm_job *job, const struct hvm_event_wait *wait)
{
	const struct hvm_slot *slot;
	wait_queue_head_t *queue;
	int err;

	if (wait->slot >= job->slot_count)
		return -EINVAL;
	slot = hvm_job_slot_memory(job, wait->slot);
	queue = &job->slot[wait->slot].wait;
	if (wait->timeout_ns)
		err = wait_event_interruptible_hrtimeout(*queue,
							 READ_ONCE(slot->events) != wait->seen || READ_ONCE(job->ended),
							 ns_to_ktime(wait->timeout_ns));
	else
		err = wait_event_interruptible(*queue, READ_ONCE(slot->events) != wait->seen || READ_ONCE(job->ended));
	if (err == -ETIME)
		return -ETIMEDOUT;
	if (err)
		return -EINTR;
	return READ_ONCE(job->ended) ? -ESHUTDOWN : 0;
}

int hvm_job_event_fd(struct hvm_job *job, const struct hvm_event_fd *event)
{
	struct eventfd_ctx *context = NULL;
	unsigned long flags;

	if (event->slot >= job->slot_count)
		return -EINVAL;
	if (event->fd >= 0)
		context = eventfd_ctx_fdget(event->fd);
	if (IS_ERR(context))
		return PTR_ERR(context);
	spin_lock_irqsave(&job->part->owner_lock, flags);
	swap(job->slot[event->slot].event, context);
	spin_unlock_irqrestore(&job->part->owner_lock, flags);
	if (context)
		eventfd_ctx_put(context);
	return 0;
}

/* The core that has the client of a slot; -1: none of the job's. */
static int core_of_slot(struct hvm_job *job, u32 slot)
{
	/* Where its client is, says the client; a wrong word concerns another core of the job, or none. */
	unsigned int core = READ_ONCE(hvm_job_slot_memory(job, slot)->client_core);

	return core < job->part->core_count && READ_ONCE(job->part->core_owner[core]) == job->group ? (int)core : -1;
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
	if (job && slot - job->first_page * HVM_SLOTS_PER_PAGE < job->slot_count) {
		struct hvm_job_slot *mine = &job->slot[slot - job->first_page * HVM_SLOTS_PER_PAGE];

		wake_up(&mine->wait);
		if (mine->event)
			eventfd_signal(mine->event, 1);
	}
	spin_unlock(&part->owner_lock);
}
