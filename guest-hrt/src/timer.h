/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time on an HRT core: waits with a timeout, and the tick by which threads share a core. Each core has a queue, and its
 * local APIC's timer interrupts it for the next one only; nobody waiting, no interrupt. Times are TSC cycles.
 */
#ifndef HRT_TIMER_H
#define HRT_TIMER_H

#include "core.h"

#define TIMER_NEVER (~0ull)

/** End @thread's wait by futex_cancel(@thread, -ETIMEDOUT) when @deadline has come. Interrupts are off. */
void timer_start(struct thread *thread, uint64_t deadline);

/** The running thread's wait ended, by its timer or not. Interrupts are off. */
void timer_stop(struct thread *thread);

/** Tick once, in @cycles, if none comes before. Interrupts are off. */
void timer_tick(struct core *core, uint64_t cycles);

/** The timer's interrupt: wake who waited long enough. True if threads were woken, or a tick came. */
bool timer_interrupt(struct core *core);

/** Nobody of @space, or of the core's group (HVM_STOP_GROUP), waits any more. Interrupts are off. */
void timer_forget(struct core *core, uint64_t space);

/** The job's clock CLOCK_MONOTONIC, nanoseconds; may ask the proxy. Interrupts are off after it. */
uint64_t timer_monotonic(struct thread *thread);

/** Cycles in @ns nanoseconds, rounded up; TIMER_NEVER for a century. */
uint64_t timer_cycles(uint64_t seconds, uint64_t ns);

#endif
