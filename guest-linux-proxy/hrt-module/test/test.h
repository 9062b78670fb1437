/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of this part: one function for each file. */
#ifndef HRT_MODULE_TEST_H
#define HRT_MODULE_TEST_H

#include "../../../shared-memory-ipc/test/check.h"

struct sample {
	uint8_t *bytes; /* exactly as many as the file has, so that the sanitizer sees what is read beyond */
	uint64_t size;
};

/** The file @name of the samples; the caller frees its bytes. */
struct sample sample_read(const char *name);

void test_image(void);
void test_damage(void);
void test_load(void);

#endif
