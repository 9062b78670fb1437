/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#define LIMIT_SECONDS 300

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(LIMIT_SECONDS);
	test_calls();
#ifndef __SANITIZE_THREAD__ /* it makes a new thread for each of thousands of faults */
	test_hostile();
#endif
	return 0;
}
