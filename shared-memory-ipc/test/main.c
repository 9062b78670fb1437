/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <unistd.h>

#define LIMIT_SECONDS 300 /* a lost wake-up shows as a test that never ends */

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(LIMIT_SECONDS);
	test_slot();
	test_slot_threads();
	test_log();
	test_poll();
	test_ring();
	test_ring_threads();
	return 0;
}
