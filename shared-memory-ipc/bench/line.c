/* SPDX-License-Identifier: Apache-2.0 */
/* One cache line there and back, nothing in it: the bound of everything that polls. */
#include <hvm/types.h>

#include "native.h"

struct line {
	uint64_t word;
	uint64_t pad[7];
};

static struct line *line;

static bool line_open(void *shared)
{
	line = shared;
	return true;
}

static void line_run(uint32_t rounds)
{
	for (uint32_t i = 1; i <= rounds; i++) {
		hvm_store_release(&line->word, (uint64_t)i);
		while (hvm_load_acquire(&line->word) == i)
			;
	}
}

static void line_serve(uint32_t rounds)
{
	for (uint32_t i = 1; i <= rounds; i++) {
		while (hvm_load_acquire(&line->word) != i)
			;
		hvm_store_release(&line->word, (uint64_t)0);
	}
}

const struct mechanism line_roundtrip = {
    .name = "line.roundtrip",
    .rounds = 1000,
    .shared_size = sizeof(struct line),
    .open = line_open,
    .run = line_run,
    .serve = line_serve,
};
