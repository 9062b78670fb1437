/* SPDX-License-Identifier: Apache-2.0 */
/* Native tests: each is a function; a failed check names its line and ends the program. */
#ifndef IPC_TEST_H
#define IPC_TEST_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: %s: not true: %s\n", __FILE__, __LINE__, __func__, #condition);        \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

#define CHECK_EQUAL(actual, expected)                                                                                  \
	do {                                                                                                           \
		unsigned long long a_ = (unsigned long long)(actual), e_ = (unsigned long long)(expected);             \
		if (a_ != e_) {                                                                                        \
			fprintf(stderr, "%s:%d: %s: %s is %#llx, expected %#llx\n", __FILE__, __LINE__, __func__,      \
				#actual, a_, e_);                                                                      \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

#define RUN(test)                                                                                                      \
	do {                                                                                                           \
		test();                                                                                                \
		printf("ok %s\n", #test);                                                                              \
	} while (0)

/* Marsaglia's xorshift64: the same rubbish in every run. @state must not be 0. */
static inline uint64_t random_word(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

void test_slot(void);
void test_slot_threads(void);
void test_log(void);
void test_poll(void);
void test_ring(void);
void test_ring_threads(void);

#endif
