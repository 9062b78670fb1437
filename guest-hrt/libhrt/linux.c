/* SPDX-License-Identifier: Apache-2.0 */
/* Plain Linux: futex(2), and a signal for interrupts. */
#include "linux.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ull

static int wait(const uint32_t *word, uint32_t value, uint64_t deadline)
{
	struct timespec time = {.tv_sec = (time_t)(deadline / NS_PER_S), .tv_nsec = (long)(deadline % NS_PER_S)};
	int saved = errno, result = 0;

	/* With a bit set the deadline is absolute, by CLOCK_MONOTONIC. */
	if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, value,
		    deadline == HRT_FOREVER ? NULL : &time, NULL, FUTEX_BITSET_MATCH_ANY) &&
	    errno == ETIMEDOUT)
		result = -ETIMEDOUT;
	errno = saved;
	return result;
}

static int64_t wake(const uint32_t *word, uint32_t count)
{
	int saved = errno;

	syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count > INT_MAX ? INT_MAX : (int)count, NULL, NULL,
		0);
	errno = saved;
	return 0;
}

static int64_t yield(void)
{
	return sched_yield();
}

/* The last real-time signal; the thread's record comes with it. */
static void handle(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	hrt_thread_interrupted(info->si_value.sival_ptr);
}

static void install(void)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER};

	sigaction(SIGRTMAX, &action, NULL);
}

static int interrupt(struct hrt_thread *thread)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const union sigval value = {.sival_ptr = thread};

	pthread_once(&once, install);
	return -pthread_sigqueue((pthread_t)hrt_thread_name(thread), SIGRTMAX, value);
}

static int64_t self(void)
{
	return (int64_t)pthread_self();
}

static uint32_t core(void)
{
	int cpu = sched_getcpu();

	return cpu < 0 ? 0 : (uint32_t)cpu;
}

const struct kernel hrt_linux = {wait, wake, yield, interrupt, self, core};
