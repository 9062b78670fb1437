/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of tasks (hvm_ptask.h) on a pool of all HRT cores, beside the same by threads of Linux on as many of its CPUs,
 * at most: what a task costs, and to have one null task done on each core and know it. Linux' threads sleep by futex
 * between groups, and take tasks from a counter as libgomp's do with schedule(dynamic).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <hvm_ptask.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define TASKS  200000
#define GROUPS 200

static struct hvm *hvm;
static unsigned int cores;

static void null_task(uint64_t number, void *argument)
{
	__asm__ volatile("" : : "r"(number), "r"(argument));
}

static void run_group(uint64_t count, uint32_t range)
{
	const struct hvm_group_options options = {.range = range};
	struct hvm_group group;
	int err = hvm_group_submit(hvm, &group, null_task, NULL, count, &options);

	if (err || (err = hvm_group_wait(hvm, &group)))
		die("a group of tasks: %s", strerror(-err));
}

static double tasks_in_ranges(uint32_t range)
{
	double before = now_ns();

	run_group(TASKS, range);
	return (now_ns() - before) / TASKS;
}

static double throughput(void)
{
	return tasks_in_ranges(0);
}

static double throughput_single(void)
{
	return tasks_in_ranges(1);
}

static double group_wait(void)
{
	double before = now_ns();

	for (int i = 0; i < GROUPS; i++)
		run_group(cores, 1);
	return (now_ns() - before) / GROUPS;
}

/* Linux: a team of threads, the caller not among them. */
struct team {
	uint32_t round, left; /* futexes */
	uint64_t next, count, range;
	unsigned int width;
};
static struct team team;

static void futex(uint32_t *word, int operation, uint32_t value)
{
	syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

static void take_tasks(void)
{
	uint64_t first;

	while ((first = __atomic_fetch_add(&team.next, team.range, __ATOMIC_RELAXED)) < team.count)
		for (uint64_t i = first; i < first + team.range && i < team.count; i++)
			null_task(i, NULL);
}

static void *member(void *unused)
{
	uint32_t seen = 0;

	for (;;) {
		while (__atomic_load_n(&team.round, __ATOMIC_ACQUIRE) == seen)
			futex(&team.round, FUTEX_WAIT_PRIVATE, seen);
		seen++;
		take_tasks();
		if (__atomic_sub_fetch(&team.left, 1, __ATOMIC_ACQ_REL) == 0)
			futex(&team.left, FUTEX_WAKE_PRIVATE, 1);
	}
	return unused;
}

static void run_round(uint64_t count, uint64_t range)
{
	uint32_t left;

	team.next = 0;
	team.count = count;
	team.range = range;
	__atomic_store_n(&team.left, team.width, __ATOMIC_RELAXED);
	__atomic_add_fetch(&team.round, 1, __ATOMIC_RELEASE);
	futex(&team.round, FUTEX_WAKE_PRIVATE, team.width);
	while ((left = __atomic_load_n(&team.left, __ATOMIC_ACQUIRE)))
		futex(&team.left, FUTEX_WAIT_PRIVATE, left);
}

/* As long as the aerokernel's: an eighth of a core's part. */
static uint64_t fair_range(void)
{
	return TASKS / (8 * team.width);
}

static double linux_in_ranges(uint64_t range)
{
	double before = now_ns();

	run_round(TASKS, range);
	return (now_ns() - before) / TASKS;
}

static double linux_throughput(void)
{
	return linux_in_ranges(fair_range());
}

static double linux_throughput_single(void)
{
	return linux_in_ranges(1);
}

static double linux_group_wait(void)
{
	double before = now_ns();

	for (int i = 0; i < GROUPS; i++)
		run_round(team.width, 1);
	return (now_ns() - before) / GROUPS;
}

static void start_team(void)
{
	cpu_set_t cpus;
	pthread_t thread;

	sched_getaffinity(0, sizeof(cpus), &cpus);
	team.width = (unsigned int)CPU_COUNT(&cpus) < cores ? (unsigned int)CPU_COUNT(&cpus) : cores;
	for (unsigned int i = 0; i < team.width; i++)
		if (pthread_create(&thread, NULL, member, NULL))
			die("no thread: %s", strerror(errno));
}

struct pair {
	const char *name;
	double (*own)(void), (*peer)(void);
};

#define BATCHES 15

/* In turns, so that what drifts hits both. */
static void compare(const struct pair *pair, bool last)
{
	static struct samples own, peer;
	double a, b;

	own.count = peer.count = 0;
	pair->own();
	pair->peer();
	for (int i = 0; i < BATCHES; i++) {
		samples_add(&own, pair->own());
		samples_add(&peer, pair->peer());
	}
	a = samples_quantile(&own, 0.5);
	b = samples_quantile(&peer, 0.5);
	printf(
	    "  {\"name\": \"%s\", \"value\": %.1f, \"unit\": \"ns\", \"beside\": \"%u threads of Linux, a counter and "
	    "futexes; %u HRT cores\", \"beside_value\": %.1f, \"ratio\": %.4f,\n   \"p10\": %.1f, \"p90\": %.1f, "
	    "\"beside_p10\": %.1f, \"beside_p90\": %.1f, \"samples\": %u}%s\n",
	    pair->name, a, team.width, cores, b, a / b, samples_quantile(&own, 0.1), samples_quantile(&own, 0.9),
	    samples_quantile(&peer, 0.1), samples_quantile(&peer, 0.9), own.count, last ? "" : ",");
}

void ptask(void)
{
	static const struct pair pairs[] = {
	    {"ptask.throughput", throughput, linux_throughput},
	    {"ptask.throughput.single", throughput_single, linux_throughput_single},
	    {"ptask.group_wait", group_wait, linux_group_wait},
	};
	const unsigned int count = sizeof(pairs) / sizeof(*pairs);

	if (hvm_open(&hvm, NULL) || hvm_pool_join(hvm, 0))
		die("%s", hvm_problem());
	cores = hvm_pool_cores(hvm);
	start_team();
	printf("{\"metrics\": [\n");
	for (unsigned int i = 0; i < count; i++)
		compare(&pairs[i], i + 1 == count);
	printf("]}\n");
	hvm_close(hvm);
}
