/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of this part: one function for each file. */
#ifndef IPC_TEST_H
#define IPC_TEST_H

#include "check.h"

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
