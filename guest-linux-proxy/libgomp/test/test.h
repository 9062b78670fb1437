/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of this part: one function for each file. */
#ifndef OPENMP_TEST_H
#define OPENMP_TEST_H

#include "../../../shared-memory-ipc/test/check.h"

void test_regions(void);
void test_loops(void);
void test_constructs(void);
void test_tasks(void);
void test_questions(void);

#endif
