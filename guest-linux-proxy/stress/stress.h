/* SPDX-License-Identifier: Apache-2.0 */
/* What the cases share (main.c). */
#ifndef HVM_STRESS_H
#define HVM_STRESS_H

#include "../bench/bench.h"

extern unsigned int rounds;

/** xorshift64*, from the seed, so that a failing run can be repeated. */
uint64_t random_number(void);
struct hvm_info info(void);
/** Ends the program unless the partition is READY, every core free, and each answers. */
void expect_ready(const char *after);

/* modules.c */
void case_modules(void);

#endif
