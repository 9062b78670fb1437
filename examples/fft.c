/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fast Fourier transform, radix 2, in place: there and back, so that the input must return. The roots of unity are made
 * with square roots only, which IEEE 754 rounds exactly; sin and cos differ between machines in their last bits.
 */
#include <math.h>

#include "common.h"

static size_t n;
static double *re, *im;		  /* the data */
static double *root_re, *root_im; /* exp(-2 pi i k / n), k < n / 2 */

/* Fill the roots between @low and @high, both known: the middle one points along their sum. */
static void bisect(size_t low, size_t high)
{
	size_t middle = (low + high) / 2;
	/* The one at n / 2 is -1. */
	double x = root_re[low] + (high == n / 2 ? -1 : root_re[high]);
	double y = root_im[low] + (high == n / 2 ? 0 : root_im[high]);
	double length = sqrt(x * x + y * y);

	if (middle == low)
		return;
	root_re[middle] = x / length;
	root_im[middle] = y / length;
	bisect(low, middle);
	bisect(middle, high);
}

static void make_roots(void)
{
	root_re[0] = 1;
	if (n < 4)
		return;
	root_im[n / 4] = -1;
	bisect(0, n / 4);
	bisect(n / 4, n / 2);
}

static void swap(double *values, size_t a, size_t b)
{
	double value = values[a];

	values[a] = values[b];
	values[b] = value;
}

static void reverse_bits(void)
{
	for (size_t i = 1, j = 0; i < n; i++) {
		size_t bit = n >> 1;

		for (; j & bit; bit >>= 1)
			j ^= bit;
		j ^= bit;
		if (i < j) {
			swap(re, i, j);
			swap(im, i, j);
		}
	}
}

/* @sign 1: forward, -1: backward, without the factor 1/n. */
static void transform(double sign)
{
	reverse_bits();
	for (size_t half = 1; half < n; half *= 2) {
		size_t stride = n / 2 / half;

#pragma omp parallel for schedule(static)
		for (size_t i = 0; i < n / 2; i++) {
			size_t k = i % half, a = i / half * 2 * half + k, b = a + half;
			double c = root_re[k * stride], s = sign * root_im[k * stride];
			double x = re[b] * c - im[b] * s, y = re[b] * s + im[b] * c;

			re[b] = re[a] - x;
			im[b] = im[a] - y;
			re[a] += x;
			im[a] += y;
		}
	}
}

int main(int argc, char **argv)
{
	struct example example = {
	    .name = "fft",
	    .what = "Complex fast Fourier transform of 2^SIZE random points, forward and backward",
	    .size_is = "power of two",
	    .size = 18,
	    .size_min = 1,
	    .size_max = 28,
	    .repetitions_are = "pairs of transforms",
	    .repetitions = 4,
	};
	double seconds = 0, error = 0;
	uint64_t digest = 0;

	example_arguments(&example, argc, argv);
	n = (size_t)1 << example.size;
	re = example_array(n);
	im = example_array(n);
	root_re = example_array(n / 2);
	root_im = example_array(n / 2);
	make_roots();
	for (size_t i = 0; i < n; i++)
		re[i] = example_random(i);
	for (size_t pass = 0; pass < example.repetitions; pass++) {
		double start = example_seconds();

		transform(1);
		seconds += example_seconds() - start;
		if (pass == 0)
			digest = example_digest(re, n) ^ example_digest(im, n);
		start = example_seconds();
		transform(-1);
		seconds += example_seconds() - start;
		for (size_t i = 0; i < n; i++) {
			re[i] /= (double)n;
			im[i] /= (double)n;
		}
	}
	for (size_t i = 0; i < n; i++)
		error = fmax(error, fmax(fabs(re[i] - example_random(i)), fabs(im[i])));
	return example_report(&example, digest, error, 1e-14 * (double)(example.size * example.repetitions), seconds,
			      10e-9 * (double)(n * example.size * example.repetitions) / seconds, "GFLOP/s");
}
