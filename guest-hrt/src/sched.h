/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads on cores. The cores of a group run the threads of a job and of its child processes, each of which has a space
 * of its own; a core loads that of the thread that it runs. Each core has a queue of threads that can run; one that
 * waits for its proxy gives the core to the next, and a program is interrupted only while another thread waits for its
 * core. An idle core takes from the others' queues.
 */
#ifndef HRT_SCHED_H
#define HRT_SCHED_H

#include "core.h"

/** Become one of the cores of @group, with no thread yet. @pool: it is one (ptask.h). Interrupts are off. */
void sched_join(struct core *core, uint64_t group, bool pool);

/**
 * Put the first thread of @space, that of slot @slot, on this core. @call_slot: hvm_core.call_slot. @copy: 1 + the slot
 * of the thread whose vector registers it gets, or 0. @flags: hvm_core.flags. Interrupts are off.
 */
void sched_begin(struct core *core, uint64_t space, uint32_t slot, uint32_t call_slot, uint32_t copy, uint32_t flags);

/** The same for a core that runs its group already; the thread goes to the core that has the fewest. In an interrupt.
 */
void sched_accept(struct core *core, uint64_t space, uint32_t slot, uint32_t call_slot, uint32_t copy, uint32_t flags);

/** Leave the present stack, whose thread is gone, and run what there is. Interrupts are off. */
_Noreturn void sched_idle(struct core *core);

/** Make a new one of @thread; its first registers are in its slot. */
void sched_prepare(struct thread *thread, struct job *job);

/** Start it on the core of the running core's group that has the fewest. Interrupts are off. */
void sched_start(struct thread *thread);

/** True if a thread other than the running one wants this core, now or once its proxy answers. */
static inline bool sched_is_shared(const struct core *core)
{
	return ((uint64_t)core->ready | (uint64_t)core->waiting) != 0;
}

static inline bool sched_may_run(const struct core *core, const struct thread *thread)
{
	return hvm_load_relaxed(&thread->cores) >> core->number & 1;
}

/** Wait until the request @tag of @thread is answered, and let others run meanwhile. Interrupts are off after.
 */
int64_t sched_wait(struct thread *thread, uint64_t tag);

/**
 * Wait for another thread. First sched_prepare_block; then whoever is to wake it may learn of it; then sched_block,
 * which returns after sched_unblock was called, at most once, from any core. Interrupts are off.
 */
void sched_prepare_block(struct thread *thread);
void sched_block(struct thread *thread);
void sched_unblock(struct thread *thread);

/** End the waits for each other of threads on @core that have a signal. Interrupts are off. */
void sched_signal(struct core *core);

/** Halt until an interrupt, or let others run. Interrupts are off, and on meanwhile; nothing is held. */
void sched_halt(struct core *core);

/** Let the others that can run go first. Interrupts are off. */
void sched_yield(struct core *core);

/** The same, and other cores can ring. For a thread that waits for another to get on. */
void sched_give_way(void);

/** Cores of the job that @core runs, a bit for each number. */
uint64_t sched_cores(const struct core *core);

/** Let @thread run on @cores only; it leaves any other at the next chance. Interrupts are off. */
void sched_restrict(struct thread *thread, uint64_t cores);

/** Return when every other core of the job has ordered its memory accesses. Interrupts are off, but for moments. */
void sched_barrier(void);

bool sched_is_live(const struct thread *thread);

/** The end of the running thread; the @last one's server ends the process with @status. Interrupts are off. */
_Noreturn void sched_exit(struct thread *thread, bool last, uint64_t status);

/** What sched_resume does if there are others, or if the thread may not run here. */
void sched_let_others(struct core *core);

/**
 * Before a thread that waited in the kernel with interrupts on goes back to its program: a doorbell or tick for another
 * thread that came meanwhile was left to this. Interrupts are off, and stay so until the program runs.
 */
static inline void sched_resume(void)
{
	struct core *core = core_self();

	if (__builtin_expect(!sched_may_run(core, core->thread) || sched_is_shared(core), 0))
		sched_let_others(core);
}

/** An interrupt of a program; @turn: another thread's turn has come. True if the program must give way. */
bool sched_interrupt(struct core *core, bool turn);

/** Give way; @regs is on the thread's kernel stack. Interrupts are off. */
void sched_preempt(const struct hvm_regs *regs);

/** Forget the threads of @space that are this core's, with their registers in their slots. Interrupts are off. */
void sched_drop(struct core *core, uint64_t space);

/** Leave the group: forget all its threads here. Interrupts are off. */
void sched_leave(struct core *core);

#endif
