/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ptasks: groups of tasks from several processes on the cores of a pool, in one queue. Tasks run to completion: a core
 * keeps to a group until nothing of it is left to begin, unless the group asks for turns, and nothing interrupts a task
 * for another. Each process has a worker on each core of the pool (HVM_THREAD_WORKER); the kernel hands it ranges of
 * task numbers, and what a task is only the process knows. A core chooses for itself: the first group, in the order
 * in which they were submitted, that it may run.
 *
 * Source: Basslet (Giceva et al., "Customized OS support for data-processing", DaMoN 2016) for run-to-completion ptasks
 * in a runtime that owns the cores; gangs for programs whose tasks wait for each other (Ousterhout 1982).
 */
#ifndef HRT_PTASK_H
#define HRT_PTASK_H

#include "core.h"

/** The worker @thread finished what it was given, if it was; give it the next range, in its slot (hvm/slot.h). */
int64_t ptask_next(struct thread *thread);

/** Look for something that an idle core of a pool may run; true if a worker of its can run now. Interrupts are off. */
bool ptask_offer(struct core *core);

/** True if an idle core of a pool has nothing of a worker's that is under way. */
static inline bool ptask_is_open(const struct core *core)
{
	return core->pool && !core->pool_worker;
}

/** A core joins the pool that is core group @group: a new one has nothing of the one before. Interrupts are off. */
void ptask_join(uint64_t group);

/** Before and after an idle core of a pool halts: who submits then must ring. Interrupts are off. */
void ptask_halts(struct core *core);
void ptask_wakes(struct core *core);

/** In the doorbell: take what was submitted while the cores are busy, so that its process need not wait for them. */
void ptask_doorbell(const struct core *core);

/** @core leaves @space: drop its groups and its workers here. Interrupts are off. */
void ptask_drop(struct core *core, uint64_t space);

#endif
