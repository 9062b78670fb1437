/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sieve of Eratosthenes as a line of fibers: the first one tells the numbers from 2 on, and each prime adds one
 * that lets pass what it does not divide. A number goes down the line by switches alone.
 */
#include <hrt.h>
#include <stdio.h>
#include <stdlib.h>

#include "common.h"

struct filter {
	struct hrt_fiber *fiber;
	struct filter *before; /* NULL: the first */
	uint64_t prime, value;
};

static uint64_t next(struct filter *filter)
{
	hrt_fiber_run(filter->fiber);
	return filter->value;
}

static void count(void *argument)
{
	struct filter *filter = argument;

	for (filter->value = 2;; filter->value++)
		hrt_fiber_yield();
}

static void let_pass(void *argument)
{
	struct filter *filter = argument;

	for (;;) {
		filter->value = next(filter->before);
		if (filter->value % filter->prime)
			hrt_fiber_yield();
	}
}

static void start(struct filter *filter, void (*function)(void *))
{
	if (hrt_fiber_create(&filter->fiber, 0, function, filter)) {
		fputs("hrt-fibers: no memory for a fiber\n", stderr);
		exit(1);
	}
}

/* The first @wanted primes. */
static void sieve(double *primes, size_t wanted)
{
	struct filter *filters = calloc(wanted + 1, sizeof(*filters));

	if (!filters) {
		fputs("hrt-fibers: no memory\n", stderr);
		exit(1);
	}
	start(&filters[0], count);
	for (size_t i = 1; i <= wanted; i++) {
		filters[i] = (struct filter){.before = &filters[i - 1], .prime = next(&filters[i - 1])};
		primes[i - 1] = (double)filters[i].prime;
		start(&filters[i], let_pass);
	}
	for (size_t i = 0; i <= wanted; i++)
		hrt_fiber_destroy(filters[i].fiber);
	free(filters);
}

/* Numbers among @primes that another one of them divides. */
static double wrong(const double *primes, size_t wanted)
{
	size_t found = 0;

	for (size_t i = 0; i < wanted; i++)
		for (size_t j = 0; j < i; j++)
			found += (uint64_t)primes[i] % (uint64_t)primes[j] == 0;
	return (double)found;
}

int main(int argc, char **argv)
{
	struct example example = {
	    .name = "hrt-fibers",
	    .what = "Primes by a line of fibers of hrt.h, each of which sifts out the multiples of one",
	    .size_is = "primes",
	    .size = 1000,
	    .size_min = 1,
	    .size_max = 10000,
	    .repetitions_are = "times",
	    .repetitions = 1,
	};
	double *primes, seconds;

	example_arguments(&example, argc, argv);
	primes = example_array(example.size);
	seconds = example_seconds();
	for (size_t i = 0; i < example.repetitions; i++)
		sieve(primes, example.size);
	seconds = example_seconds() - seconds;
	return example_report(&example, example_digest(primes, example.size), wrong(primes, example.size), 0, seconds,
			      1e-3 * (double)(example.repetitions * example.size) / seconds, "thousand primes/s");
}
