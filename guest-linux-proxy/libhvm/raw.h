/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that touch no errno: servers share their thread's memory with functions on HRT cores, and all of libhvm
 * may run there.
 */
#ifndef LIBHVM_RAW_H
#define LIBHVM_RAW_H

#include <stdint.h>
#include <sys/syscall.h>

static inline int64_t raw_call(uint64_t nr, const uint64_t arg[6])
{
	register uint64_t r10 __asm__("r10") = arg[3];
	register uint64_t r8 __asm__("r8") = arg[4];
	register uint64_t r9 __asm__("r9") = arg[5];
	int64_t result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(arg[0]), "S"(arg[1]), "d"(arg[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static inline int64_t raw_call3(uint64_t nr, uint64_t a, uint64_t b, uint64_t c)
{
	return raw_call(nr, (const uint64_t[6]){a, b, c});
}

static inline int64_t raw_ioctl(int fd, unsigned long request, const void *argument)
{
	return raw_call3(SYS_ioctl, (uint64_t)fd, request, (uint64_t)argument);
}

#endif
