/* SPDX-License-Identifier: Apache-2.0 */
/* Native tests: each is a function; a failed check names its line and ends the program. */
#ifndef HRT_MODULE_TEST_H
#define HRT_MODULE_TEST_H

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
