/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A 2-D stencil: Jacobi's iteration for Laplace's equation on the unit square. The border is u = x^2 - y^2, which also
 * solves the discrete equation; by the maximum principle the error never grows.
 */
#include <math.h>

#include "common.h"

static size_t n; /* points along a side, border included */

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

static void sweep(double *to, const double *from)
{
#pragma omp parallel for schedule(static)
	for (size_t row = 1; row < n - 1; row++)
		for (size_t i = row * n + 1; i < row * n + n - 1; i++)
			to[i] = 0.25 * (from[i - n] + from[i - 1] + from[i + 1] + from[i + n]);
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
	    .name = "stencil",
	    .what = "Jacobi's iteration for Laplace's equation, a 5-point stencil on a square grid",
	    .size_is = "points along a side",
	    .size = 1024,
	    .size_min = 3,
	    .size_max = 32768,
	    .repetitions_are = "sweeps over the grid",
	    .repetitions = 100,
	};
	double *grid, *other, seconds, before;

	example_arguments(&example, argc, argv);
	n = example.size;
	grid = example_array(n * n);
	other = example_array(n * n);
	set_border(grid);
	set_border(other);
	before = error_of(grid);
	seconds = example_seconds();
	for (size_t i = 0; i < example.repetitions; i++) {
		double *fresh = other;

		sweep(fresh, grid);
		other = grid;
		grid = fresh;
	}
	seconds = example_seconds() - seconds;
	return example_report(&example, example_digest(grid, n * n), error_of(grid), before, seconds,
			      1e-9 * (double)(example.repetitions * (n - 2) * (n - 2)) / seconds, "billion points/s");
}
