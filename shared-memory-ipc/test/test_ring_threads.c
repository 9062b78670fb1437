/* SPDX-License-Identifier: Apache-2.0 */
/* One ring, two threads: everything arrives once and in order; beside a hostile one, nothing but wrong answers. */
#include "test.h"

#include <hvm/ring.h>

#include <pthread.h>
#include <sched.h>

#define CELLS	     16u
#define MESSAGES     200000u
#define FIRST_TURN   0xffffff00u /* wraps on the way */
#define BATCH	     5u
#define HOSTILE_POPS 100000u

static struct hvm_cell cells[CELLS];
static uint32_t victims_turn; /* the hostile thread is a better guesser than a peer could be */
static unsigned int over;     /* the honest side of a hostile pair has done its part */

static void open_side(struct hvm_ring *ring)
{
	CHECK(hvm_ring_open(ring, cells, CELLS, FIRST_TURN));
}

static struct hvm_message message_of(uint32_t n)
{
	struct hvm_message message = {.kind = n};

	for (unsigned int i = 0; i < HVM_RING_WORDS; i++)
		message.word[i] = (uint64_t)n * 0x9e3779b97f4a7c15 + i;
	return message;
}

static void *produce_one_by_one(void *unused)
{
	struct hvm_ring ring;

	(void)unused;
	open_side(&ring);
	for (uint32_t n = 0; n < MESSAGES; n++) {
		struct hvm_message message = message_of(n);

		while (hvm_ring_push(&ring, &message) != HVM_RING_OK)
			sched_yield();
	}
	return NULL;
}

static void *produce_batches(void *unused)
{
	struct hvm_ring ring;

	(void)unused;
	open_side(&ring);
	for (uint32_t n = 0; n < MESSAGES;) {
		struct hvm_message many[BATCH];
		uint32_t pushed;

		for (uint32_t i = 0; i < BATCH; i++)
			many[i] = message_of(n + i);
		if (hvm_ring_push_many(&ring, many, BATCH, &pushed) != HVM_RING_OK)
			sched_yield();
		n += pushed;
	}
	return NULL;
}

static void consume_all(void *(*produce)(void *))
{
	struct hvm_ring ring;
	pthread_t thread;

	open_side(&ring);
	hvm_ring_clear(&ring);
	CHECK_EQUAL(pthread_create(&thread, NULL, produce, NULL), 0);
	for (uint32_t n = 0; n < MESSAGES; n++) {
		struct hvm_message expected = message_of(n), message = {0};

		while (hvm_ring_look(&ring) == HVM_RING_EMPTY)
			sched_yield();
		CHECK_EQUAL(hvm_ring_pop(&ring, &message), HVM_RING_OK);
		CHECK_EQUAL(memcmp(&message, &expected, sizeof(message)), 0);
	}
	pthread_join(thread, NULL);
}

static void every_message_arrives_once_and_in_order(void)
{
	consume_all(produce_one_by_one);
}

static void so_do_batches(void)
{
	consume_all(produce_batches);
}

/* Writes anywhere, at any time: what fits, what almost fits, and rubbish. */
static void *spoil(void *unused)
{
	uint64_t state = 1;

	(void)unused;
	while (!hvm_load_relaxed(&over)) {
		uint64_t x = random_word(&state);
		uint64_t *word = (uint64_t *)&cells[x % CELLS] + (x / 64 % 4 ? 0 : x / 256 % 8);

		if (x / 4096 % 4)
			hvm_store_relaxed(word, hvm_cell_state(hvm_load_relaxed(&victims_turn) + x / 65536 % 5 - 2, 0));
		else
			hvm_store_relaxed(word, x);
	}
	return NULL;
}

static void try_often(struct hvm_ring *ring, bool push)
{
	for (uint32_t i = 0; i < HOSTILE_POPS; i++) {
		struct hvm_message message = message_of(i);
		unsigned int result;

		hvm_store_relaxed(&victims_turn, ring->turn);
		result = push ? hvm_ring_push(ring, &message) : hvm_ring_pop(ring, &message);

		CHECK(result <= HVM_RING_CORRUPT);
		CHECK(result != (push ? HVM_RING_EMPTY : HVM_RING_FULL));
		CHECK(ring->cell == cells && ring->mask == CELLS - 1 && ring->next < CELLS && ring->turn % 2 == 0);
	}
}

static void suffer(bool push)
{
	struct hvm_ring ring;
	pthread_t thread;

	open_side(&ring);
	hvm_ring_clear(&ring);
	over = 0;
	CHECK_EQUAL(pthread_create(&thread, NULL, spoil, NULL), 0);
	try_often(&ring, push);
	hvm_store_relaxed(&over, 1);
	pthread_join(thread, NULL);
}

static void a_consumer_beside_a_hostile_producer_ends(void)
{
	suffer(false);
}

static void a_producer_beside_a_hostile_consumer_ends(void)
{
	suffer(true);
}

void test_ring_threads(void)
{
	RUN(every_message_arrives_once_and_in_order);
	RUN(so_do_batches);
	RUN(a_consumer_beside_a_hostile_producer_ends);
	RUN(a_producer_beside_a_hostile_consumer_ends);
}
