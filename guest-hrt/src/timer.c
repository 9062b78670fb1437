/* SPDX-License-Identifier: Apache-2.0 */
#include "timer.h"
#include "apic.h"
#include "cpu.h"
#include "futex.h"
#include "job.h"
#include "lock.h"

#define ETIMEDOUT 110

#define CLOCK_MONOTONIC	     1
#define CENTURY_SECONDS	     3155760000ull
#define CLOCK_SAMPLE_SECONDS 60 /* Linux may slew its clock against the TSC, by at most 500 ppm */

/* The APIC's timer is set only when another time is next. The core's timer lock is held. */
static void arm(struct core *core)
{
	uint64_t next = core->timers ? core->timers->deadline : 0;

	if (core->tick_at && (!next || core->tick_at < next))
		next = core->tick_at;
	if (next == core->armed_at)
		return;
	core->armed_at = next;
	if (next)
		apic_timer_start(next);
	else
		apic_timer_stop();
}

void timer_start(struct thread *thread, uint64_t deadline)
{
	struct core *core = core_self();
	struct thread **link = &core->timers;

	lock_take(&core->timer_lock);
	while (*link && (*link)->deadline <= deadline)
		link = &(*link)->timer_next;
	thread->deadline = deadline;
	thread->timer_next = *link;
	thread->timer_core = core;
	*link = thread;
	arm(core);
	lock_release(&core->timer_lock);
}

/* Perhaps from another core than it was started on, whose timer then comes for nothing once. */
void timer_stop(struct thread *thread)
{
	struct core *core = thread->timer_core;
	struct thread **link;

	lock_take(&core->timer_lock);
	for (link = &core->timers; *link; link = &(*link)->timer_next) {
		if (*link != thread)
			continue;
		*link = thread->timer_next;
		break;
	}
	if (core == core_self())
		arm(core);
	lock_release(&core->timer_lock);
}

void timer_tick(struct core *core, uint64_t cycles)
{
	core->tick_at = cpu_tsc() + cycles;
	if (!core->armed_at || core->tick_at < core->armed_at) {
		core->armed_at = core->tick_at;
		apic_timer_start(core->armed_at);
	}
}

/*
 * The lock is held while a wait is ended, so that the thread, which takes it in timer_stop, does not begin another one
 * before.
 */
bool timer_interrupt(struct core *core)
{
	bool woken = false, tick;
	uint64_t now;

	lock_take(&core->timer_lock);
	now = cpu_tsc();
	core->armed_at = 0;
	while (core->timers && core->timers->deadline <= now) {
		struct thread *thread = core->timers;

		core->timers = thread->timer_next;
		woken |= futex_cancel(thread, -ETIMEDOUT);
	}
	tick = core->tick_at && core->tick_at <= now;
	if (tick)
		core->tick_at = 0;
	arm(core);
	lock_release(&core->timer_lock);
	return woken || tick;
}

void timer_forget(struct core *core, uint64_t space)
{
	struct thread **link = &core->timers;

	lock_take(&core->timer_lock);
	while (*link)
		if (space == HVM_STOP_GROUP || (*link)->space == space)
			*link = (*link)->timer_next;
		else
			link = &(*link)->timer_next;
	if (space == HVM_STOP_GROUP)
		core->tick_at = 0;
	arm(core);
	lock_release(&core->timer_lock);
}

uint64_t timer_cycles(uint64_t seconds, uint64_t ns)
{
	uint64_t khz = partition->tsc_khz;

	if (seconds > CENTURY_SECONDS)
		return TIMER_NEVER;
	return seconds * 1000 * khz + (ns * khz + 999999) / 1000000;
}

static uint64_t nanoseconds(uint64_t cycles)
{
	uint64_t khz = partition->tsc_khz ? partition->tsc_khz : 1;

	return cycles / khz * 1000000 + cycles % khz * 1000000 / khz;
}

uint64_t timer_monotonic(struct thread *thread)
{
	static const uint64_t arg[HVM_SLOT_ARGS] = {CLOCK_MONOTONIC};
	struct job_clock *clock = &thread->job->clock;
	uint64_t ns, now;

	lock_take(&clock->lock);
	if (clock->ns && cpu_tsc() - clock->tsc < timer_cycles(CLOCK_SAMPLE_SECONDS, 0)) {
		ns = clock->ns + nanoseconds(cpu_tsc() - clock->tsc);
		lock_release(&clock->lock);
		return ns;
	}
	lock_release(&clock->lock);
	ns = (uint64_t)thread_forward(thread, HVM_NR_CLOCK, arg);
	now = hvm_load_relaxed(&thread->slot->arg[1]);
	lock_take(&clock->lock);
	clock->ns = ns;
	clock->tsc = now;
	lock_release(&clock->lock);
	return ns + nanoseconds(cpu_tsc() - now);
}
