/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Noise: what a program on a core does not get of its time. Two classic measures, on an HRT core and on a Linux core at
 * the same time, so that both meet the same host:
 *
 *	fixed work quantum	the same work again and again, each time timed (FWQ of Sottile and Minnich, 2004)
 *	detours			a loop that does nothing but read the clock; each gap above a threshold is time that
 *				somebody else took (selfish of Beckman and others, 2006)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define QUANTUM_NS	   1000000u
#define QUANTA_PER_SECOND  (1000000000u / QUANTUM_NS)
#define QUANTA_MAX	   (NOISE_SECONDS_MAX * QUANTA_PER_SECOND * 5 / 4) /* some are faster than was calibrated */
#define CALIBRATION_QUANTA 16
#define THRESHOLD_NS	   1000u
#define DETOURS_MAX	   8192
#define BINS		   32  /* powers of two: bin i counts the detours from THRESHOLD_NS << i on */
#define BEGINNING_MS	   250 /* more than twice as long as the last of them takes */

/* One measurement of one core. Written by that core only, except @go. */
struct run {
	/* what to do, TSC cycles */
	uint64_t work; /* rounds of a quantum */
	uint64_t threshold;
	uint64_t duration;
	const uint64_t *interrupts; /* what counts the interrupts of this core; NULL: nothing that the core can read */
	uint64_t ready, go;

	/* what came out, TSC cycles */
	uint64_t interrupts_taken;
	uint64_t quanta;
	uint64_t quantum[QUANTA_MAX];
	uint64_t elapsed;
	uint64_t count, lost, longest; /* of all detours, kept or not */
	uint64_t bin[BINS];
	uint64_t kept, keep_from; /* detours shorter than keep_from were dropped to make room */
	struct {
		uint64_t at, length;
	} detour[DETOURS_MAX];
};

struct core {
	const char *kind, *name;
	unsigned int cpu;
	uint64_t interrupts;
	struct run run;
};

/* Functions that both cores run. They touch no thread-local data and nothing of libc. */

static uint64_t interrupts_now(const struct run *run)
{
	return run->interrupts ? __atomic_load_n(run->interrupts, __ATOMIC_RELAXED) : 0;
}

/* Begin together, and after the interrupt that may have woken the HRT core. */
static void line_up(struct run *run)
{
	__atomic_store_n(&run->ready, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&run->go, __ATOMIC_ACQUIRE))
		;
}

/* A chain of dependent operations in registers. */
static void work(uint64_t rounds)
{
	uint64_t x = rounds;

	for (uint64_t i = 0; i < rounds; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		__asm__ volatile("" : "+r"(x));
	}
}

static uint64_t run_quanta(struct run *run)
{
	uint64_t interrupts, start, before, now;

	line_up(run);
	interrupts = interrupts_now(run);
	run->quanta = 0;
	start = tsc_now();
	do {
		before = tsc_now();
		work(run->work);
		now = tsc_now();
		run->quantum[run->quanta++] = now - before;
	} while (now - start < run->duration && run->quanta < QUANTA_MAX);
	run->interrupts_taken += interrupts_now(run) - interrupts;
	return 0;
}

/* Record a detour; when there is no more room, let go of the shorter ones. */
static void keep(struct run *run, uint64_t at, uint64_t length)
{
	while (run->kept == DETOURS_MAX) {
		uint64_t kept = 0;

		run->keep_from *= 2;
		for (uint64_t i = 0; i < run->kept; i++)
			if (run->detour[i].length >= run->keep_from)
				run->detour[kept++] = run->detour[i];
		run->kept = kept;
	}
	if (length < run->keep_from)
		return;
	run->detour[run->kept].at = at;
	run->detour[run->kept].length = length;
	run->kept++;
}

static void count(struct run *run, uint64_t length)
{
	unsigned int bin = 0;

	for (uint64_t limit = 2 * run->threshold; length >= limit && bin < BINS - 1; limit *= 2)
		bin++;
	run->bin[bin]++;
	run->count++;
	run->lost += length;
	if (length > run->longest)
		run->longest = length;
}

static uint64_t run_detours(struct run *run)
{
	uint64_t interrupts, start, before, now;

	line_up(run);
	interrupts = interrupts_now(run);
	start = before = tsc_now();
	do {
		now = tsc_now();
		if (now - before > run->threshold) {
			count(run, now - before);
			keep(run, before - start, now - before);
			now = tsc_now(); /* ours was no detour */
		}
		before = now;
	} while (now - start < run->duration);
	run->elapsed = now - start;
	run->interrupts_taken += interrupts_now(run) - interrupts;
	return 0;
}

/* Interrupts of all kinds that Linux has taken on @cpu; 0 if it does not tell. */
static uint64_t linux_interrupts(unsigned int cpu)
{
	char line[4096], name[16];
	uint64_t sum = 0;
	int column = -1;
	FILE *file = fopen("/proc/interrupts", "re");

	if (!file)
		return 0;
	snprintf(name, sizeof(name), "CPU%u", cpu);
	if (fgets(line, sizeof(line), file)) {
		char *rest = line, *word;

		for (int i = 0; column < 0 && (word = strtok_r(rest, " \n", &rest)); i++)
			if (!strcmp(word, name))
				column = i;
	}
	while (column >= 0 && fgets(line, sizeof(line), file)) {
		char *at = strchr(line, ':'), *end;

		for (int i = 0; at && i <= column; i++) {
			unsigned long value = strtoul(at + 1, &end, 10);

			if (end == at + 1)
				break;
			if (i == column)
				sum += value;
			at = end - 1;
		}
	}
	fclose(file);
	return sum;
}

static void measure(struct hrt *hrt, struct core *ours, struct core *theirs, uint64_t (*function)(struct run *))
{
	uint64_t tag, before;

	ours->run.ready = ours->run.go = 0;
	theirs->run.go = 1;
	tag = hrt_call_post(hrt, function, (uint64_t)&ours->run, 0);
	while (!__atomic_load_n(&ours->run.ready, __ATOMIC_ACQUIRE))
		;
	before = linux_interrupts(theirs->cpu);
	__atomic_store_n(&ours->run.go, 1, __ATOMIC_RELEASE);
	function(&theirs->run);
	theirs->interrupts += linux_interrupts(theirs->cpu) - before;
	hrt_call_wait(hrt, tag, 0, SERVE_POLLING);
	ours->interrupts = ours->run.interrupts_taken;
}

/* How many rounds of work take a quantum; also makes everything that a run touches present for the HRT core. */
static uint64_t calibrate(struct hrt *hrt, struct run *run)
{
	run->go = 1;
	run->duration = 0;
	hrt_call(hrt, run_detours, (uint64_t)run, 0, 0, SERVE_POLLING);
	for (run->work = 1000;; run->work *= 2) {
		uint64_t best = UINT64_MAX;

		for (unsigned int i = 0; i < CALIBRATION_QUANTA; i++) {
			hrt_call(hrt, run_quanta, (uint64_t)run, 0, 0, SERVE_POLLING);
			if (run->quantum[0] < best)
				best = run->quantum[0];
		}
		if (tsc_to_ns(hrt, best) >= QUANTUM_NS / 4.0)
			return (uint64_t)((double)run->work * QUANTUM_NS / tsc_to_ns(hrt, best));
	}
}

static void reset(struct run *run, const struct hrt *hrt, uint64_t rounds, unsigned int seconds)
{
	memset(run, 0, sizeof(*run)); /* and so make its pages present */
	run->work = rounds;
	run->threshold = (uint64_t)THRESHOLD_NS * hrt->tsc_khz / 1000000;
	run->keep_from = run->threshold;
	run->duration = (uint64_t)seconds * hrt->tsc_khz * 1000;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void print_quanta(const struct hrt *hrt, struct run *run)
{
	uint64_t n = run->quanta;

	printf("\"samples_ns\": [");
	for (uint64_t i = 0; i < n; i++)
		printf("%s%.0f", i ? "," : "", tsc_to_ns(hrt, run->quantum[i]));
	qsort(run->quantum, n, sizeof(*run->quantum), compare);
	printf("],\n  \"min_ns\": %.0f, \"median_ns\": %.0f, \"p99_ns\": %.0f, \"max_ns\": %.0f, \"spread\": %.6f",
	       tsc_to_ns(hrt, run->quantum[0]), tsc_to_ns(hrt, run->quantum[n / 2]),
	       tsc_to_ns(hrt, run->quantum[(n - 1) * 99 / 100]), tsc_to_ns(hrt, run->quantum[n - 1]),
	       (double)(run->quantum[n - 1] - run->quantum[0]) / (double)run->quantum[0]);
}

static void print_detours(const struct hrt *hrt, const struct run *run)
{
	unsigned int last = BINS;

	while (last > 0 && !run->bin[last - 1])
		last--;
	printf("\"count\": %lu, \"max_ns\": %.0f, \"lost\": %.9f, \"histogram\": [", run->count,
	       tsc_to_ns(hrt, run->longest), (double)run->lost / (double)run->elapsed);
	for (unsigned int i = 0; i < last; i++)
		printf("%s%lu", i ? "," : "", run->bin[i]);
	printf("],\n  \"shown_from_ns\": %.0f, \"at_us\": [", tsc_to_ns(hrt, run->keep_from));
	for (uint64_t i = 0; i < run->kept; i++)
		printf("%s%.0f", i ? "," : "", tsc_to_ns(hrt, run->detour[i].at) / 1000);
	printf("], \"length_ns\": [");
	for (uint64_t i = 0; i < run->kept; i++)
		printf("%s%.0f", i ? "," : "", tsc_to_ns(hrt, run->detour[i].length));
	printf("]");
}

static void print_core(const struct hrt *hrt, struct core *core)
{
	printf(" {\"kind\": \"%s\", \"partition\": \"%s\", \"cpu\": %u, \"interrupts\": %lu,\n  \"fwq\": {", core->kind,
	       core->name, core->cpu, core->interrupts);
	print_quanta(hrt, &core->run);
	printf("},\n  \"detours\": {");
	print_detours(hrt, &core->run);
	printf("}}");
}

static unsigned int stay_on_this_cpu(void)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	CPU_ZERO(&set);
	if (cpu >= 0)
		CPU_SET(cpu, &set);
	if (cpu < 0 || sched_setaffinity(0, sizeof(set), &set))
		die("cannot stay on one core: %s", strerror(errno));
	return (unsigned int)cpu;
}

static uint64_t spin(uint64_t cycles, uint64_t unused)
{
	uint64_t start = tsc_now();

	(void)unused;
	while (tsc_now() - start < cycles)
		;
	return 0;
}

/* Under TCG the aerokernel takes a few timer interrupts while a program begins (docs/architecture.md, Translations). */
static void settle(struct hrt *hrt)
{
	hrt_call(hrt, spin, (uint64_t)hrt->tsc_khz * BEGINNING_MS, 0, 0, SERVE_POLLING);
}

void noise(struct hrt *hrt, unsigned int seconds)
{
	static struct core ours = {.kind = "hrt"}, theirs = {.kind = "linux", .name = "linux"};
	uint64_t rounds;

	hrt_attach(hrt);
	settle(hrt);
	ours.name = hrt->name;
	ours.cpu = hrt->first_cpu + hrt->own->client_core;
	theirs.cpu = stay_on_this_cpu();
	reset(&ours.run, hrt, 0, seconds);
	rounds = calibrate(hrt, &ours.run);
	reset(&ours.run, hrt, rounds, seconds);
	reset(&theirs.run, hrt, rounds, seconds);
	ours.run.interrupts = &hrt->own->stats.interrupts;
	fprintf(stderr, "hvm-bench: fixed work for %u s\n", seconds);
	measure(hrt, &ours, &theirs, run_quanta);
	fprintf(stderr, "hvm-bench: detours for %u s\n", seconds);
	measure(hrt, &ours, &theirs, run_detours);
	hrt_detach(hrt);

	printf("{\"seconds\": %u, \"quantum_ns\": %u, \"threshold_ns\": %u, \"cores\": [\n", seconds, QUANTUM_NS,
	       THRESHOLD_NS);
	print_core(hrt, &ours);
	printf(",\n");
	print_core(hrt, &theirs);
	printf("]}\n");
}
