/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pi as an integral, halved again and again: each half is a task. The tree of additions is the same wherever the tasks
 * run, so the result is, to the last bit.
 */
#include <hrt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common.h"

#define TASKS_TO 10 /* halvings that make tasks; below, one task does the rest */

struct part {
	double from, to, sum;
	size_t depth, halvings;
};

static double circle(double x)
{
	return 4 / (1 + x * x);
}

/* Simpson's rule on the smallest parts. */
static double simpson(double from, double to)
{
	return (to - from) / 6 * (circle(from) + 4 * circle((from + to) / 2) + circle(to));
}

static double integrate(double from, double to, size_t halvings)
{
	double middle = (from + to) / 2;

	if (halvings == 0)
		return simpson(from, to);
	return integrate(from, middle, halvings - 1) + integrate(middle, to, halvings - 1);
}

static void run(void *argument)
{
	struct part *part = argument;
	double middle = (part->from + part->to) / 2;
	struct part left = {part->from, middle, 0, part->depth + 1, part->halvings - 1};
	struct part right = {middle, part->to, 0, part->depth + 1, part->halvings - 1};
	struct hrt_group group = HRT_GROUP_INIT;

	if (part->depth == TASKS_TO || part->halvings == 0) {
		part->sum = integrate(part->from, part->to, part->halvings);
		return;
	}
	if (hrt_task_submit(&group, run, &left)) {
		fputs("hrt-tasks: no memory for a task\n", stderr);
		exit(1);
	}
	run(&right);
	hrt_task_wait(&group);
	part->sum = left.sum + right.sum;
}

int main(int argc, char **argv)
{
	struct example example = {
	    .name = "hrt-tasks",
	    .what = "Pi by Simpson's rule, halved into tasks of hrt.h that run on all cores",
	    .size_is = "halvings",
	    .size = 20,
	    .size_min = 1,
	    .size_max = 30,
	    .repetitions_are = "integrals",
	    .repetitions = 4,
	};
	struct part all = {.to = 1};
	double seconds;

	example_arguments(&example, argc, argv);
	seconds = example_seconds();
	for (size_t i = 0; i < example.repetitions; i++) {
		all = (struct part){.to = 1, .halvings = example.size};
		run(&all);
	}
	seconds = example_seconds() - seconds;
	return example_report(&example, example_digest(&all.sum, 1), fabs(all.sum - 0x1.921fb54442d18p+1), 1e-2,
			      seconds, 1e-6 * (double)(example.repetitions << example.size) / seconds,
			      "million parts/s");
}
