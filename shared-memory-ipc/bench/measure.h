/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How times are measured so that they can be believed: medians and spreads, what is compared measured by turns, and
 * only while a reference says that the machine stays as it is. Of native-bench here and of hvm-bench in the guest.
 */
#ifndef HVM_MEASURE_H
#define HVM_MEASURE_H

#include <stdbool.h>

/** A series of measured values, nanoseconds. */
#define SAMPLES_MAX 256
struct samples {
	double value[SAMPLES_MAX];
	unsigned int count;
	unsigned int rejected; /* measured while the reference said that the machine changed under it */
};
void samples_add(struct samples *samples, double value);
/** The value below which a fraction @q (0..1) of the samples lies; NaN if there are none. */
double samples_quantile(const struct samples *samples, double q);
double now_ns(void);

/** A thing and what it is put beside. */
struct metric {
	const char *name;
	const char *beside;
	struct samples own, peer;
};

/** Batches of a metric; an odd number, so that the median is one of them. */
#define METRIC_BATCHES 31u

/** All answer nanoseconds an operation. */
struct comparison {
	double (*own)(void *context);
	double (*peer)(void *context);
	double (*reference)(void *context); /* a short ping-pong of the two cores */
	void *context;
	unsigned int batches; /* 1..SAMPLES_MAX */
};

/**
 * A hypervisor moves vCPUs: a batch counts only if the references before and after it say that both stayed where they
 * were. The thing and its peer alternate, so that what drifts hits both.
 */
void metric_measure(struct metric *metric, const struct comparison *comparison);
/** Print the medians, their ratio and spreads as an element of a JSON list. */
void metric_print(const struct metric *metric, bool last);

/** Print @measure's median and spread as an element of a JSON list, as @name, to be put beside Linux's @peer. */
void report_measured(const char *name, const char *peer, double (*measure)(void));

#endif
