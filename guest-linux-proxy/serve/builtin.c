/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that are always there: to try the way, to measure it, to see what is behind it. */
#include <stdio.h>
#include <unistd.h>

#include "serve.h"

static uint64_t null_call(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	(void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
	return 0;
}

static uint64_t echo(uint64_t word, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	(void)b, (void)c, (void)d, (void)e, (void)f;
	return word;
}

static uint64_t sum(uint64_t numbers, uint64_t bytes, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	typedef uint64_t __attribute__((aligned(1))) word;
	const volatile word *number = (const volatile word *)numbers;
	uint64_t total = 0;

	(void)c, (void)d, (void)e, (void)f;
	for (uint64_t i = 0; i < bytes / sizeof(*number); i++)
		total += number[i];
	return total;
}

/* snprintf may come to ask Linux for memory: on an HRT core that goes the way of all its system calls. */
static uint64_t info(uint64_t text, uint64_t size, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	uint64_t selector;

	(void)c, (void)d, (void)e, (void)f;
	__asm__("mov %%cs, %0" : "=r"(selector));
	return (uint64_t)snprintf((char *)text, size, "ring=%u pid=%d tsc=%llu", (unsigned int)selector & 3,
				  (int)getpid(), __builtin_ia32_rdtsc());
}

bool builtin_add(struct table *table)
{
	return table_add(table, "null", "() = 0", null_call) && table_add(table, "echo", "(word) = the word", echo) &&
	       table_add(table, "sum", "(numbers, bytes) = sum of the 64-bit integers there", sum) &&
	       table_add(table, "hrt.info", "(buffer, bytes) = length of the text: what runs the functions", info);
}
