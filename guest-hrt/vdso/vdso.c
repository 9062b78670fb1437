/* SPDX-License-Identifier: Apache-2.0 */
/* What Linux's vDSO answers. The clocks are Linux's; the cores are the job's. */
#include "vdso.h"

#include <stddef.h>

#define SELECTOR_CPU_NODE 0x7b
#define CPU_MASK	  0xfffu

enum {
	NR_GETTIMEOFDAY = 96,
	NR_TIME = 201,
	NR_CLOCK_GETTIME = 228,
	NR_CLOCK_GETRES = 229,
};

/* Written once by the proxy, behind the compiler's back. */
const volatile struct hrt_vdso_data __hrt_data __attribute__((section(".data"))) = {0};

int __vdso_clock_gettime(int clock, void *time);
int __vdso_clock_getres(int clock, void *resolution);
int __vdso_gettimeofday(void *time, void *zone);
long __vdso_time(long *time);
int __vdso_getcpu(unsigned int *cpu, unsigned int *node, void *unused);

static long system_call(long number, long a, long b)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return result;
}

/* All have two arguments in registers, or fewer. */
static long call(uint64_t function, long number, long a, long b)
{
	if (function)
		return ((long (*)(long, long))function)(a, b);
	return system_call(number, a, b);
}

int __vdso_clock_gettime(int clock, void *time)
{
	return (int)call(__hrt_data.clock_gettime, NR_CLOCK_GETTIME, clock, (long)time);
}

int __vdso_clock_getres(int clock, void *resolution)
{
	return (int)call(__hrt_data.clock_getres, NR_CLOCK_GETRES, clock, (long)resolution);
}

int __vdso_gettimeofday(void *time, void *zone)
{
	return (int)call(__hrt_data.gettimeofday, NR_GETTIMEOFDAY, (long)time, (long)zone);
}

long __vdso_time(long *time)
{
	return call(__hrt_data.time, NR_TIME, (long)time, 0);
}

uint32_t __hrt_core(void)
{
	uint32_t limit;

	__asm__ volatile("lsl %1, %0" : "=r"(limit) : "r"(SELECTOR_CPU_NODE) : "cc");
	return limit & CPU_MASK;
}

int __vdso_getcpu(unsigned int *cpu, unsigned int *node, void *unused)
{
	(void)unused;
	if (cpu)
		*cpu = __hrt_core();
	if (node)
		*node = 0;
	return 0;
}
