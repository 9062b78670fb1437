/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processor time. Linux sees only the proxy's. The program's own is the time it holds its HRT core, all of it, because
 * nobody else runs there; it is told as user time, and what Linux spent for it as system time.
 */
#include "calls.h"

#include "memory.h"
#include "raw.h"
#include "thread.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ull

static uint64_t core_ns(const struct server *server, bool thread_alone)
{
	uint64_t cycles = thread_alone ? thread_cycles(server) : thread_cycles_of_all(server->job);

	return (uint64_t)((unsigned __int128)cycles * 1000000 / (server->job->tsc_khz ? server->job->tsc_khz : 1));
}

int64_t call_clock_gettime(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	uint64_t ns;
	struct timespec time;

	if ((clockid_t)arg[0] != CLOCK_PROCESS_CPUTIME_ID && (clockid_t)arg[0] != CLOCK_THREAD_CPUTIME_ID)
		return raw_call(nr, arg);
	ns = core_ns(server, (clockid_t)arg[0] == CLOCK_THREAD_CPUTIME_ID);
	time = (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
	return memory_write(arg[1], &time, sizeof(time)) ? 0 : -EFAULT;
}

static uint64_t microseconds(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec;
}

static struct timeval timeval_of(uint64_t us)
{
	return (struct timeval){.tv_sec = (time_t)(us / 1000000), .tv_usec = (long)(us % 1000000)};
}

int64_t call_getrusage(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	struct rusage usage;

	if ((int)arg[0] != RUSAGE_SELF && (int)arg[0] != RUSAGE_THREAD)
		return raw_call(nr, arg);
	if (getrusage((int)arg[0], &usage))
		return -errno;
	usage.ru_stime = timeval_of(microseconds(&usage.ru_stime) + microseconds(&usage.ru_utime));
	usage.ru_utime = timeval_of(core_ns(server, (int)arg[0] == RUSAGE_THREAD) / 1000);
	return memory_write(arg[1], &usage, sizeof(usage)) ? 0 : -EFAULT;
}

int64_t call_times(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	struct tms spent;
	uint64_t into[HVM_SLOT_ARGS] = {(uint64_t)&spent};
	int64_t now = raw_call(nr, into);

	spent.tms_stime += spent.tms_utime;
	spent.tms_utime = (clock_t)(core_ns(server, false) / (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK)));
	if (arg[0] && !memory_write(arg[0], &spent, sizeof(spent)))
		return -EFAULT;
	return now;
}
