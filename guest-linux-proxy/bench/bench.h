/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hvm-bench: the metrics of `hvm bench`, measured in the guest beside their peers.
 *
 *	hrt.c	 a partition, and a job with one core whose worker calls functions; who called serves their system calls
 *	call.c	 calls as libhvm makes them
 *	peer.c	 what the HRT is compared with in the Linux partition
 *	noise.c	 fixed work quantum and detours (hvm bench noise)
 *	threads.c what threads cost where the program itself runs
 *	primitives.c the same by hrt.h
 *	openmp.c what OpenMP costs there
 *	ptask.c groups of tasks on a pool of all HRT cores
 *	main.c	 the metrics and how they are printed
 *
 * Medians and spreads are shared-memory-ipc/bench/measure.c.
 */
#ifndef HVM_BENCH_H
#define HVM_BENCH_H

#include <hvm/device.h>
#include <hvm/slot.h>

#include "measure.h"

/* hrt.c */
typedef uint64_t hrt_function(uint64_t a, uint64_t b);
struct hrt_line {
	uint64_t head; /* raised with each call */
	hrt_function *function;
	uint64_t arg[2];
	uint64_t result;
	uint64_t done; /* head, when it is done */
	uint32_t sleeping __attribute__((aligned(64)));
};
struct hrt {
	int admin; /* bare handle */
	int job;
	char name[HVM_NAME_MAX];
	uint32_t tsc_khz;
	uint32_t first_cpu;    /* Linux's number of the partition's core 0 */
	struct hvm_slot *own;  /* the worker's system calls and faults */
	struct hrt_line *line; /* our calls of it */
	void *stack;	       /* the worker's */
	uint64_t served;       /* tag of the last request served on own */
};
/** Both print what is wrong and what to do, and end the program, if the partition cannot be used. */
void hrt_open(struct hrt *hrt, const char *partition);
void hrt_reboot(struct hrt *hrt, double *first_instruction_ns, double *ready_ns);
void hrt_attach(struct hrt *hrt);
void hrt_detach(struct hrt *hrt);
/** How the caller waits for the forwarded system calls of the function that it called. */
enum serving { SERVE_POLLING, SERVE_ASLEEP };
/** Call @function(@a, @b) on the HRT core; @forwards system calls of it are served as @serving says. */
int64_t hrt_call(struct hrt *hrt, void *function, uint64_t a, uint64_t b, uint64_t forwards, enum serving serving);
/** The same in two steps, to do something else meanwhile; nobody serves the function until the second. */
uint64_t hrt_call_post(struct hrt *hrt, void *function, uint64_t a, uint64_t b);
int64_t hrt_call_wait(struct hrt *hrt, uint64_t tag, uint64_t forwards, enum serving serving);
uint64_t tsc_now(void);
double tsc_to_ns(const struct hrt *hrt, uint64_t cycles);

/* peer.c; all answer nanoseconds an operation */
double peer_spawn(const struct hrt *hrt, const char *self);
double peer_getppid(const struct hrt *hrt, unsigned int rounds);
double peer_getpid(const struct hrt *hrt, unsigned int rounds);
double peer_futex(const struct hrt *hrt, unsigned int rounds);
/** A request and its answer between two processes that sleep. */
double peer_eventfd(const struct hrt *hrt, unsigned int rounds);

/* call.c: with all of the partition's cores, none of which has a job. */
struct call_metrics {
	struct metric sync, sync_line, async, parallel, merge;
};
void calls(struct hrt *hrt, struct call_metrics *metrics);

/* noise.c: measure @hrt and the CPU of the caller, each way for @seconds (1..NOISE_SECONDS_MAX), and print JSON. */
#define NOISE_SECONDS_MAX 30u
void noise(struct hrt *hrt, unsigned int seconds);

__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

/* threads.c: print JSON. */
#define BENCH_ROUNDS 400
void threads(void);

/* primitives.c */
void primitives(void);

/* ptask.c: print JSON. */
void ptask(void);

/* openmp.c: with @count threads. */
#define OPENMP_THREADS_MAX 256u
void openmp(unsigned int count);

#endif
