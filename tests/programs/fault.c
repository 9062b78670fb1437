// SPDX-License-Identifier: Apache-2.0
/* Dies in the way that its argument names. Each way is a function of its own, for the backtrace to name. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline, noclone))

static volatile int zero;

static NOINLINE void dereference_null(void)
{
	volatile int *volatile null = NULL;

	*null = 1;
}

static NOINLINE void divide_by_zero(void)
{
	zero = 7 / zero;
}

static NOINLINE void illegal_instruction(void)
{
	__asm__ volatile("ud2");
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winfinite-recursion"
static NOINLINE int overflow_stack(volatile char *above)
{
	volatile char frame[4096];

	frame[0] = *above;
	return overflow_stack(frame) + frame[0];
}
#pragma GCC diagnostic pop

static NOINLINE void loop_for_ever(void)
{
	puts("looping");
	fflush(stdout);
	for (;;)
		zero = zero + 1;
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";
	volatile char first = 0;

	if (!strcmp(way, "null"))
		dereference_null();
	else if (!strcmp(way, "divide"))
		divide_by_zero();
	else if (!strcmp(way, "illegal"))
		illegal_instruction();
	else if (!strcmp(way, "stack"))
		return overflow_stack(&first);
	else if (!strcmp(way, "abort"))
		abort();
	else if (!strcmp(way, "loop"))
		loop_for_ever();
	fprintf(stderr, "usage: fault null|divide|illegal|stack|abort|loop\n");
	return 2;
}
