/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the stand-in share. */
#ifndef HRT_TEST_STANDIN_H
#define HRT_TEST_STANDIN_H

#include <hvm/partition.h>

#define PARTITION 0x10000000ull

/** Say @what; the end, if it is not @ok. */
void check(const char *what, bool ok);

/** The program's next request; @served is the tag of the one before. */
struct hvm_request next_request(uint64_t *served);

void answer(const struct hvm_request *request, int64_t result);

int64_t system_call(uint64_t nr, uint64_t a, uint64_t b);

/** In ring 3: the program, which has called vfork, tries what only a kernel may. */
void privilege_attempts(struct hvm_slot *slot, const struct hvm_request *vfork, uint64_t *served);

#endif
