/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of functions on HRT cores as libhvm makes them, and attaching. */
#include <hvm.h>
#include <math.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define SYNC_ROUNDS	2000
#define PARALLEL_ROUNDS 500
#define ASYNC_ROUNDS	20
#define HANDOFF_ROUNDS	100
#define REFERENCE	200	/* rounds of a reference ping-pong */
#define ASLEEP_NS	2000000 /* that a function takes whose caller is to sleep: longer than libhvm polls */

static struct hvm *hvm;

static void check(int err, const char *what)
{
	if (err)
		die("%s: %s (%s)", what, strerror(-err), hvm_problem());
}

/* ---- functions that HRT cores run ---- */

static uint64_t add(uint64_t a, uint64_t b)
{
	return a + b;
}

static uint64_t nothing(void)
{
	return 0;
}

static uint64_t answer_line(uint64_t *word, uint64_t rounds)
{
	for (uint64_t i = 0; i < rounds; i++) {
		while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != 2 * i + 1)
			;
		__atomic_store_n(word, 2 * i + 2, __ATOMIC_RELEASE);
	}
	return 0;
}

struct span {
	double start, end;
};

static uint64_t compute(struct span *span)
{
	span->start = now_ns();
	do
		span->end = now_ns();
	while (span->end - span->start < ASLEEP_NS);
	return 0;
}

/* ---- what is measured; nanoseconds each ---- */

static double ping_pong(uint64_t rounds)
{
	static uint64_t line[8] __attribute__((aligned(64)));
	struct hvm_work work = *HVM_WORK(answer_line, line, rounds);
	struct hvm_future future;
	double start = 0;

	work.core = 0;
	line[0] = 0;
	check(hvm_submit(hvm, &work, &future), "ping-pong with an HRT core");
	for (uint64_t i = 0; i < rounds; i++) {
		if (i == 1)
			start = now_ns(); /* the first answer also waited for the function */
		__atomic_store_n(&line[0], 2 * i + 1, __ATOMIC_RELEASE);
		while (__atomic_load_n(&line[0], __ATOMIC_ACQUIRE) != 2 * i + 2)
			;
	}
	start = now_ns() - start;
	check(hvm_wait(hvm, &future, NULL), "ping-pong with an HRT core");
	return start / (double)(rounds - 1);
}

static double reference(void *unused)
{
	(void)unused;
	return ping_pong(REFERENCE);
}

static double line_alone(void *unused)
{
	(void)unused;
	return ping_pong(SYNC_ROUNDS);
}

static double lines_of_all(void *unused)
{
	return hvm_cores(hvm) * line_alone(unused);
}

static double sync_calls(void *unused)
{
	struct hvm_work work = *HVM_WORK(add, 0, 1);
	double start = now_ns();
	uint64_t sum;

	(void)unused;
	work.core = 0;
	for (uint64_t i = 0; i < SYNC_ROUNDS; i++) {
		work.arg[0] = i;
		if (hvm_call(hvm, &work, &sum) || sum != i + 1)
			die("a call of a function on the HRT came back with a wrong result");
	}
	return (now_ns() - start) / SYNC_ROUNDS;
}

static double getppid_calls(void *hrt)
{
	return peer_getppid(hrt, SYNC_ROUNDS);
}

/* What is left of a call and its wait without the function itself. */
static double async_calls(void *unused)
{
	double sum = 0;

	(void)unused;
	for (unsigned int i = 0; i < ASYNC_ROUNDS; i++) {
		struct hvm_future future;
		struct span span;
		double start = now_ns();

		check(hvm_submit(hvm, HVM_WORK(compute, &span), &future), "hvm_submit");
		check(hvm_wait(hvm, &future, NULL), "hvm_wait");
		sum += span.start - start + now_ns() - span.end;
	}
	return sum / ASYNC_ROUNDS;
}

static double eventfd_handoff(void *hrt)
{
	return peer_eventfd(hrt, HANDOFF_ROUNDS);
}

static double parallel_calls(void *unused)
{
	double start = now_ns();

	(void)unused;
	for (unsigned int i = 0; i < PARALLEL_ROUNDS; i++)
		check(hvm_call_all(hvm, HVM_WORK(nothing), 0, NULL), "hvm_call_all");
	return (now_ns() - start) / PARALLEL_ROUNDS;
}

static double merge(void *unused)
{
	(void)unused;
	check(hvm_detach(hvm), "hvm_detach");
	check(hvm_attach(hvm, 0), "hvm_attach");
	return (double)hvm_merge_ns(hvm);
}

static double spawn(void *hrt)
{
	return peer_spawn(hrt, "/proc/self/exe");
}

/* Attaching takes the cores along: nothing to refer to. */
static double steady(void *unused)
{
	(void)unused;
	return 1;
}

void calls(struct hrt *hrt, struct call_metrics *metrics)
{
	check(hvm_open(&hvm, hrt->name), "hvm_open");
	check(hvm_attach(hvm, 0), "hvm_attach");
	metric_measure(&metrics->sync, &(struct comparison){sync_calls, getppid_calls, reference, hrt, METRIC_BATCHES});
	metric_measure(&metrics->sync_line,
		       &(struct comparison){sync_calls, line_alone, reference, hrt, METRIC_BATCHES});
	metric_measure(&metrics->async,
		       &(struct comparison){async_calls, eventfd_handoff, reference, hrt, METRIC_BATCHES});
	metric_measure(&metrics->parallel,
		       &(struct comparison){parallel_calls, lines_of_all, reference, hrt, METRIC_BATCHES});
	metric_measure(&metrics->merge, &(struct comparison){merge, spawn, steady, hrt, METRIC_BATCHES});
	hvm_close(hvm);
}
