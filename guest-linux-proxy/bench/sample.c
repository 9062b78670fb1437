/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

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
