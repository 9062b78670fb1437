/* SPDX-License-Identifier: Apache-2.0 */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common.h"

static void usage(const struct example *example, FILE *to)
{
	fprintf(
	    to,
	    "usage: %s [SIZE [REPETITIONS]]\n"
	    "%s.\n"
	    "  SIZE         %s, %zu to %zu; default %zu\n"
	    "  REPETITIONS  %s; default %zu\n"
	    "There are OMP_NUM_THREADS threads, with hrt.h one for each core that the process may use. The result on\n"
	    "standard output does not depend on it; time and speed are printed on standard error. Exit status 1: the\n"
	    "result is wrong.\n",
	    example->name, example->what, example->size_is, example->size_min, example->size_max, example->size,
	    example->repetitions_are, example->repetitions);
}

static size_t number(const struct example *example, const char *text, size_t min, size_t max)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (*end || end == text || text[0] == '-' || value < min || value > max) {
		fprintf(stderr, "%s: %s is not a number from %zu to %zu\n", example->name, text, min, max);
		usage(example, stderr);
		exit(2);
	}
	return value;
}

void example_arguments(struct example *example, int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		usage(example, stdout);
		exit(0);
	}
	if (argc > 3) {
		usage(example, stderr);
		exit(2);
	}
	if (argc > 1)
		example->size = number(example, argv[1], example->size_min, example->size_max);
	if (argc > 2)
		example->repetitions = number(example, argv[2], 1, 1000000);
}

int example_report(const struct example *example, uint64_t digest, double error, double allowed, double seconds,
		   double figure, const char *unit)
{
	int failed = !(error <= allowed);

	printf("%s: size %zu, repetitions %zu, digest %016lx, error %.3e\n", example->name, example->size,
	       example->repetitions, digest, error);
	fprintf(stderr, "%s: %d threads, %.3f s, %.3f %s\n", example->name, omp_get_max_threads(), seconds, figure,
		unit);
	if (failed)
		fprintf(stderr, "%s: wrong, the error must not exceed %.3e\n", example->name, allowed);
	if (fflush(stdout)) {
		perror(example->name);
		failed = 1;
	}
	return failed;
}

double *example_array(size_t count)
{
	size_t bytes = (count * sizeof(double) + 4095) / 4096 * 4096;
	double *array = aligned_alloc(4096, bytes);

	if (!array) {
		fprintf(stderr, "no memory for %zu bytes\n", bytes);
		exit(1);
	}
	memset(array, 0, bytes);
	return array;
}

double example_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* splitmix64 */
double example_random(uint64_t i)
{
	uint64_t x = (i + 1) * 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return (double)((x ^ (x >> 31)) >> 11) * 0x1p-53;
}

uint64_t example_digest(const double *values, size_t count)
{
	uint64_t digest = 0xcbf29ce484222325u;

	for (size_t i = 0; i < count; i++) {
		uint64_t bits;

		memcpy(&bits, &values[i], sizeof(bits));
		for (int byte = 0; byte < 8; byte++)
			digest = (digest ^ (bits >> 8 * byte & 0xff)) * 0x100000001b3u;
	}
	return digest;
}

double example_sum_chunks(const double partial[CHUNKS])
{
	double sum = 0;

	for (int i = 0; i < CHUNKS; i++)
		sum += partial[i];
	return sum;
}
