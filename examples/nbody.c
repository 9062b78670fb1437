/* SPDX-License-Identifier: Apache-2.0 */
/*
 * N-body: every body attracts every other, softened, by leapfrog steps. They start at rest, so the momentum of all
 * together stays zero.
 */
#include <math.h>

#include "common.h"

#define STEP	  1e-3
#define SOFTENING 1e-2

static size_t n;
static double *position[3], *velocity[3], *mass;

/* Each body sums over the others in order. */
static void kick(void)
{
#pragma omp parallel for schedule(static)
	for (size_t i = 0; i < n; i++) {
		double pull[3] = {0, 0, 0};

		for (size_t j = 0; j < n; j++) {
			double x = position[0][j] - position[0][i];
			double y = position[1][j] - position[1][i];
			double z = position[2][j] - position[2][i];
			double square = x * x + y * y + z * z + SOFTENING * SOFTENING;
			double factor = mass[j] / (square * sqrt(square));

			pull[0] += factor * x;
			pull[1] += factor * y;
			pull[2] += factor * z;
		}
		for (int k = 0; k < 3; k++)
			velocity[k][i] += STEP * pull[k];
	}
}

static void drift(void)
{
#pragma omp parallel for schedule(static)
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < 3; k++)
			position[k][i] += STEP * velocity[k][i];
}

/* The largest component of the momentum of all, by the sum of all components' sizes. */
static double momentum(void)
{
	double worst = 0, all = 0;

	for (int k = 0; k < 3; k++) {
		double partial[CHUNKS], sizes[CHUNKS];

#pragma omp parallel for schedule(static)
		for (size_t chunk = 0; chunk < CHUNKS; chunk++) {
			partial[chunk] = sizes[chunk] = 0;
			for (size_t i = CHUNK_BEGIN(chunk, n); i < CHUNK_END(chunk, n); i++) {
				partial[chunk] += mass[i] * velocity[k][i];
				sizes[chunk] += fabs(mass[i] * velocity[k][i]);
			}
		}
		worst = fmax(worst, fabs(example_sum_chunks(partial)));
		all += example_sum_chunks(sizes);
	}
	return worst / all;
}

int main(int argc, char **argv)
{
	struct example example = {
	    .name = "nbody",
	    .what = "Gravity among bodies in a cube, all pairs",
	    .size_is = "bodies",
	    .size = 2000,
	    .size_min = 2,
	    .size_max = 1000000,
	    .repetitions_are = "steps",
	    .repetitions = 5,
	};
	double seconds;
	uint64_t digest = 0;

	example_arguments(&example, argc, argv);
	n = example.size;
	mass = example_array(n);
	for (int k = 0; k < 3; k++) {
		position[k] = example_array(n);
		velocity[k] = example_array(n);
	}
	for (size_t i = 0; i < n; i++) {
		mass[i] = (0.5 + example_random(4 * i)) / (double)n;
		for (size_t k = 0; k < 3; k++)
			position[k][i] = example_random(4 * i + 1 + k);
	}
	seconds = example_seconds();
	for (size_t i = 0; i < example.repetitions; i++) {
		kick();
		drift();
	}
	seconds = example_seconds() - seconds;
	for (int k = 0; k < 3; k++)
		digest = digest * 31 + example_digest(position[k], n);
	return example_report(&example, digest, momentum(), 1e-12, seconds,
			      1e-6 * (double)(example.repetitions * n * n) / seconds, "million pairs/s");
}
