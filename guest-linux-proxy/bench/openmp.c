/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What OpenMP costs where this program runs, with as many threads as it is told: an empty parallel region, and the dot
 * products and vector updates of a conjugate-gradient step (examples/cg.c has all of it). hvmd runs it on n HRT cores
 * and on n Linux cores.
 */
#include <omp.h>
#include <stdio.h>

#include "bench.h"

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

void openmp(unsigned int threads)
{
	omp_set_num_threads((int)threads);
	for (int i = 0; i < LENGTH; i++) {
		x[i] = 1.0 / (i + 1);
		y[i] = 1;
	}
	printf("{\"metrics\": [\n");
	report_measured("openmp.region", "openmp.region", regions);
	report_measured("openmp.step", "openmp.step", steps);
	printf("\n]}\n");
}
