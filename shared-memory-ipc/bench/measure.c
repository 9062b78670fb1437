/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "measure.h"

#define SAME_REGIME  1.6 /* two references differ by no more if the vCPUs stayed where they were */
#define ENOUGH	     3u
#define LONE_BATCHES 15 /* of what is measured alone */

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

void metric_measure(struct metric *metric, const struct comparison *comparison)
{
	void *context = comparison->context;
	double before, after;

	comparison->own(context); /* warm */
	comparison->peer(context);
	before = comparison->reference(context);
	for (unsigned int i = 0; i < 2 * comparison->batches && metric->own.count < comparison->batches; i++) {
		double own = comparison->own(context), peer = comparison->peer(context);

		after = comparison->reference(context);
		if (fmax(before, after) <= SAME_REGIME * fmin(before, after)) {
			samples_add(&metric->own, own);
			samples_add(&metric->peer, peer);
		} else {
			metric->own.rejected++;
		}
		before = after;
	}
	/* A machine that never keeps still: better the honest spread of all than nothing. */
	while (metric->own.count < ENOUGH && metric->own.count < comparison->batches) {
		samples_add(&metric->own, comparison->own(context));
		samples_add(&metric->peer, comparison->peer(context));
	}
}

void metric_print(const struct metric *metric, bool last)
{
	double own = samples_quantile(&metric->own, 0.5), peer = samples_quantile(&metric->peer, 0.5);

	printf("  {\"name\": \"%s\", \"value\": %.1f, \"unit\": \"ns\", \"beside\": \"%s\", \"beside_value\": %.1f, "
	       "\"ratio\": %.4f,\n   \"p10\": %.1f, \"p90\": %.1f, \"beside_p10\": %.1f, \"beside_p90\": %.1f, "
	       "\"samples\": %u, \"rejected\": %u}%s\n",
	       metric->name, own, metric->beside, peer, own / peer, samples_quantile(&metric->own, 0.1),
	       samples_quantile(&metric->own, 0.9), samples_quantile(&metric->peer, 0.1),
	       samples_quantile(&metric->peer, 0.9), metric->own.count, metric->own.rejected, last ? "" : ",");
}

void report_measured(const char *name, const char *peer, double (*measure)(void))
{
	static struct samples samples;
	static const char *separator = "";

	samples.count = 0;
	measure(); /* warm */
	for (int i = 0; i < LONE_BATCHES; i++)
		samples_add(&samples, measure());
	printf("%s  {\"name\": \"%s\", \"peer\": \"%s\", \"value\": %.1f, \"unit\": \"ns\", \"p10\": %.1f, "
	       "\"p90\": %.1f}",
	       separator, name, peer, samples_quantile(&samples, 0.5), samples_quantile(&samples, 0.1),
	       samples_quantile(&samples, 0.9));
	separator = ",\n";
}
