/* SPDX-License-Identifier: Apache-2.0 */
#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GUARDED_MAX 8
#define HIGHEST	    65536u /* a descriptor's number costs table memory up to it */

static int guarded[GUARDED_MAX];
static unsigned int count;

/*
 * Linux checks RLIMIT_NOFILE only when a descriptor is made. One that was made under a higher limit stays, and can be
 * neither handed out nor be the target of dup2 under the lower one.
 */
static int duplicate_high(int fd)
{
	struct rlimit limit, raised;
	unsigned int lowest;
	int high;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return -1;
	lowest = limit.rlim_cur < HIGHEST ? (unsigned int)limit.rlim_cur : HIGHEST;
	raised = limit;
	raised.rlim_cur = limit.rlim_max < lowest + GUARDED_MAX ? limit.rlim_max : lowest + GUARDED_MAX;
	if (raised.rlim_cur < limit.rlim_cur)
		raised.rlim_cur = limit.rlim_cur;
	if (raised.rlim_cur < lowest + GUARDED_MAX) /* the hard limit leaves no room above: take the last below */
		lowest = raised.rlim_cur > GUARDED_MAX ? (unsigned int)raised.rlim_cur - GUARDED_MAX : 0;
	setrlimit(RLIMIT_NOFILE, &raised);
	high = fcntl(fd, F_DUPFD_CLOEXEC, lowest);
	setrlimit(RLIMIT_NOFILE, &limit);
	return high;
}

int descriptor_guard(int fd)
{
	int high;

	if (count == GUARDED_MAX)
		return -EMFILE;
	high = duplicate_high(fd);
	if (high < 0)
		return -errno;
	close(fd);
	guarded[count++] = high;
	return high;
}

void descriptor_release(int fd)
{
	for (unsigned int i = 0; i < count; i++)
		if (guarded[i] == fd)
			guarded[i] = guarded[--count];
	close(fd);
}

bool descriptor_is_own(uint64_t fd)
{
	for (unsigned int i = 0; i < count; i++)
		if ((unsigned int)fd == (unsigned int)guarded[i])
			return true;
	return false;
}

/* The lowest guarded number in first .. last, or -1. */
static int lowest_within(unsigned int first, unsigned int last)
{
	int lowest = -1;

	for (unsigned int i = 0; i < count; i++) {
		unsigned int fd = (unsigned int)guarded[i];

		if (fd >= first && fd <= last && (lowest < 0 || guarded[i] < lowest))
			lowest = guarded[i];
	}
	return lowest;
}

int64_t descriptor_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	int own;

	if (first > last)
		return -EINVAL;
	while ((own = lowest_within(first, last)) >= 0) {
		if ((unsigned int)own > first && syscall(SYS_close_range, first, (unsigned int)own - 1, flags))
			return -errno;
		if ((unsigned int)own == last)
			return 0;
		first = (unsigned int)own + 1;
	}
	return syscall(SYS_close_range, first, last, flags) ? -errno : 0;
}
