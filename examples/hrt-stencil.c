/* SPDX-License-Identifier: Apache-2.0 */
/* stencil.c without OpenMP: a thread for each core, which meet at a barrier after each sweep. The result is the same.
 */
#include <hrt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common.h"

static size_t n, sweeps; /* points along a side, border included */
static double *grids[2];
static uint32_t threads;
static struct hrt_barrier swept;

static double solution(size_t row, size_t column)
{
	double x = (double)column / (double)(n - 1), y = (double)row / (double)(n - 1);

	return x * x - y * y;
}

static double error_of(const double *grid)
{
	double error = 0;

	for (size_t row = 0; row < n; row++)
		for (size_t column = 0; column < n; column++)
			error = fmax(error, fabs(grid[row * n + column] - solution(row, column)));
	return error;
}

static void sweep_rows(double *to, const double *from, size_t first, size_t end)
{
	for (size_t row = first; row < end; row++)
		for (size_t i = row * n + 1; i < row * n + n - 1; i++)
			to[i] = 0.25 * (from[i - n] + from[i - 1] + from[i + 1] + from[i + n]);
}

static void *work(void *number)
{
	size_t mine = (size_t)number, rows = n - 2;

	for (size_t i = 0; i < sweeps; i++) {
		sweep_rows(grids[(i + 1) % 2], grids[i % 2], 1 + rows * mine / threads,
			   1 + rows * (mine + 1) / threads);
		hrt_barrier_wait(&swept);
	}
	return NULL;
}

static void run_all(void)
{
	struct hrt_thread **others = calloc(threads, sizeof(struct hrt_thread *));

	hrt_barrier_init(&swept, threads);
	for (size_t i = 1; i < threads; i++)
		if (!others || hrt_thread_create(&others[i], work, (void *)i)) {
			fputs("hrt-stencil: a thread cannot be started here\n", stderr);
			exit(1);
		}
	work((void *)0);
	for (size_t i = 1; i < threads; i++)
		hrt_thread_join(others[i]);
	free(others);
}

static void set_border(double *grid)
{
	for (size_t i = 0; i < n; i++) {
		grid[i] = solution(0, i);
		grid[(n - 1) * n + i] = solution(n - 1, i);
		grid[i * n] = solution(i, 0);
		grid[i * n + n - 1] = solution(i, n - 1);
	}
}

int main(int argc, char **argv)
{
	struct example example = {
	    .name = "hrt-stencil",
	    .what = "Jacobi's iteration as in stencil, by the threads and the barrier of hrt.h, one for each core",
	    .size_is = "points along a side",
	    .size = 1024,
	    .size_min = 3,
	    .size_max = 32768,
	    .repetitions_are = "sweeps over the grid",
	    .repetitions = 100,
	};
	double *grid, seconds, before;

	example_arguments(&example, argc, argv);
	n = example.size;
	sweeps = example.repetitions;
	threads = hrt_core_count();
	for (int i = 0; i < 2; i++) {
		grids[i] = example_array(n * n);
		set_border(grids[i]);
	}
	before = error_of(grids[0]);
	seconds = example_seconds();
	run_all();
	seconds = example_seconds() - seconds;
	grid = grids[sweeps % 2];
	return example_report(&example, example_digest(grid, n * n), error_of(grid), before, seconds,
			      1e-9 * (double)(sweeps * (n - 2) * (n - 2)) / seconds, "billion points/s");
}
