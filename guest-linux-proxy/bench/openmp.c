/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What OpenMP costs where this program runs, with as many threads as it is told: an empty parallel region, and the dot
 * products and vector updates of a conjugate-gradient step (examples/cg.c has all of it). hvmd runs it on n HRT cores
 * and on n Linux cores.
 */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench.h"

#define BATCHES 11
#define REGIONS 200
#define STEPS	20
#define LENGTH	65536

static double x[LENGTH], y[LENGTH];

static double regions(void)
{
	double before = now_ns();

	for (int i = 0; i < REGIONS; i++) {
#pragma omp parallel
		__asm__ volatile("" : : : "memory");
	}
	return (now_ns() - before) / REGIONS;
}

static double steps(void)
{
	double before = now_ns(), sum = 0;

	for (int step = 0; step < STEPS; step++) {
#pragma omp parallel for schedule(static) reduction(+ : sum)
		for (int i = 0; i < LENGTH; i++)
			sum += x[i] * y[i];
#pragma omp parallel for schedule(static)
		for (int i = 0; i < LENGTH; i++)
			y[i] = x[i] + 0.5 * y[i];
	}
	if (!(sum > 0))
		die("the sum of positive numbers is %g", sum);
	return (now_ns() - before) / STEPS;
}

static void report(const char *name, double (*measure)(void), const char *end)
{
	static struct samples samples;

	samples.count = 0;
	measure(); /* warm */
	for (int i = 0; i < BATCHES; i++)
		samples_add(&samples, measure());
	printf("  {\"name\": \"%s\", \"value\": %.1f, \"unit\": \"ns\", \"p10\": %.1f, \"p90\": %.1f}%s\n", name,
	       samples_quantile(&samples, 0.5), samples_quantile(&samples, 0.1), samples_quantile(&samples, 0.9), end);
}

void openmp(unsigned int threads)
{
	omp_set_num_threads((int)threads);
	for (int i = 0; i < LENGTH; i++) {
		x[i] = 1.0 / (i + 1);
		y[i] = 1;
	}
	printf("{\"metrics\": [\n");
	report("openmp.region", regions, ",");
	report("openmp.step", steps, "");
	printf("]}\n");
}
