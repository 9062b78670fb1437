/* SPDX-License-Identifier: Apache-2.0 */
#include "ptask.h"
#include "apic.h"
#include "job.h"
#include "lock.h"
#include "sched.h"

#include <hvm/ptask.h>

#define EAGAIN 11
#define EINVAL 22

#define RANGES_PER_CORE 8 /* if the client leaves the size of a range to us */

/* A group in the queue. All but next: under the lock. */
struct group {
	struct group *following;
	struct job *job; /* NULL: free */
	uint64_t cookie; /* what its process calls it */
	uint32_t count, width, range, flags;
	uint32_t running; /* cores that have it */
	bool cancelled;
	uint64_t taken;				    /* of a gang: cores that began their task */
	uint64_t next __attribute__((aligned(64))); /* task to begin; all cores that have the group count on */
};

/* A process whose workers are in the pool. */
struct client {
	struct job *job;
	struct hvm_slot *submit; /* never NULL: looked at without the lock */
	uint64_t tag;		 /* of the last request there */
	uint32_t groups;
};

static uint32_t lock;
static struct group groups[HVM_PTASK_GROUPS];
static struct group *first, *last;
static struct client clients[HVM_MAX_SPACES];
static uint32_t client_count;
static uint32_t memory_bound; /* cores that run memory-bound groups */
static uint64_t halted;	      /* cores of the pool, by index in the partition */

static uint64_t pool; /* the core group */

/* No other core has joined yet. One that was stopped by force may have left anything behind, even the lock. */
void ptask_join(uint64_t group)
{
	if (group == pool)
		return;
	pool = group;
	first = last = NULL;
	__builtin_memset(groups, 0, sizeof(groups));
	client_count = 0;
	memory_bound = 0;
	halted = 0;
	lock_release(&lock);
}

static struct client *client_of(const struct job *job)
{
	for (uint32_t i = 0; i < client_count; i++)
		if (clients[i].job == job)
			return &clients[i];
	return NULL;
}

/* What submitters find in their sleeping flag: 1 + the number of a core that they must ring for, 0 if all look. */
static uint32_t whom_to_ring(void)
{
	return halted ? 1 + core_at((uint32_t)__builtin_ctzll(halted))->number : 0;
}

static void add_client(struct job *job)
{
	hvm_store_relaxed(&job->submit->server_sleeping, whom_to_ring());
	clients[client_count] = (struct client){
	    .job = job,
	    .submit = job->submit,
	    .tag = hvm_load_acquire(&job->submit->done),
	};
	hvm_store_release(&client_count, client_count + 1);
}

/* Its place goes to the last one. */
static void remove_client(const struct job *job)
{
	struct client *client = client_of(job);

	if (!client)
		return;
	*client = clients[client_count - 1];
	hvm_store_release(&client_count, client_count - 1);
}

static void append(struct group *group)
{
	group->following = NULL;
	if (first)
		last->following = group;
	else
		first = group;
	last = group;
}

static void unlink(struct group *group)
{
	struct group **link = &first, *before = NULL;

	for (; *link && *link != group; link = &before->following)
		before = *link;
	if (!*link)
		return;
	*link = group->following;
	if (last == group)
		last = before;
}

static void free_group(struct group *group)
{
	struct client *client = client_of(group->job);

	unlink(group);
	if (client)
		client->groups--;
	group->job = NULL;
}

static struct group *find_free(void)
{
	for (uint32_t i = 0; i < HVM_PTASK_GROUPS; i++)
		if (!groups[i].job)
			return &groups[i];
	return NULL;
}

static uint32_t fair_range(uint64_t count, uint32_t width)
{
	uint64_t range = count / ((uint64_t)width * RANGES_PER_CORE);

	return range ? (uint32_t)range : 1;
}

/*
 * A gang has its workers before it is in the queue: every core takes gangs in the order of the queue then, and none
 * waits for a core that waits for it.
 */
static bool has_workers(const struct job *job, uint64_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!job->worker[i])
			return false;
	return true;
}

/* A request for a group, copied; the answer to it. */
static int64_t enqueue(struct client *client, const struct hvm_request *request, uint32_t cores)
{
	uint64_t count = request->arg[0], width = request->arg[1], range = request->arg[2], flags = request->arg[3];
	struct group *group;

	if (request->nr != HVM_NR_TASK_GROUP || !count || count > HVM_PTASK_TASKS || width > HVM_MAX_CORES ||
	    range > count || flags & ~(uint64_t)HVM_PTASK_FLAGS || (flags & HVM_PTASK_GANG && count > cores))
		return -EINVAL;
	group = client->groups < HVM_PTASK_CLIENT_GROUPS ? find_free() : NULL;
	if (!group || (flags & HVM_PTASK_GANG && !has_workers(client->job, count)))
		return -EAGAIN;
	if (!width || width > cores)
		width = cores;
	*group = (struct group){
	    .job = client->job,
	    .cookie = request->arg[4],
	    .count = (uint32_t)count,
	    .width = flags & HVM_PTASK_GANG ? (uint32_t)count : (uint32_t)width,
	    .range = flags & HVM_PTASK_GANG ? 1
		     : range		    ? (uint32_t)range
					    : fair_range(count, (uint32_t)width),
	    .flags = (uint32_t)flags,
	};
	client->groups++;
	append(group);
	return 0;
}

static void wake_cores(uint32_t count)
{
	for (uint64_t left = halted; left && count; left &= left - 1, count--)
		apic_send(core_at((uint32_t)__builtin_ctzll(left))->control->apic_id, HVM_VECTOR_DOORBELL);
}

/* Take what clients have submitted. The lock is held. */
static void accept(const struct core *core)
{
	uint32_t cores = core->control->cores, wanted = 0;

	for (uint32_t i = 0; i < client_count; i++) {
		struct client *client = &clients[i];
		struct hvm_request request;
		int64_t answer;

		if (!hvm_slot_take(client->submit, client->tag, &request))
			continue;
		client->tag = request.tag;
		answer = enqueue(client, &request, cores);
		if (answer == 0)
			wanted += last->width;
		hvm_slot_answer(client->submit, request.tag, answer);
	}
	if (wanted && halted)
		wake_cores(wanted);
}

/* Half of the cores, so that the others have the caches to themselves. */
static bool too_many_memory_bound(const struct core *core)
{
	uint32_t limit = core->control->cores / 2;

	return memory_bound >= (limit ? limit : 1);
}

/* The process's worker on that core, if it waits for work; @asking does so now. */
static struct thread *waiting_worker(const struct core *core, const struct job *job, struct thread *asking)
{
	struct thread *worker = job->worker[core->number];

	return worker && (worker == asking || worker->parked) ? worker : NULL;
}

static bool may_begin(const struct core *core, const struct group *group)
{
	if (group->cancelled)
		return false;
	if (group->flags & HVM_PTASK_GANG)
		return core->number < group->count && !(group->taken >> core->number & 1);
	if (group->flags & HVM_PTASK_MEMORY_BOUND && too_many_memory_bound(core))
		return false;
	return group->running < group->width && hvm_load_relaxed(&group->next) < group->count;
}

static bool is_exhausted(const struct group *group)
{
	return hvm_load_relaxed(&group->next) >= group->count;
}

/* The next range of the group that the core has; false if nothing is left. */
static bool claim(const struct core *core, struct group *group, struct hvm_slot *slot)
{
	uint64_t begin;

	if (group->flags & HVM_PTASK_GANG) {
		if (group->taken >> core->number & 1)
			return false;
		group->taken |= 1ull << core->number;
		__atomic_fetch_add(&group->next, 1, __ATOMIC_RELAXED);
		begin = core->number;
	} else {
		begin = __atomic_fetch_add(&group->next, group->range, __ATOMIC_RELAXED);
		if (begin >= group->count)
			return false;
	}
	slot->task_group = group->cookie;
	slot->task_first = begin;
	slot->task_count = group->count - begin < group->range ? group->count - begin : group->range;
	return true;
}

static void begin_group(struct core *core, struct group *group)
{
	group->running++;
	if (group->flags & HVM_PTASK_MEMORY_BOUND)
		memory_bound++;
	core->ptask = group;
}

static void end_group(struct core *core)
{
	struct group *group = core->ptask;

	core->ptask = NULL;
	group->running--;
	if (group->flags & HVM_PTASK_MEMORY_BOUND)
		memory_bound--;
}

/* The first group that the core may run; its worker's slot has the first range. The lock is held. */
static struct thread *choose(struct core *core, struct thread *asking)
{
	for (struct group *group = first; group; group = group->following) {
		struct thread *worker = waiting_worker(core, group->job, asking);

		if (!worker || !may_begin(core, group) || !claim(core, group, worker->slot))
			continue;
		begin_group(core, group);
		worker->parked = false;
		core->pool_worker = worker;
		return worker;
	}
	return NULL;
}

/* True if a worker of another group could take over the core. */
static bool has_rival(const struct core *core, const struct group *group)
{
	for (const struct group *other = first; other; other = other->following)
		if (other != group && waiting_worker(core, other->job, core->thread) && may_begin(core, other))
			return true;
	return false;
}

/* The core finished what it had of its group; tell the worker if that was the last of it. The lock is held. */
static void leave_group(struct core *core, struct thread *thread)
{
	struct group *group = core->ptask;

	end_group(core);
	if (group->running == 0 && (is_exhausted(group) || group->cancelled)) {
		if (!group->cancelled)
			thread->slot->task_ended = group->cookie;
		free_group(group);
	} else if (group->flags & HVM_PTASK_TURNS) {
		unlink(group);
		append(group);
	}
}

static void enter_pool(struct core *core, struct thread *thread)
{
	struct job *job = thread->job;

	if (!client_of(job))
		add_client(job);
	job->worker[core->number] = thread;
}

/* Until its core, idle, or another worker there has something for it. */
static void park(struct thread *thread)
{
	thread->parked = true;
	sched_prepare_block(thread);
}

/* Another worker's task is under way: this one began between two ticks. */
static int64_t wait_in_line(struct core *core, struct thread *thread)
{
	lock_take(&lock);
	enter_pool(core, thread);
	park(thread);
	lock_release(&lock);
	sched_block(thread);
	return 0;
}

int64_t ptask_next(struct thread *thread)
{
	struct core *core = core_self();
	struct hvm_slot *slot = thread->slot;
	struct group *group = core->ptask;
	struct thread *next;

	if (!core->pool || !thread->job->submit)
		return -EINVAL;
	slot->task_count = 0;
	slot->task_ended = 0;
	if (core->pool_worker && core->pool_worker != thread)
		return wait_in_line(core, thread);
	if (group && !(group->flags & (HVM_PTASK_TURNS | HVM_PTASK_GANG)) && claim(core, group, slot))
		return 0;
	lock_take(&lock);
	accept(core);
	if (group && group->flags & HVM_PTASK_TURNS && !has_rival(core, group) && claim(core, group, slot)) {
		lock_release(&lock);
		return 0;
	}
	if (thread->job->worker[core->number] != thread)
		enter_pool(core, thread);
	if (group)
		leave_group(core, thread);
	core->pool_worker = thread;
	next = slot->task_ended ? thread : choose(core, thread);
	if (next != thread) {
		core->pool_worker = next;
		park(thread);
	}
	lock_release(&lock);
	if (next == thread)
		return 0;
	if (next)
		sched_unblock(next);
	sched_block(thread);
	return 0;
}

static bool is_submitted(void)
{
	uint32_t count = hvm_load_acquire(&client_count);

	for (uint32_t i = 0; i < count; i++)
		if (hvm_slot_has_request(clients[i].submit, hvm_load_relaxed(&clients[i].tag)))
			return true;
	return false;
}

bool ptask_offer(struct core *core)
{
	struct thread *worker;

	if (core->pool_worker || !(hvm_load_relaxed(&first) || is_submitted()))
		return false;
	lock_take(&lock);
	accept(core);
	worker = choose(core, NULL);
	lock_release(&lock);
	if (worker)
		sched_unblock(worker);
	return worker;
}

/* Whoever holds the lock has interrupts off. */
void ptask_doorbell(const struct core *core)
{
	if (!core->pool || !is_submitted())
		return;
	lock_take(&lock);
	accept(core);
	lock_release(&lock);
}

static void tell_submitters(uint32_t value)
{
	for (uint32_t i = 0; i < client_count; i++)
		hvm_store_relaxed(&clients[i].submit->server_sleeping, value);
}

void ptask_halts(struct core *core)
{
	lock_take(&lock);
	halted |= 1ull << core->index;
	tell_submitters(1 + core->number);
	lock_release(&lock);
	hvm_fence_full();
}

void ptask_wakes(struct core *core)
{
	lock_take(&lock);
	halted &= ~(1ull << core->index);
	tell_submitters(whom_to_ring());
	lock_release(&lock);
}

static bool is_of(const struct job *job, uint64_t space)
{
	return job && (job->space == space || space == HVM_STOP_GROUP);
}

void ptask_drop(struct core *core, uint64_t space)
{
	if (!core->pool)
		return;
	lock_take(&lock);
	if (core->ptask && is_of(core->ptask->job, space))
		end_group(core);
	if (core->pool_worker && is_of(core->pool_worker->job, space))
		core->pool_worker = NULL;
	for (uint32_t i = 0; i < HVM_PTASK_GROUPS; i++) {
		struct group *group = &groups[i];

		if (!is_of(group->job, space))
			continue;
		group->cancelled = true;
		if (group->running == 0)
			free_group(group);
	}
	for (uint32_t i = client_count; i > 0; i--)
		if (is_of(clients[i - 1].job, space)) {
			clients[i - 1].job->worker[core->number] = NULL;
			remove_client(clients[i - 1].job);
		}
	halted &= ~(1ull << core->index);
	lock_release(&lock);
}
