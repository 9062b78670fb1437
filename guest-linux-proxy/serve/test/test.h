/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of hvm-serve with clients of hvm/host_call.h: the server runs on threads of this process. */
#ifndef SERVE_TEST_H
#define SERVE_TEST_H

#include "../../../shared-memory-ipc/test/check.h"

#include "../serve.h"

#include <hvm/host_call.h>

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

void test_calls(void);
void test_hostile(void);

#endif
