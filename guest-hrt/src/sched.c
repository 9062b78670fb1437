/* SPDX-License-Identifier: Apache-2.0 */
#include "sched.h"
#include "apic.h"
#include "cpu.h"
#include "fpu.h"
#include "job.h"
#include "lock.h"
#include "panic.h"
#include "ptask.h"
#include "timer.h"

#include <hvm/poll.h>
#include <hvm/signal.h>

#define TICK_US 4000
#define HOT	inline __attribute__((always_inline))

_Noreturn void core_switch_to_idle(uint64_t rsp, void (*function)(void));
void thread_switch(uint64_t *save, uint64_t load);
_Noreturn void thread_resume(uint64_t load);
void thread_first(void);
void sched_first(void);

/* Of a thread that waits for another. Only one that is OUT is in nobody's hands, and goes into a queue when it is
 * woken. */
enum block {
	BLOCK_NONE = 0,
	BLOCK_HERE = 1, /* its stack is still in use: by itself, looking for something else to run */
	BLOCK_OUT = 2,	/* its stack was left */
	BLOCK_WOKEN = 3,
};

/* Slots that have a thread. */
static uint64_t live[HVM_MAX_SLOTS / 64];

static bool is_live(uint32_t index)
{
	return __atomic_load_n(&live[index / 64], __ATOMIC_ACQUIRE) >> index % 64 & 1;
}

bool sched_is_live(const struct thread *thread)
{
	return is_live(thread_index(thread));
}

static void set_live(uint32_t index, bool value)
{
	if (value)
		__atomic_fetch_or(&live[index / 64], 1ull << index % 64, __ATOMIC_ACQ_REL);
	else
		__atomic_fetch_and(&live[index / 64], ~(1ull << index % 64), __ATOMIC_ACQ_REL);
}

/*
 * Append to the queue of @core; false if it does not run the thread's space (any more). Interrupts are off. A thread
 * that was restricted to other cores a moment ago is noticed here: its core may have looked for misplaced ones already.
 */
static HOT bool push(struct core *core, struct thread *thread)
{
	bool joined;

	lock_take(&core->lock);
	joined = core->group == thread->group && hvm_load_relaxed(&core->control->stop) != thread->space;
	if (joined) {
		thread->next = NULL;
		if (core->ready)
			core->ready_last->next = thread;
		else
			hvm_store_relaxed(&core->ready, thread);
		core->ready_last = thread;
		if (__builtin_expect(!sched_may_run(core, thread), 0))
			hvm_store_relaxed(&core->misplaced, true);
	}
	lock_release(&core->lock);
	return joined;
}

/* The first thread in the queue of @core that may run on @taker. */
static HOT struct thread *pop(struct core *core, const struct core *taker)
{
	struct thread **link = &core->ready, *thread = NULL, *before = NULL;

	if (!hvm_load_relaxed(&core->ready))
		return NULL;
	lock_take(&core->lock);
	if (core->group == taker->group) {
		for (; *link && !sched_may_run(taker, *link); link = &before->next)
			before = *link;
		thread = *link;
	}
	if (thread) {
		hvm_store_relaxed(link, thread->next);
		if (!thread->next)
			core->ready_last = before;
	}
	lock_release(&core->lock);
	return thread;
}

static void move_load(struct core *from, struct core *to)
{
	__atomic_fetch_sub(&from->load, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&to->load, 1, __ATOMIC_RELAXED);
}

/* The next thread for @core: its own, or one that another core of the group has no time for. */
static HOT struct thread *pick(struct core *core)
{
	struct thread *thread = pop(core, core);

	for (uint32_t i = 0; i < partition->core_count && !thread; i++) {
		struct core *other = core_at(i);

		if (i == core->index || hvm_load_relaxed(&other->group) != core->group)
			continue;
		thread = pop(other, core);
		if (thread && thread->space == hvm_load_relaxed(&core->control->stop))
			thread = NULL; /* this core has left that space; the other is about to */
		if (thread)
			move_load(other, core);
	}
	return thread;
}

static bool is_answered(const struct thread *thread)
{
	return hvm_load_acquire(&thread->slot->done) == thread->tag;
}

/* After a thread was put into its queue or woken: see that @core notices. One that polls does by itself. */
static void wake(struct core *core)
{
	if (core == core_self())
		return;
	hvm_fence_full();
	if (!hvm_load_relaxed(&core->polling))
		apic_send(core->control->apic_id, HVM_VECTOR_DOORBELL);
}

/* Of the cores of the running core's group that @thread may run on, the one that has the fewest. */
static struct core *least_loaded(const struct thread *thread)
{
	struct core *own = core_self(), *best = sched_may_run(own, thread) ? own : NULL;

	for (uint32_t i = 0; i < partition->core_count; i++) {
		struct core *core = core_at(i);

		if (hvm_load_relaxed(&core->group) == own->group && sched_may_run(core, thread) &&
		    (!best || hvm_load_relaxed(&core->load) < hvm_load_relaxed(&best->load)))
			best = core;
	}
	return best ? best : own; /* the job is being ended */
}

/* It can run: into the queue of its core, or of another if it may not run there any more. */
static HOT void make_ready(struct thread *thread)
{
	struct core *core = core_at(hvm_load_relaxed(&thread->core));

	if (!sched_may_run(core, thread)) {
		struct core *better = least_loaded(thread);

		move_load(core, better);
		hvm_store_relaxed(&thread->core, better->index);
		core = better;
	}
	if (push(core, thread))
		wake(core);
}

/* Threads in the queue of @core that may not run on it any more go to others. */
static __attribute__((noinline)) void evict(struct core *core)
{
	struct thread *evicted = NULL, *stay = NULL, **end = &stay;

	hvm_store_relaxed(&core->misplaced, false);
	lock_take(&core->lock);
	for (struct thread *thread = core->ready, *next; thread; thread = next) {
		next = thread->next;
		if (sched_may_run(core, thread)) {
			*end = core->ready_last = thread;
			end = &thread->next;
		} else {
			thread->next = evicted;
			evicted = thread;
		}
	}
	*end = NULL;
	hvm_store_relaxed(&core->ready, stay);
	lock_release(&core->lock);
	while (evicted) {
		struct thread *next = evicted->next;

		make_ready(evicted);
		evicted = next;
	}
}

/* Threads of this core whose proxies answered can run again. */
static __attribute__((noinline)) void collect_waiting(struct core *core)
{
	struct thread **link = &core->waiting;

	if (hvm_load_relaxed(&core->misplaced))
		evict(core);

	while (*link) {
		struct thread *thread = *link;

		if (is_answered(thread)) {
			*link = thread->next;
			make_ready(thread);
		} else {
			link = &thread->next;
		}
	}
}

static HOT void collect(struct core *core)
{
	if (core->waiting || hvm_load_relaxed(&core->misplaced))
		collect_waiting(core);
}

/* What a core without a thread that can go on does first: obey, and look for another; NULL if there is none. */
static HOT struct thread *next_thread(struct core *core)
{
	if (core->stop_requested)
		core_obey_stop(core);
	collect(core);
	return pick(core);
}

static bool any_answered(const struct core *core)
{
	for (const struct thread *thread = core->waiting; thread; thread = thread->next)
		if (is_answered(thread))
			return true;
	return false;
}

static void arm_tick(struct core *core)
{
	if (core->ready && !core->tick_at)
		timer_tick(core, (uint64_t)partition->tsc_khz * TICK_US / 1000);
}

static uint64_t stack_top(const struct thread *thread)
{
	return (uint64_t)thread + THREAD_AREA_SIZE;
}

/* Everything of a thread but its stack pointer; @gs_base: what the program's GS base is now. */
static HOT void load_context(struct core *core, struct thread *thread, uint64_t gs_base)
{
	core->thread = thread;
	core->thread_stack = stack_top(thread);
	if (core->control->loaded != thread->space)
		core_load_space(core, thread->space);
	hvm_store_relaxed(&thread->core, core->index);
	if (thread->slot->client_core != core->index) {
		hvm_store_relaxed(&thread->slot->client_core, core->index);
		hvm_store_relaxed(&thread->slot->client_cpu, core->number);
		/* Who raises slot->signal and finds the core before, is noticed on the way to the program. */
		hvm_fence_full();
	}
	fpu_begin_turn(core, thread);
	if (!thread->begun)
		return;
	cpu_write_fs_base(thread->fs_base);
	if (thread->gs_base != gs_base)
		cpu_write_msr(MSR_KERNEL_GS_BASE, thread->gs_base);
}

/* What could not be done while the old thread's stack was in use. */
static HOT void settle(struct core *core)
{
	struct thread *thread = core->displaced;

	core->displaced = NULL;
	if (thread)
		make_ready(thread);
	thread = core->blocked;
	core->blocked = NULL;
	if (thread) {
		uint32_t here = BLOCK_HERE;

		/* Woken before its stack was left: the waker left it to us. */
		if (!__atomic_compare_exchange_n(&thread->block, &here, BLOCK_OUT, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE))
			make_ready(thread);
	}
}

/* After a switch, on the new thread's stack. */
static HOT void finish_switch(void)
{
	struct core *core = core_self();

	settle(core);
	if (core->stop_requested)
		core_obey_stop(core);
	arm_tick(core);
}

static void save_context(struct core *core, struct thread *thread)
{
	thread->fs_base = cpu_read_fs_base();
	thread->gs_base = cpu_read_msr(MSR_KERNEL_GS_BASE);
	fpu_end_turn(core, thread);
}

static HOT void switch_to(struct core *core, struct thread *next)
{
	struct thread *thread = core->thread;

	save_context(core, thread);
	load_context(core, next, thread->gs_base);
	thread_switch(&thread->rsp, next->rsp);
	finish_switch(); /* perhaps on another core */
}

void sched_first(void)
{
	struct thread *thread = core_self()->thread;

	finish_switch();
	thread->begun = true;
	thread_run(thread);
}

void sched_prepare(struct thread *thread, struct job *job)
{
	uint64_t *stack = (uint64_t *)stack_top(thread) - 2;
	uint32_t index = thread_index(thread);
	struct hvm_slot *slot = slot_at(index);

	__builtin_memset(thread, 0, offsetof(struct thread, fpu));
	__builtin_memset(thread->fpu + FPU_LEGACY_SIZE, 0, FPU_HEADER_END - FPU_LEGACY_SIZE);
	thread->slot = slot;
	thread->counts = counts_at(index);
	thread->job = job;
	thread->space = job->space;
	thread->group = job->group;
	thread->core = core_self()->index;
	thread->generation = slot->generation;
	thread->sequence = (uint32_t)(slot->head >> 32);
	thread->window = partition->spin_cycles;
	thread->fpu_control = fpu_initial;
	hvm_store_relaxed(&slot->serial, slot->serial + 1);
	slot->robust_list = 0;
	*--stack = (uint64_t)thread_first;
	for (int i = 0; i < 6; i++) /* rbp, rbx, r12 to r15 */
		*--stack = 0;
	thread->rsp = (uint64_t)stack;
	set_live(index, true);
}

void sched_start(struct thread *thread)
{
	struct core *core = least_loaded(thread);

	hvm_store_relaxed(&thread->core, core->index);
	__atomic_fetch_add(&core->load, 1, __ATOMIC_RELAXED);
	make_ready(thread);
	arm_tick(core_self());
}

/* Of a thread that waits in process_call. */
static void copy_state(struct thread *thread, const struct thread *source)
{
	thread->gs_base = source->gs_base;
	thread->cores = source->cores;
	thread->fpu_used = source->fpu_used;
	if (source->fpu_used)
		__builtin_memcpy(thread->fpu, source->fpu, sizeof(thread->fpu));
}

/* The first thread of a space that the module gives to @group. */
static struct thread *first_of(uint64_t space, uint64_t group, uint32_t slot, uint32_t call_slot, uint32_t copy,
			       uint32_t flags)
{
	struct job *job = job_of_space(space);
	struct thread *thread;

	uint32_t slot_end = core_self()->control->slot_end;

	if (slot >= slot_end || slot_end > thread_count() || copy > thread_count())
		panic("the module named a slot that has no memory for a thread");
	thread = thread_at(slot);
	if (!(flags & HVM_RUN_MORE))
		job_begin(job, slot, slot_end, space, group);
	sched_prepare(thread, job);
	thread->worker = flags & HVM_RUN_WORKER;
	if (flags & HVM_RUN_POOL)
		job->submit = slot_at(call_slot - 1);
	thread->cores = thread->worker ? 1ull << core_self()->number : sched_cores(core_self());
	if (copy) {
		const struct thread *source = thread_at(copy - 1);

		thread->clear_tid = thread->slot->regs.cr2;
		if (source->group == group && sched_is_live(source)) /* else it may hold another user's registers */
			copy_state(thread, source);
	}
	return thread;
}

void sched_accept(struct core *core, uint64_t space, uint32_t slot, uint32_t call_slot, uint32_t copy, uint32_t flags)
{
	sched_start(first_of(space, core->group, slot, call_slot, copy, flags));
}

static bool has_offer(struct core *core)
{
	return ptask_is_open(core) && ptask_offer(core);
}

/* Nothing to run has come since. */
static bool may_halt(struct core *core, struct thread *self, bool (*ready)(const struct thread *))
{
	return !core->ready && !core->stop_requested && !any_answered(core) && !(self && ready(self)) &&
	       !has_offer(core);
}

static void halt(struct core *core, struct thread *self, bool (*ready)(const struct thread *))
{
	bool open = ptask_is_open(core);

	if (open)
		ptask_halts(core);
	if (may_halt(core, self, ready)) {
		if (self)
			self->slot->stats.halts++;
		cpu_halt(); /* interrupts were off since the look: what comes now is pending and ends it */
	} else {
		cpu_interrupt_window(); /* what was seen may be nothing for this core: it can be rung all the same */
	}
	if (open)
		ptask_wakes(core);
}

/*
 * Nothing can run. Poll until *@deadline (0: it begins now), then halt until an interrupt: who pushes or wakes a thread
 * looks at polling after he did, and this looks again after it has cleared it. @self: the thread on whose stack this
 * happens, or NULL. Interrupts are off, but for a moment.
 */
static void idle(struct core *core, struct thread *self, bool (*ready)(const struct thread *), uint64_t *deadline)
{
	uint64_t now = cpu_tsc();

	if (!*deadline)
		*deadline = now + (self && core->polls ? self->window : 0);
	hvm_store_relaxed(&core->polling, 1);
	if (now < *deadline) {
		for (int i = 0; i < 64; i++) {
			if (ready(self) || hvm_load_relaxed(&core->ready) || has_offer(core))
				break;
			if (partition->flags & HVM_FLAG_PAUSE)
				cpu_pause();
		}
		cpu_interrupt_window();
	} else {
		hvm_store_relaxed(&core->polling, 0);
		hvm_fence_full();
		halt(core, self, ready);
	}
	hvm_store_relaxed(&core->polling, 0);
}

/* The window learns from a wait that took since @start (hvm/poll.h). */
static void adapt(struct thread *thread, uint64_t start)
{
	uint64_t base = partition->spin_cycles, waited = cpu_tsc() - start;

	if (waited > thread->window)
		thread->window = hvm_poll_adapt(thread->window, waited, base, HVM_POLL_HRT * base);
}

int64_t sched_wait(struct thread *thread, uint64_t tag)
{
	uint64_t deadline = 1; /* it has been polled for already */
	int64_t result;

	thread->tag = tag;
	hvm_store_relaxed(&thread->slot->client_sleeping, 1);
	hvm_fence_full();
	while (!hvm_slot_reap(thread->slot, tag, &result)) {
		struct core *core = core_self();
		struct thread *next = next_thread(core);

		if (next) {
			thread->next = core->waiting;
			core->waiting = thread;
			switch_to(core, next); /* comes back when the answer is there */
		} else {
			idle(core, thread, is_answered, &deadline);
		}
	}
	hvm_store_relaxed(&thread->slot->client_sleeping, 0);
	return result;
}

void sched_prepare_block(struct thread *thread)
{
	hvm_store_relaxed(&thread->block, BLOCK_HERE);
}

static bool is_woken(const struct thread *thread)
{
	return hvm_load_acquire(&thread->block) == BLOCK_WOKEN;
}

void sched_block(struct thread *thread)
{
	uint64_t start = 0, deadline = 0;

	while (!is_woken(thread)) {
		struct core *core = core_self();
		struct thread *next = next_thread(core);

		if (next) {
			core->blocked = thread;
			switch_to(core, next);
		} else {
			if (!start)
				start = cpu_tsc();
			idle(core, thread, is_woken, &deadline);
		}
	}
	if (start)
		adapt(thread, start);
	hvm_store_relaxed(&thread->block, BLOCK_NONE);
	sched_resume();
}

void sched_unblock(struct thread *thread)
{
	struct core *core = core_at(hvm_load_relaxed(&thread->core));

	if (__atomic_exchange_n(&thread->block, BLOCK_WOKEN, __ATOMIC_ACQ_REL) == BLOCK_OUT)
		make_ready(thread);
	else
		wake(core); /* it may be gone by now, but not its core */
	arm_tick(core_self());
}

void sched_signal(struct core *core)
{
	for (uint32_t i = 0; i < thread_count(); i++) {
		struct thread *thread = thread_at(i);

		if (!live[i / 64]) {
			i |= 63;
			continue;
		}
		if (is_live(i) && hvm_load_relaxed(&thread->core) == core->index &&
		    hvm_load_acquire(&thread->slot->signal))
			futex_cancel(thread, -HVM_RESTART);
	}
}

static void run_idle(void);

/* The running thread leaves its stack, and the core looks for something to do on its own. */
static void switch_to_idle(struct core *core)
{
	struct thread *thread = core->thread;
	uint64_t *stack = (uint64_t *)((uint8_t *)core + CORE_AREA_SIZE) - 3; /* aligned as after a call */

	*--stack = (uint64_t)run_idle;
	for (int i = 0; i < 6; i++) /* rbp, rbx, r12 to r15 */
		*--stack = 0;
	save_context(core, thread);
	core->thread = NULL;
	thread_switch(&thread->rsp, (uint64_t)stack);
	finish_switch();
}

void sched_halt(struct core *core)
{
	if (core->stop_requested)
		core_obey_stop(core);
	collect(core);
	if (core->ready) {
		sched_yield(core);
	} else {
		core->thread->slot->stats.halts++;
		cpu_halt();
		if (core->stop_requested)
			core_obey_stop(core);
	}
}

void sched_yield(struct core *core)
{
	struct thread *next;

	collect(core);
	next = pop(core, core);
	if (!next && sched_may_run(core, core->thread))
		return;
	core->displaced = core->thread;
	if (next)
		switch_to(core, next);
	else
		switch_to_idle(core);
}

uint64_t sched_cores(const struct core *core)
{
	return ~0ull >> (HVM_MAX_CORES - core->control->cores);
}

void sched_restrict(struct thread *thread, uint64_t cores)
{
	struct core *core;

	hvm_store_relaxed(&thread->cores, cores);
	hvm_fence_full();
	core = core_at(hvm_load_relaxed(&thread->core));
	if (sched_may_run(core, thread))
		return;
	hvm_store_relaxed(&core->misplaced, true);
	if (core == core_self() && thread == core->thread)
		sched_yield(core);
	else if (core == core_self())
		collect(core);
	else
		apic_send(core->control->apic_id, HVM_VECTOR_DOORBELL);
}

void sched_barrier(void)
{
	const struct core *own = core_self();

	hvm_fence_full();
	for (uint32_t i = 0; i < partition->core_count; i++) {
		struct core *core = core_at(i);
		uint32_t wanted;

		if (core == own || hvm_load_relaxed(&core->group) != own->group)
			continue;
		wanted = __atomic_add_fetch(&core->barrier, 1, __ATOMIC_SEQ_CST);
		apic_send(core->control->apic_id, HVM_VECTOR_DOORBELL);
		while ((int32_t)(hvm_load_acquire(&core->barrier_ack) - wanted) < 0) {
			cpu_interrupt_window(); /* for the barriers of others */
			if (own->stop_requested)
				core_obey_stop(core_self());
		}
	}
}

void sched_give_way(void)
{
	struct core *core = core_self();

	sched_yield(core);
	cpu_interrupt_window();
	core = core_self();
	if (core->stop_requested)
		core_obey_stop(core);
}

void sched_let_others(struct core *core)
{
	if (!sched_may_run(core, core->thread)) {
		sched_yield(core);
		core = core_self();
	}
	if (!sched_is_shared(core))
		return;
	collect(core);
	arm_tick(core);
}

bool sched_interrupt(struct core *core, bool turn)
{
	collect(core);
	if (!sched_may_run(core, core->thread))
		return true;
	if (!turn) {
		arm_tick(core);
		return false;
	}
	return core->ready;
}

void sched_preempt(const struct hvm_regs *regs)
{
	struct core *core = core_self();

	core->thread->entry = regs;
	core->thread->counts->preemptions += core->ready != NULL;
	sched_yield(core);
}

/* @dead ended and nobody is on its stack any more. */
static void bury(struct core *core, struct thread *dead)
{
	__atomic_fetch_sub(&core->load, 1, __ATOMIC_RELAXED);
	set_live(thread_index(dead), false);
	if (dead->last)
		thread_post_exit(dead, dead->status);
	else if (dead != thread_at(dead->job->first_slot)) /* its tid is the process */
		job_release(dead->job, dead);
	else
		__atomic_fetch_sub(&dead->job->ending, 1, __ATOMIC_RELEASE);
}

/* On the core's idle stack, with interrupts off. */
static void run_idle(void)
{
	struct core *core = core_self();
	uint64_t deadline = 1;

	settle(core);
	for (;;) {
		struct thread *dead = core->dead, *next;

		core->dead = NULL;
		if (dead)
			bury(core, dead);
		next = next_thread(core);
		if (next) {
			load_context(core, next, ~next->gs_base);
			arm_tick(core);
			thread_resume(next->rsp);
		}
		idle(core, NULL, NULL, &deadline);
	}
}

_Noreturn void sched_exit(struct thread *thread, bool last, uint64_t status)
{
	struct core *core = core_self();
	struct hvm_slot *slot = thread->slot;

	thread->last = last;
	thread->status = status;
	hvm_store_relaxed(&slot->ended_cycles, slot->ended_cycles + cpu_tsc() - slot->stats.start_tsc);
	hvm_store_relaxed(&slot->stats.start_tsc, 0);
	core->dead = thread;
	core->thread = NULL;
	core_switch_to_idle((uint64_t)core + CORE_AREA_SIZE, run_idle);
}

_Noreturn void sched_idle(struct core *core)
{
	core_switch_to_idle((uint64_t)core + CORE_AREA_SIZE, run_idle);
}

void sched_join(struct core *core, uint64_t group, bool pool)
{
	core->thread = NULL;
	core->load = 0;
	core->discard = (struct discard_counts){0}; /* the last job's end was a request that never ended */
	lock_take(&core->lock);
	core->ready = core->waiting = core->displaced = core->blocked = core->dead = NULL;
	hvm_store_relaxed(&core->group, group);
	core->renewal.space = 0;
	core->pool = pool;
	if (pool)
		ptask_join(group);
	core->ptask = NULL;
	core->pool_worker = NULL;
	lock_release(&core->lock);
}

void sched_begin(struct core *core, uint64_t space, uint32_t slot, uint32_t call_slot, uint32_t copy, uint32_t flags)
{
	core->load = 1;
	push(core, first_of(space, core->group, slot, call_slot, copy, flags));
}

static bool is_of(const struct thread *thread, uint64_t space)
{
	return thread && (thread->space == space || space == HVM_STOP_GROUP);
}

/* Take the threads of @space out of a list; its last one, if any stay. */
static struct thread *filter(struct thread **list, uint64_t space)
{
	struct thread *last = NULL;

	while (*list) {
		if (is_of(*list, space)) {
			hvm_store_relaxed(list, (*list)->next);
		} else {
			last = *list;
			list = &last->next;
		}
	}
	return last;
}

/* Where the program was: for the report of whoever ended it. */
static void save_registers(struct core *core, struct thread *thread)
{
	if (!thread->entry)
		return;
	thread->slot->regs = *thread->entry;
	thread->slot->regs.cr2 = 0;
	thread->slot->regs.fs_base = thread == core->thread ? cpu_read_fs_base() : thread->fs_base;
}

void sched_drop(struct core *core, uint64_t space)
{
	lock_take(&core->lock);
	core->ready_last = filter(&core->ready, space);
	lock_release(&core->lock);
	filter(&core->waiting, space);
	timer_forget(core, space);
	ptask_drop(core, space);
	if (is_of(core->dead, space))
		core->dead = NULL;
	for (uint32_t i = 0; i < thread_count(); i++) {
		struct thread *thread = thread_at(i);

		if (!live[i / 64]) {
			i |= 63;
			continue;
		}
		if (!is_live(i) || thread->group != core->group || !is_of(thread, space) ||
		    hvm_load_relaxed(&thread->core) != core->index)
			continue;
		save_registers(core, thread);
		set_live(i, false);
		__atomic_fetch_sub(&core->load, 1, __ATOMIC_RELAXED);
	}
}

void sched_leave(struct core *core)
{
	sched_drop(core, HVM_STOP_GROUP);
	lock_take(&core->lock);
	hvm_store_relaxed(&core->group, 0);
	core->pool = false;
	core->ready = NULL;
	lock_release(&core->lock);
}
