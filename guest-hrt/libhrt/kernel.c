/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the aerokernel's object by the auxiliary vector and its symbol table, and takes Linux if there is none. */
#include "kernel.h"
#include "linux.h"

#include "../vdso/lookup.h"

#include <errno.h>
#include <sys/auxv.h>
#include <time.h>

#define NS_PER_S 1000000000ull

/* The object's functions (guest-hrt/vdso/vdso.h). */
static struct {
	int64_t (*wait)(const uint32_t *word, uint32_t value, uint64_t ns);
	int64_t (*wake)(const uint32_t *word, uint32_t count);
	int64_t (*yield)(void);
	int64_t (*self)(void);
	int64_t (*interrupt)(uint64_t number, void (*function)(void *), void *argument);
	uint32_t (*core)(void);
} object;

struct kernel hrt_kernel;
static bool available;

static int object_wait(const uint32_t *word, uint32_t value, uint64_t deadline)
{
	uint64_t ns = HRT_FOREVER;
	int64_t result;

	if (deadline != HRT_FOREVER) {
		uint64_t now = hrt_now();

		if (deadline <= now)
			return -ETIMEDOUT;
		ns = deadline - now;
	}
	result = object.wait(word, value, ns);
	if (result == -EFAULT)
		load(word); /* the page comes, or the program dies of its own access */
	return result == -ETIMEDOUT ? -ETIMEDOUT : 0;
}

static int object_interrupt(struct hrt_thread *thread)
{
	return (int)object.interrupt(hrt_thread_name(thread), hrt_thread_interrupted, thread);
}

static bool find(uint64_t base, const char *name, void *function)
{
	uint64_t address = vdso_lookup(base, name);

	*(uint64_t *)function = address;
	return address != 0;
}

static bool find_object(void)
{
	uint64_t base = getauxval(AT_SYSINFO_EHDR);

	return find(base, "__hrt_wait", &object.wait) && find(base, "__hrt_wake", &object.wake) &&
	       find(base, "__hrt_yield", &object.yield) && find(base, "__hrt_self", &object.self) &&
	       find(base, "__hrt_interrupt", &object.interrupt) && find(base, "__hrt_core", &object.core);
}

__attribute__((constructor(101))) static void choose(void)
{
	available = find_object();
	hrt_kernel = hrt_linux;
	if (available)
		hrt_kernel =
		    (struct kernel){object_wait, object.wake, object.yield, object_interrupt, object.self, object.core};
}

bool hrt_available(void)
{
	return available;
}

uint64_t hrt_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}
