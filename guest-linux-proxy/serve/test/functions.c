/* SPDX-License-Identifier: Apache-2.0 */
/* A shared object as a user of hvm-serve --library makes one: well-behaved functions and others. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What it exports. */
uint64_t multiply(uint64_t a, uint64_t b);
uint64_t fill(char *memory, uint64_t bytes, uint64_t value);
uint64_t allocate(uint64_t bytes);
uint64_t crash(uint64_t address);
uint64_t divide(uint64_t a, uint64_t b);
uint64_t forever(void);
uint64_t own_process(void);

uint64_t multiply(uint64_t a, uint64_t b)
{
	return a * b;
}

uint64_t fill(char *memory, uint64_t bytes, uint64_t value)
{
	memset(memory, (int)value, bytes);
	return bytes;
}

/* Asks Linux for memory, and touches it. */
uint64_t allocate(uint64_t bytes)
{
	char *memory = malloc(bytes);
	uint64_t sum = 0;

	if (!memory)
		return 0;
	memset(memory, 1, bytes);
	for (uint64_t i = 0; i < bytes; i++)
		sum += (uint64_t)((volatile char *)memory)[i];
	free(memory);
	return sum;
}

uint64_t crash(uint64_t address)
{
	return *(volatile uint64_t *)address;
}

uint64_t divide(uint64_t a, uint64_t b)
{
	return a / b;
}

uint64_t forever(void)
{
	for (volatile uint64_t i = 0;; i++)
		;
}

uint64_t own_process(void)
{
	return (uint64_t)getpid();
}
