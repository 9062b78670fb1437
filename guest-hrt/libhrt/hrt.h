/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hrt.h: the aerokernel's own primitives, after Nautilus. Link with -lhrt (pkg-config hrt).
 *
 * On an HRT core they go to the aerokernel by a call, without a system call, through the object that AT_SYSINFO_EHDR
 * names. The same program runs on plain Linux, where they go to futex(2) and signals.
 *
 * They mix freely with POSIX threads and with each other: any thread may use them. Objects are made by their
 * initialisers (or zeroed memory), need no end, and are shared by the threads of one process, not between processes.
 *
 * What can fail returns 0 or a negative errno value, listed with it. Times are nanoseconds; a deadline is absolute, by
 * CLOCK_MONOTONIC. Nothing but hrt_mutex_trylock, the wakes (hrt_event_wake, hrt_event_wake_all) and hrt_core_number
 * may be used in a signal's handler or in a function of hrt_thread_interrupt.
 */
#ifndef HRT_H
#define HRT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

#define HRT_CACHE_LINE 64
#define HRT_FOREVER    UINT64_MAX

/** True on an HRT core, false on plain Linux. */
bool hrt_available(void);

/** CLOCK_MONOTONIC now, nanoseconds; no system call. */
uint64_t hrt_now(void);

/* ---- Threads. Each has its own C library state: they come from a pool, whose threads wait for a function. */

struct hrt_thread;

/**
 * Run @function(@argument) on another thread. -EAGAIN: no more threads can be had.
 * The thread must be joined, once, by any thread, and @function must return. Thread-local data may be what the pool's
 * thread had before.
 */
int hrt_thread_create(struct hrt_thread **thread, void *(*function)(void *), void *argument);

/** Wait for its end; returns what its function returned. */
void *hrt_thread_join(struct hrt_thread *thread);

/** The calling thread, also if something else made it. Its record lives as long as the thread. NULL: no memory. */
struct hrt_thread *hrt_thread_self(void);

/** Let the other threads of this core go first. */
void hrt_thread_yield(void);

/**
 * Make @thread call @function(@argument) at once: a thread that computes is interrupted between two of its instructions
 * (by an inter-processor interrupt, not by Linux), one that waits in this library goes on to wait after it. @function
 * may use what a signal's handler may. May be called from anywhere.
 * -EAGAIN: the thread has not begun its own function yet, or the last one. -ESRCH: it has ended.
 */
int hrt_thread_interrupt(struct hrt_thread *thread, void (*function)(void *), void *argument);

/* ---- Fibers: flows of control that take turns on one thread. They cost some instructions a switch and no kernel. */

struct hrt_fiber;

/**
 * A fiber that will run @function(@argument) on a stack of @stack_size bytes (0: 64 KiB; rounded up to pages, a guard
 * page below). -ENOMEM.
 */
int hrt_fiber_create(struct hrt_fiber **fiber, size_t stack_size, void (*function)(void *), void *argument);

/**
 * Run it, on the calling thread, until it yields or ends; true if it ended. One fiber may run others. A fiber may go on
 * on another thread than where it yielded, if its code keeps nothing of a thread (errno, thread-local data).
 */
bool hrt_fiber_run(struct hrt_fiber *fiber);

/** Back to who runs the calling fiber. Outside of a fiber: nothing. */
void hrt_fiber_yield(void);

/** The calling fiber, NULL outside. */
struct hrt_fiber *hrt_fiber_self(void);

/** Free one that does not run. If it has not ended, what is on its stack is forgotten. */
void hrt_fiber_destroy(struct hrt_fiber *fiber);

/* ---- Events: wakes are remembered, so none is lost that comes before its wait. */

struct hrt_event {
	uint64_t state; /* waiters (32 bits), times all were woken (16), wakes that nobody took yet (16) */
};
#define HRT_EVENT_INIT                                                                                                 \
	{                                                                                                              \
		0                                                                                                      \
	}

/** Take a wake, or wait for one. */
void hrt_event_wait(struct hrt_event *event);

/** The same until @deadline. -ETIMEDOUT. */
int hrt_event_wait_until(struct hrt_event *event, uint64_t deadline);

/** Let one thread through, now or later. -EOVERFLOW: 65535 wakes were not taken. */
int hrt_event_wake(struct hrt_event *event);

/** Let all threads through that wait now. Not remembered. */
void hrt_event_wake_all(struct hrt_event *event);

/* ---- Mutual exclusion. Not recursive; whoever finds it free gets it. */

struct hrt_mutex {
	uint32_t state;
};
#define HRT_MUTEX_INIT                                                                                                 \
	{                                                                                                              \
		0                                                                                                      \
	}

void hrt_mutex_lock(struct hrt_mutex *mutex);
/** True if it was free and is the caller's now. */
bool hrt_mutex_trylock(struct hrt_mutex *mutex);
void hrt_mutex_unlock(struct hrt_mutex *mutex);

/* ---- Condition variables. As POSIX's: a wait may end for no reason, so look at the condition again. */

struct hrt_condition {
	uint32_t sequence;
	uint32_t waiters;
};
#define HRT_CONDITION_INIT                                                                                             \
	{                                                                                                              \
		0, 0                                                                                                   \
	}

/** With @mutex held: give it back, wait, take it again. */
void hrt_condition_wait(struct hrt_condition *condition, struct hrt_mutex *mutex);
/** The same until @deadline. -ETIMEDOUT. */
int hrt_condition_wait_until(struct hrt_condition *condition, struct hrt_mutex *mutex, uint64_t deadline);
void hrt_condition_signal(struct hrt_condition *condition);
void hrt_condition_broadcast(struct hrt_condition *condition);

/* ---- Barriers for a fixed number of threads, again and again. */

struct hrt_barrier {
	uint32_t generation;
	uint32_t parties;
	uint32_t arrived __attribute__((aligned(HRT_CACHE_LINE)));
};

/** @parties > 0. */
void hrt_barrier_init(struct hrt_barrier *barrier, uint32_t parties);
/** Wait until all have come; true for the one that came last. What they did before is seen by all after. */
bool hrt_barrier_wait(struct hrt_barrier *barrier);

/* ---- Tasks: functions that run to their ends, on a thread for each core of the process, which steal from each other.
 */

struct hrt_group {
	uint32_t state; /* twice the tasks that have not ended, plus 1 if somebody waits */
};
#define HRT_GROUP_INIT                                                                                                 \
	{                                                                                                              \
		0                                                                                                      \
	}

/**
 * Run @function(@argument) some time on some core, as a part of @group. Tasks may submit tasks, and wait for groups
 * that they made. -ENOMEM.
 */
int hrt_task_submit(struct hrt_group *group, void (*function)(void *), void *argument);

/** Run tasks until all of @group's have ended. */
void hrt_task_wait(struct hrt_group *group);

/* ---- Cores. A thread may change its core at any time, unless it is bound to one (sched_setaffinity). */

/** The core that the caller runs on, 0 .. */
uint32_t hrt_core_number(void);

/** Cores that the process could use when it started. */
uint32_t hrt_core_count(void);

/** Memory of @size bytes for each core, zeroed, in cache lines of its own. NULL: no memory. */
struct hrt_core_local;
struct hrt_core_local *hrt_core_local_create(size_t size);
/** The caller's core's. Other threads of that core come there as well: use atomic operations, they are cheap there. */
void *hrt_core_local_mine(struct hrt_core_local *local);
/** Core number @core's, to sum up. */
void *hrt_core_local_of(struct hrt_core_local *local, uint32_t core);
void hrt_core_local_destroy(struct hrt_core_local *local);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
