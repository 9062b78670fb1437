/* SPDX-License-Identifier: Apache-2.0 */
/* What the primitives need of the kernel below: the aerokernel, or Linux. */
#ifndef LIBHRT_KERNEL_H
#define LIBHRT_KERNEL_H

#include "hrt.h"

struct hrt_thread;

struct kernel {
	/** Wait while *@word is @value until @deadline: 0 for any reason, or -ETIMEDOUT. */
	int (*wait)(const uint32_t *word, uint32_t value, uint64_t deadline);
	/** Wake at most @count of those that wait for @word, which need not exist any more. */
	int64_t (*wake)(const uint32_t *word, uint32_t count);
	int64_t (*yield)(void);
	/** Make @thread call thread_interrupted(@thread): 0 or -ESRCH. */
	int (*interrupt)(struct hrt_thread *thread);
	/** What names the calling thread to it. */
	int64_t (*self)(void);
	uint32_t (*core)(void);
};

/** The one that is there, from before the program's constructors on. */
extern struct kernel hrt_kernel;

#define HRT_ALL UINT32_MAX

/* thread.c */
void hrt_thread_interrupted(void *thread);
uint64_t hrt_thread_name(const struct hrt_thread *thread);

static inline uint32_t load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

#endif
