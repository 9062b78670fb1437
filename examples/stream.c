/* SPDX-License-Identifier: Apache-2.0 */
/* The triad of STREAM (McCalpin): a = b + s * c over arrays larger than the caches. */
#include <math.h>

#include "common.h"

#define SCALAR 3.0

int main(int argc, char **argv)
{
	struct example example = {
	    .name = "stream",
	    .what = "STREAM triad, a = b + 3 * c",
	    .size_is = "elements of each of the three arrays",
	    .size = 4000000,
	    .size_min = 1,
	    .size_max = 1000000000,
	    .repetitions_are = "passes, of which the fastest counts",
	    .repetitions = 10,
	};
	double *a, *b, *c, total, best = INFINITY, error = 0;
	size_t n;

	example_arguments(&example, argc, argv);
	n = example.size;
	a = example_array(n);
	b = example_array(n);
	c = example_array(n);
#pragma omp parallel for schedule(static)
	for (size_t i = 0; i < n; i++) {
		b[i] = (double)(i % 1024);
		c[i] = 0.5;
	}
	total = example_seconds();
	for (size_t pass = 0; pass < example.repetitions; pass++) {
		double seconds = example_seconds();

#pragma omp parallel for schedule(static)
		for (size_t i = 0; i < n; i++)
			a[i] = b[i] + SCALAR * c[i];
		best = fmin(best, example_seconds() - seconds);
	}
	total = example_seconds() - total;
	for (size_t i = 0; i < n; i++)
		error = fmax(error, fabs(a[i] - ((double)(i % 1024) + 1.5)));
	return example_report(&example, example_digest(a, n), error, 0, total,
			      1e-9 * 3 * sizeof(double) * (double)n / best, "GB/s");
}
