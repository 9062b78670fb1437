/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of this part: one function for each file. */
#ifndef PROXY_TEST_H
#define PROXY_TEST_H

#include "../../../shared-memory-ipc/test/check.h"

void test_elf(void);
void test_elf_fuzz(void);
void test_stack(void);
void test_heap(void);
void test_options(void);
void test_paging(void);
void test_partition_memory(void);
void test_descriptor(void);
void test_region(void);
void test_script(void);
void test_symbol(void);
void test_backtrace(void);
void test_report(void);
void test_mapping(void);
void test_memory(void);
void test_image(void);

#endif
