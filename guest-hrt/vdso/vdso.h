/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hrt-vdso.so, the object that AT_SYSINFO_EHDR names on HRT cores. Beside what Linux's vDSO has (version LINUX_2.6) it
 * exports, as version HRT_1, what is below. Results are negative errno values where they fail (hvm/gate.h says which).
 */
#ifndef HRT_VDSO_H
#define HRT_VDSO_H

#include <stdint.h>

/** Where Linux's own vDSO has its functions; the proxy fills it in. 0: it has none. */
struct hrt_vdso_data {
	uint64_t clock_gettime, gettimeofday, time, clock_getres;
};
extern const volatile struct hrt_vdso_data __hrt_data;

/** Wait while *@word is @value, at most @ns nanoseconds (UINT64_MAX: for ever). */
int64_t __hrt_wait(const uint32_t *word, uint32_t value, uint64_t ns);

/** Wake at most @count threads that wait for @word; how many there were. */
int64_t __hrt_wake(const uint32_t *word, uint32_t count);

/** Let the core's other threads go first. */
int64_t __hrt_yield(void);

/** The thread's number in its process. */
int64_t __hrt_self(void);

/** Make thread @number call @function(@argument). */
int64_t __hrt_interrupt(uint64_t number, void (*function)(void *), void *argument);

/** The number of the core in its job, as getcpu(2). */
uint32_t __hrt_core(void);

#endif
