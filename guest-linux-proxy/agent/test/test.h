/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of this part: one function for each file. */
#ifndef AGENT_TEST_H
#define AGENT_TEST_H

#include "../../../shared-memory-ipc/test/check.h"

void test_fields(void);
void test_channel(void);
void test_channel_fuzz(void);
void test_job(void);

#endif
