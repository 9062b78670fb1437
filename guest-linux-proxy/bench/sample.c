/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

#define BATCHES 15

void samples_add(struct samples *samples, double value)
{
	if (samples->count < SAMPLES_MAX)
		samples->value[samples->count++] = value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double samples_quantile(const struct samples *samples, double q)
{
	double sorted[SAMPLES_MAX], position;
	unsigned int low;

	if (!samples->count)
		return NAN;
	memcpy(sorted, samples->value, samples->count * sizeof(*sorted));
	qsort(sorted, samples->count, sizeof(*sorted), compare);
	position = q * (samples->count - 1);
	low = (unsigned int)position;
	if (low + 1 >= samples->count)
		return sorted[samples->count - 1];
	return sorted[low] + (position - low) * (sorted[low + 1] - sorted[low]);
}

double now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

void report_measured(const char *name, const char *peer, double (*measure)(void))
{
	static struct samples samples;
	static const char *separator = "";

	samples.count = 0;
	measure(); /* warm */
	for (int i = 0; i < BATCHES; i++)
		samples_add(&samples, measure());
	printf("%s  {\"name\": \"%s\", \"peer\": \"%s\", \"value\": %.1f, \"unit\": \"ns\", \"p10\": %.1f, "
	       "\"p90\": %.1f}",
	       separator, name, peer, samples_quantile(&samples, 0.5), samples_quantile(&samples, 0.1),
	       samples_quantile(&samples, 0.9));
	separator = ",\n";
}
