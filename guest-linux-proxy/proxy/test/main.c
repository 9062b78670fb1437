/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_elf();
	test_elf_fuzz();
	test_stack();
	test_heap();
	test_options();
	test_mapping();
	test_paging();
	test_partition_memory();
	test_memory();
	test_image();
	test_symbol();
	test_backtrace();
	test_report();
	test_descriptor();
	test_region();
	test_script();
	return 0;
}
