/* SPDX-License-Identifier: Apache-2.0 */
/* A system call as the program made it: all six registers through, the kernel's own answer back. */
#ifndef PROXY_RAW_H
#define PROXY_RAW_H

#include <stdint.h>

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

#endif
