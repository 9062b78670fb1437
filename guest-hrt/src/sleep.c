/* SPDX-License-Identifier: Apache-2.0 */
#include "sleep.h"
#include "core.h"
#include "cpu.h"
#include "futex.h"
#include "syscall.h"
#include "timer.h"
#include "user.h"

#define EFAULT	  14
#define EINVAL	  22
#define ETIMEDOUT 110

#define CLOCK_REALTIME	0
#define CLOCK_MONOTONIC 1
#define TIMER_ABSTIME	1

#define NS_PER_S 1000000000ull

struct timespec {
	int64_t seconds;
	int64_t ns;
};

static uint64_t later(uint64_t now, uint64_t cycles)
{
	return cycles > TIMER_NEVER - now ? TIMER_NEVER : now + cycles;
}

int64_t sleep_deadline(struct thread *thread, uint64_t address, bool absolute, uint64_t *deadline)
{
	uint64_t start = cpu_tsc(), seconds, ns;
	struct timespec time;

	if (!user_read_waiting(thread, &time, address, sizeof(time)))
		return -EFAULT;
	if (time.seconds < 0 || (uint64_t)time.ns >= NS_PER_S)
		return -EINVAL;
	seconds = (uint64_t)time.seconds;
	ns = (uint64_t)time.ns;
	if (absolute) {
		uint64_t now = timer_monotonic(thread), now_seconds = now / NS_PER_S, now_ns = now % NS_PER_S;

		start = cpu_tsc();
		if (seconds < now_seconds || (seconds == now_seconds && ns <= now_ns)) {
			*deadline = start;
			return 0;
		}
		seconds -= now_seconds + (ns < now_ns);
		ns += (ns < now_ns ? NS_PER_S : 0) - now_ns;
	}
	*deadline = later(start, timer_cycles(seconds, ns));
	return 0;
}

/* What is left, for the program to sleep on. */
static void tell_rest(struct thread *thread, uint64_t address, uint64_t deadline)
{
	uint64_t now = cpu_tsc(), khz = partition->tsc_khz, cycles = deadline > now ? deadline - now : 0;
	struct timespec rest = {.seconds = (int64_t)(cycles / (khz * 1000))};

	rest.ns = (int64_t)(cycles % (khz * 1000) * 1000 / khz * 1000);
	user_write_waiting(thread, address, &rest, sizeof(rest));
}

static int64_t sleep(struct thread *thread, const struct hvm_regs *regs, uint64_t request, uint64_t rest, bool absolute)
{
	uint64_t deadline;
	int64_t result;

	thread->entry = regs;
	result = sleep_deadline(thread, request, absolute, &deadline);
	if (result)
		return result;
	result = futex_sleep(thread, deadline);
	if (result == -ETIMEDOUT)
		return 0;
	if (rest && !absolute)
		tell_rest(thread, rest, deadline);
	return result;
}

int64_t sleep_nanosleep(struct thread *thread, const struct hvm_regs *regs)
{
	return sleep(thread, regs, regs->rdi, regs->rsi, false);
}

/* A duration is the same by both clocks. */
int64_t sleep_clock_nanosleep(struct thread *thread, const struct hvm_regs *regs)
{
	int clock = (int)regs->rdi;
	bool absolute = regs->rsi & TIMER_ABSTIME;

	if (clock == CLOCK_MONOTONIC || (clock == CLOCK_REALTIME && !absolute))
		return sleep(thread, regs, regs->rdx, regs->r10, absolute);
	return syscall_forward(thread, regs);
}
