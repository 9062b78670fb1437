/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "../descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void a_guarded_descriptor_lies_beyond_the_limit(void)
{
	struct rlimit before, low;
	int fd = open("/dev/null", O_RDONLY);
	int high;

	getrlimit(RLIMIT_NOFILE, &before);
	low = before;
	low.rlim_cur = 100;
	setrlimit(RLIMIT_NOFILE, &low);
	high = descriptor_guard(fd);
	CHECK(high >= 100 || before.rlim_max <= 108);
	CHECK(descriptor_is_own((uint64_t)high));
	CHECK(!descriptor_is_own((uint64_t)fd));
	CHECK_EQUAL(fcntl(fd, F_GETFD), -1);
	CHECK_EQUAL(fcntl(high, F_GETFD), FD_CLOEXEC);
	getrlimit(RLIMIT_NOFILE, &low);
	CHECK_EQUAL(low.rlim_cur, 100);
	setrlimit(RLIMIT_NOFILE, &before);
}

static void upper_bits_of_the_register_do_not_matter(void)
{
	int high = descriptor_guard(open("/dev/null", O_RDONLY));

	CHECK(descriptor_is_own((uint64_t)high | 0xffffffff00000000ull));
}

static void closing_a_range_goes_around_the_guarded(void)
{
	int high = descriptor_guard(open("/dev/null", O_RDONLY));
	int below = dup2(0, high - 50), above = dup2(0, high + 50);

	CHECK_EQUAL(descriptor_close_range((unsigned int)high - 50, (unsigned int)high + 50, 0), 0);
	CHECK_EQUAL(fcntl(high, F_GETFD), FD_CLOEXEC);
	CHECK_EQUAL(fcntl(below, F_GETFD), -1);
	CHECK(above < 0 || fcntl(above, F_GETFD) == -1);
	CHECK_EQUAL(descriptor_close_range((unsigned int)high, (unsigned int)high, 0), 0);
	CHECK_EQUAL(fcntl(high, F_GETFD), FD_CLOEXEC);
}

static void a_bad_range_is_refused_as_by_linux(void)
{
	CHECK_EQUAL(descriptor_close_range(5, 4, 0), -EINVAL);
	CHECK_EQUAL(descriptor_close_range(500, 600, 0x80), -EINVAL);
}

static void a_closed_descriptor_cannot_be_guarded(void)
{
	CHECK_EQUAL(descriptor_guard(999), -EBADF);
}

void test_descriptor(void)
{
	RUN(a_guarded_descriptor_lies_beyond_the_limit);
	RUN(upper_bits_of_the_register_do_not_matter);
	RUN(closing_a_range_goes_around_the_guarded);
	RUN(a_bad_range_is_refused_as_by_linux);
	RUN(a_closed_descriptor_cannot_be_guarded);
}
