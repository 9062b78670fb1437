/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_regions();
	test_loops();
	test_constructs();
	test_tasks();
	test_questions();
	return 0;
}
