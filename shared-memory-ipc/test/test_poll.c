/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <hvm/poll.h>

#define BASE  100u
#define LIMIT 800u

/* The windows of a waiter whose waits all take @length. */
static uint64_t after(unsigned int waits, uint64_t length)
{
	uint64_t window = BASE;

	for (unsigned int i = 0; i < waits; i++)
		if (length > window)
			window = hvm_poll_adapt(window, length, BASE, LIMIT);
	return window;
}

static void a_window_grows_until_it_covers_the_wait(void)
{
	CHECK(after(1, 350) == 200);
	CHECK(after(2, 350) == 400);
	CHECK(after(100, 350) == 400);
}

static void a_window_never_exceeds_its_limit(void)
{
	CHECK(after(100, LIMIT) == LIMIT);
	CHECK(hvm_poll_adapt(700, LIMIT, BASE, LIMIT) == LIMIT);
	CHECK(hvm_poll_adapt(UINT64_MAX / 2 + 1, 1, 1, UINT64_MAX) == UINT64_MAX);
}

static void a_long_wait_falls_back_to_the_shortest_window(void)
{
	CHECK(hvm_poll_adapt(LIMIT, LIMIT + 1, BASE, LIMIT) == BASE);
	CHECK(after(100, LIMIT + 1) == BASE);
}

void test_poll(void)
{
	RUN(a_window_grows_until_it_covers_the_wait);
	RUN(a_window_never_exceeds_its_limit);
	RUN(a_long_wait_falls_back_to_the_shortest_window);
}
