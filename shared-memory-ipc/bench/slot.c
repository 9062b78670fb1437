/* SPDX-License-Identifier: Apache-2.0 */
/* A request and its answer in a slot, both sides polling, with all that the protocol asks for. */
#include <hvm/slot.h>

#include <stdlib.h>

#include "native.h"

#define GENERATION 1u
#define NUMBER	   39u

static struct hvm_slot *slot;
static uint32_t sequence; /* the first process's */
static uint64_t last_tag; /* the peer's */

static bool slot_open(void *shared)
{
	slot = shared;
	return true;
}

static void slot_run(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		const uint64_t arg[HVM_SLOT_ARGS] = {i, i, i, i, i, i};
		uint64_t tag = hvm_slot_tag(++sequence, GENERATION);
		int64_t result;

		hvm_slot_arguments(slot, arg);
		hvm_slot_publish(slot, tag, NUMBER);
		if (hvm_slot_server_needs_wake(slot))
			abort(); /* this server never sleeps */
		while (!hvm_slot_reap(slot, tag, &result))
			;
		if (result != i)
			die("slot: request %u was answered with %lld", i, (long long)result);
	}
}

static void slot_serve(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		struct hvm_request request;

		while (!hvm_slot_take(slot, last_tag, &request))
			;
		last_tag = request.tag;
		hvm_slot_answer(slot, request.tag, (int64_t)request.arg[0]);
		if (hvm_slot_client_needs_wake(slot))
			abort(); /* nor does this client */
	}
}

const struct mechanism slot_roundtrip = {
    .name = "slot.roundtrip",
    .rounds = 1000,
    .shared_size = sizeof(struct hvm_slot),
    .open = slot_open,
    .run = slot_run,
    .serve = slot_serve,
};
