/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of hvm-serve with clients of hvm/host_call.h: the server runs on threads of this process. */
#ifndef SERVE_TEST_H
#define SERVE_TEST_H

#include "../serve.h"

#include <hvm/host_call.h>

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: %s: not true: %s\n", __FILE__, __LINE__, __func__, #condition);        \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

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

#define WINDOW_SIZE HVM_WINDOW_SIZE_MIN

/* What tests offer besides the server's own functions. */
uint64_t test_crash(uint64_t address, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
uint64_t test_forever(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
uint64_t test_fill(uint64_t memory, uint64_t bytes, uint64_t value, uint64_t d, uint64_t e, uint64_t f);

/* rig.c: a window in a file, and its server. */
extern const char *rig_file;
void rig_begin(unsigned int idle_ms, uint32_t limit_ms);
/* Ask it to end, and wait. */
void rig_end(void);
/* Wait until it ends by itself. */
void rig_await(void);
struct serve *rig_serve(void);
uint64_t rig_random(uint64_t *seed);

void test_calls(void);
void test_hostile(void);

#endif
