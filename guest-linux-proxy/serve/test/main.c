/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#define LIMIT_SECONDS 300

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(LIMIT_SECONDS);
	test_calls();
	test_hostile();
	return 0;
}
