/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_fields();
	test_channel();
	test_channel_fuzz();
	test_job();
	return 0;
}
