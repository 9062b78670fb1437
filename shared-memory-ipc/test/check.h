/* SPDX-License-Identifier: Apache-2.0 */
/* Native tests of all C parts: each is a function; a failed check names its line and ends the program. */
#ifndef HVM_TEST_CHECK_H
#define HVM_TEST_CHECK_H

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
		long long a_ = (long long)(actual), e_ = (long long)(expected);                                        \
		if (a_ != e_) {                                                                                        \
			fprintf(stderr, "%s:%d: %s: %s is %lld (%#llx), expected %lld (%#llx)\n", __FILE__, __LINE__,  \
				__func__, #actual, a_, (unsigned long long)a_, e_, (unsigned long long)e_);            \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

#define CHECK_CONTAINS(text, part)                                                                                     \
	do {                                                                                                           \
		if (!strstr(text, part)) {                                                                             \
			fprintf(stderr, "%s:%d: %s: \"%s\" does not contain \"%s\"\n", __FILE__, __LINE__, __func__,   \
				text, part);                                                                           \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

#define RUN(test)                                                                                                      \
	do {                                                                                                           \
		test();                                                                                                \
		printf("ok %s\n", #test);                                                                              \
	} while (0)

/** Deterministic random numbers: xorshift64* (Vigna 2016). @state must not be 0. */
static inline uint64_t test_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

#endif
