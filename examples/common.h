/* SPDX-License-Identifier: Apache-2.0 */
/* What the examples share: their command line, fixed-order sums, digests, and how they report. */
#ifndef EXAMPLES_COMMON_H
#define EXAMPLES_COMMON_H

#include <stddef.h>
#include <stdint.h>

struct example {
	const char *name;
	const char *what; /* one line */
	const char *size_is;
	size_t size, size_min, size_max; /* the first is the default */
	const char *repetitions_are;
	size_t repetitions;
};

/** NAME [SIZE [REPETITIONS]] into @example; --help and mistakes end the program. */
void example_arguments(struct example *example, int argc, char **argv);
/**
 * Print size, @digest and @error on stdout, which are the same on every machine and for every number of threads, and
 * @seconds and @figure on stderr. The answer is main's: 1 if @error is above @allowed or no number.
 */
int example_report(const struct example *example, uint64_t digest, double error, double allowed, double seconds,
		   double figure, const char *unit);

/** @count doubles, zeroed, on pages of their own; ends the program if there is no memory. */
double *example_array(size_t count);
double example_seconds(void);
/** A number in 0..1 that depends on @i alone. */
double example_random(uint64_t i);
/** FNV-1a over the bits of the values. */
uint64_t example_digest(const double *values, size_t count);

/*
 * A sum whose order does not depend on the number of threads: each of CHUNKS equal parts is summed by one thread, from
 * left to right, and the parts are added in order.
 */
#define CHUNKS			  64
#define CHUNK_BEGIN(chunk, count) ((count) * (chunk) / CHUNKS)
#define CHUNK_END(chunk, count)	  ((count) * ((chunk) + 1) / CHUNKS)
double example_sum_chunks(const double partial[CHUNKS]);

#endif
