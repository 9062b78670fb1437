/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conjugate gradient: solve A x = b, where A is the 5-point Laplacian of an n by n grid with zero around it, and b is
 * made so that x is all ones.
 */
#include <math.h>
#include <string.h>

#include "common.h"

#define TOLERANCE 1e-10 /* of the residual, relative to b */

static size_t n;

/* The value at (@row, @column), zero outside the grid. */
static double at(const double *grid, size_t row, size_t column)
{
	return row < n && column < n ? grid[row * n + column] : 0;
}

static void multiply(double *result, const double *x)
{
#pragma omp parallel for schedule(static)
	for (size_t row = 0; row < n; row++)
		for (size_t column = 0; column < n; column++)
			result[row * n + column] = 4 * at(x, row, column) - at(x, row - 1, column) -
						   at(x, row + 1, column) - at(x, row, column - 1) -
						   at(x, row, column + 1);
}

static double dot(const double *a, const double *b)
{
	double partial[CHUNKS];

#pragma omp parallel for schedule(static)
	for (size_t chunk = 0; chunk < CHUNKS; chunk++) {
		double sum = 0;

		for (size_t i = CHUNK_BEGIN(chunk, n * n); i < CHUNK_END(chunk, n * n); i++)
			sum += a[i] * b[i];
		partial[chunk] = sum;
	}
	return example_sum_chunks(partial);
}

/* y = a * x + b * y */
static void combine(double *y, double a, const double *x, double b)
{
#pragma omp parallel for schedule(static)
	for (size_t i = 0; i < n * n; i++)
		y[i] = a * x[i] + b * y[i];
}

/* Solve from zero; answers the number of iterations. */
static size_t solve(double *x, const double *b, double *residual, double *direction, double *product)
{
	size_t bytes = n * n * sizeof(double), iterations = 0;
	double start = dot(b, b), old = start;

	memset(x, 0, bytes);
	memcpy(residual, b, bytes);
	memcpy(direction, b, bytes);
	while (old > TOLERANCE * TOLERANCE * start && iterations < 10 * n) {
		double step, fresh;

		multiply(product, direction);
		step = old / dot(direction, product);
		combine(x, step, direction, 1);
		combine(residual, -step, product, 1);
		fresh = dot(residual, residual);
		combine(direction, 1, residual, fresh / old);
		old = fresh;
		iterations++;
	}
	return iterations;
}

int main(int argc, char **argv)
{
	struct example example = {
	    .name = "cg",
	    .what = "Conjugate gradient on the 5-point Laplacian of a square grid",
	    .size_is = "points along a side",
	    .size = 256,
	    .size_min = 2,
	    .size_max = 8192,
	    .repetitions_are = "how often it is solved",
	    .repetitions = 1,
	};
	double *x, *b, *residual, *direction, *product, seconds, error = 0;
	size_t iterations = 0;

	example_arguments(&example, argc, argv);
	n = example.size;
	x = example_array(n * n);
	b = example_array(n * n);
	residual = example_array(n * n);
	direction = example_array(n * n);
	product = example_array(n * n);
	for (size_t i = 0; i < n * n; i++)
		x[i] = 1;
	multiply(b, x);
	seconds = example_seconds();
	for (size_t i = 0; i < example.repetitions; i++)
		iterations += solve(x, b, residual, direction, product);
	seconds = example_seconds() - seconds;
	for (size_t i = 0; i < n * n; i++)
		error = fmax(error, fabs(x[i] - 1));
	/* 5 operations a point to multiply, 2 for each of two dots, 3 for each of three combinations */
	return example_report(&example, example_digest(x, n * n), error, 1e-6, seconds,
			      18e-9 * (double)(iterations * n * n) / seconds, "GFLOP/s");
}
