/* SPDX-License-Identifier: Apache-2.0 */
/* Requests in one ring and answers in another: one at a time, a stream, and several on their way together. */
#include <hvm/ring.h>

#include "native.h"

#define CELLS 1024u /* so few cells that a batch goes around several times */

struct rings {
	struct hvm_cell there[CELLS], back[CELLS];
};

/* Views of the same two rings for all mechanisms here; each process has its own. Every batch leaves them empty. */
static struct hvm_ring there, back;

static bool rings_open(void *shared)
{
	struct rings *rings = shared;

	return hvm_ring_open(&there, rings->there, CELLS, 0) && hvm_ring_open(&back, rings->back, CELLS, 0);
}

static void push(struct hvm_ring *ring, const struct hvm_message *message)
{
	unsigned int result;

	while ((result = hvm_ring_push(ring, message)) == HVM_RING_FULL)
		;
	if (result != HVM_RING_OK)
		die("ring: a cell is corrupt");
}

static void pop(struct hvm_ring *ring, struct hvm_message *message)
{
	unsigned int result;

	while ((result = hvm_ring_pop(ring, message)) == HVM_RING_EMPTY)
		__builtin_ia32_pause();
	if (result != HVM_RING_OK)
		die("ring: a cell is corrupt");
}

static void pop_answer(uint32_t number)
{
	struct hvm_message answer;

	pop(&back, &answer);
	if (answer.kind != number || answer.word[0] != (uint64_t)number + 1)
		die("ring: request %u was answered with %llu", number, (unsigned long long)answer.word[0]);
}

static struct hvm_message request_of(uint32_t number)
{
	return (struct hvm_message){.kind = number, .word = {number, 1, 2, 3, 4, 5, 6}};
}

static void serve_one(void)
{
	struct hvm_message message;
	unsigned int result;

	while ((result = hvm_ring_take(&there, &message)) == HVM_RING_EMPTY)
		__builtin_ia32_pause();
	if (result != HVM_RING_OK)
		die("ring: a cell is corrupt");
	message.word[0] += message.word[1];
	push(&back, &message);
	hvm_ring_drop(&there);
}

static void roundtrip_run(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		struct hvm_message request = request_of(i);

		push(&there, &request);
		pop_answer(i);
	}
}

static void roundtrip_serve(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++)
		serve_one();
}

/* The peer answers the last one only. */
static void stream_run(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		struct hvm_message message = request_of(i);

		push(&there, &message);
	}
	pop_answer(rounds - 1);
}

static void stream_serve(uint32_t rounds)
{
	struct hvm_message message;

	for (uint32_t i = 1; i < rounds; i++)
		pop(&there, &message);
	serve_one();
}

static void flight_run(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i += FLIGHT) {
		struct hvm_message requests[FLIGHT];
		uint32_t pushed;

		for (uint32_t j = 0; j < FLIGHT; j++)
			requests[j] = request_of(i + j);
		if (hvm_ring_push_many(&there, requests, FLIGHT, &pushed) != HVM_RING_OK)
			die("ring: %u of %u messages went into an empty ring", pushed, FLIGHT);
		for (uint32_t j = 0; j < FLIGHT; j++)
			pop_answer(i + j);
	}
}

const struct mechanism ring_roundtrip = {
    .name = "ring.roundtrip",
    .rounds = 1000,
    .shared_size = sizeof(struct rings),
    .open = rings_open,
    .run = roundtrip_run,
    .serve = roundtrip_serve,
};

const struct mechanism ring_flight = {
    .name = "ring.roundtrip.32",
    .rounds = 100 * FLIGHT,
    .run = flight_run,
    .serve = roundtrip_serve,
};

const struct mechanism ring_stream = {
    .name = "ring.message",
    .rounds = 10000,
    .run = stream_run,
    .serve = stream_serve,
};
