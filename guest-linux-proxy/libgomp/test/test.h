/* SPDX-License-Identifier: Apache-2.0 */
/* Native tests: each is a function; a failed check names its line and ends the program. */
#ifndef OPENMP_TEST_H
#define OPENMP_TEST_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK_EQUAL(actual, expected)                                                                                  \
	do {                                                                                                           \
		long long a_ = (long long)(actual), e_ = (long long)(expected);                                        \
		if (a_ != e_) {                                                                                        \
			fprintf(stderr, "%s:%d: %s: %s is %lld, expected %lld\n", __FILE__, __LINE__, __func__,        \
				#actual, a_, e_);                                                                      \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

#define RUN(test)                                                                                                      \
	do {                                                                                                           \
		test();                                                                                                \
		printf("ok %s\n", #test);                                                                              \
	} while (0)

/* One function for each file of tests. */
void test_regions(void);
void test_loops(void);
void test_constructs(void);
void test_tasks(void);
void test_questions(void);

#endif
