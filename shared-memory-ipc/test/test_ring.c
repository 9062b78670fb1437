/* SPDX-License-Identifier: Apache-2.0 */
/* One ring, one thread: what each step promises, and what a hostile peer can do. */
#include "test.h"

#include <hvm/ring.h>

#include <sys/mman.h>

#define CELLS	    8u
#define FUZZ_ROUNDS 200000

static struct hvm_cell cells[CELLS];
static struct hvm_ring producer, consumer;

static void reset(uint32_t count, uint32_t turn)
{
	CHECK(hvm_ring_open(&producer, cells, count, turn));
	CHECK(hvm_ring_open(&consumer, cells, count, turn));
	hvm_ring_clear(&producer);
}

static struct hvm_message message_of(uint32_t n)
{
	struct hvm_message message = {.kind = ~n};

	for (unsigned int i = 0; i < HVM_RING_WORDS; i++)
		message.word[i] = (uint64_t)n * 0x9e3779b97f4a7c15 + i;
	return message;
}

static unsigned int push(uint32_t n)
{
	struct hvm_message message = message_of(n);

	return hvm_ring_push(&producer, &message);
}

static void pop_expecting(uint32_t n)
{
	struct hvm_message expected = message_of(n), message = {0};

	CHECK_EQUAL(hvm_ring_look(&consumer), HVM_RING_OK);
	CHECK_EQUAL(hvm_ring_pop(&consumer, &message), HVM_RING_OK);
	CHECK_EQUAL(memcmp(&message, &expected, sizeof(message)), 0);
}

static void expect_empty(void)
{
	struct hvm_message message;

	CHECK_EQUAL(hvm_ring_look(&consumer), HVM_RING_EMPTY);
	CHECK_EQUAL(hvm_ring_pop(&consumer, &message), HVM_RING_EMPTY);
}

static void zeroed_memory_is_an_empty_ring(void)
{
	memset(cells, 0, sizeof(cells));
	CHECK(hvm_ring_open(&producer, cells, CELLS, 0));
	CHECK(hvm_ring_open(&consumer, cells, CELLS, 0));
	expect_empty();
	CHECK_EQUAL(push(1), HVM_RING_OK);
	pop_expecting(1);
}

static void a_number_of_cells_is_a_power_of_two(void)
{
	struct hvm_ring ring;

	CHECK(!hvm_ring_open(&ring, cells, 0, 0));
	CHECK(!hvm_ring_open(&ring, cells, 6, 0));
	CHECK(!hvm_ring_open(&ring, cells, 2 * HVM_RING_CELLS_MAX, 0));
	CHECK(!hvm_ring_open(&ring, cells, ~0u, 0));
	CHECK(hvm_ring_open(&ring, cells, 1, 0));
	CHECK(hvm_ring_open(&ring, cells, HVM_RING_CELLS_MAX, 0));
}

static void a_first_turn_is_even(void)
{
	struct hvm_ring ring;

	CHECK(!hvm_ring_open(&ring, cells, CELLS, 1));
	CHECK(hvm_ring_open(&ring, cells, CELLS, 0xfffffffe));
}

static void messages_come_in_order_with_every_bit(void)
{
	reset(CELLS, 0);
	for (uint32_t i = 0; i < CELLS; i++)
		CHECK_EQUAL(push(i), HVM_RING_OK);
	for (uint32_t i = 0; i < CELLS; i++)
		pop_expecting(i);
	expect_empty();
}

static void a_full_ring_takes_no_more_and_loses_none(void)
{
	reset(CELLS, 0);
	for (uint32_t i = 0; i < CELLS; i++) {
		CHECK_EQUAL(hvm_ring_room(&producer), HVM_RING_OK);
		CHECK_EQUAL(push(i), HVM_RING_OK);
	}
	CHECK_EQUAL(hvm_ring_room(&producer), HVM_RING_FULL);
	CHECK_EQUAL(push(CELLS), HVM_RING_FULL);
	pop_expecting(0);
	CHECK_EQUAL(push(CELLS), HVM_RING_OK);
	CHECK_EQUAL(push(CELLS + 1), HVM_RING_FULL);
	for (uint32_t i = 1; i <= CELLS; i++)
		pop_expecting(i);
	expect_empty();
}

static void a_message_stays_until_it_is_dropped(void)
{
	struct hvm_message first = {0}, again = {0}, expected = message_of(0);

	reset(1, 0);
	push(0);
	CHECK_EQUAL(hvm_ring_take(&consumer, &first), HVM_RING_OK);
	CHECK_EQUAL(hvm_ring_take(&consumer, &again), HVM_RING_OK);
	CHECK_EQUAL(memcmp(&first, &expected, sizeof(first)), 0);
	CHECK_EQUAL(memcmp(&again, &expected, sizeof(again)), 0);
	CHECK_EQUAL(push(1), HVM_RING_FULL);
	hvm_ring_drop(&consumer);
	CHECK_EQUAL(hvm_ring_take(&consumer, &again), HVM_RING_EMPTY);
	CHECK_EQUAL(push(1), HVM_RING_OK);
	pop_expecting(1);
}

static void a_ring_of_one_cell_is_one(void)
{
	reset(1, 0);
	for (uint32_t i = 0; i < 10; i++) {
		CHECK_EQUAL(push(i), HVM_RING_OK);
		CHECK_EQUAL(push(i), HVM_RING_FULL);
		pop_expecting(i);
		expect_empty();
	}
}

static void many_are_pushed_as_far_as_there_is_room(void)
{
	struct hvm_message many[CELLS + 3];
	uint32_t pushed;

	reset(CELLS, 0);
	for (uint32_t i = 0; i < CELLS + 3; i++)
		many[i] = message_of(i);
	CHECK_EQUAL(hvm_ring_push_many(&producer, many, 0, &pushed), HVM_RING_OK);
	CHECK_EQUAL(pushed, 0);
	CHECK_EQUAL(hvm_ring_push_many(&producer, many, 3, &pushed), HVM_RING_OK);
	CHECK_EQUAL(pushed, 3);
	CHECK_EQUAL(hvm_ring_push_many(&producer, many + 3, CELLS, &pushed), HVM_RING_FULL);
	CHECK_EQUAL(pushed, CELLS - 3);
	for (uint32_t i = 0; i < CELLS; i++)
		pop_expecting(i);
	expect_empty();
}

/* The states of 2^31 rounds are few: begin shortly before they wrap. */
static void the_turn_wraps(void)
{
	reset(2, 0xfffffff8);
	for (uint32_t i = 0; i < 40; i += 2) {
		CHECK_EQUAL(push(i), HVM_RING_OK);
		CHECK_EQUAL(push(i + 1), HVM_RING_OK);
		CHECK_EQUAL(push(i + 2), HVM_RING_FULL);
		pop_expecting(i);
		pop_expecting(i + 1);
		expect_empty();
	}
	CHECK(producer.turn < 100);
}

static void what_an_earlier_ring_left_is_corrupt_to_the_next_one(void)
{
	struct hvm_message message;

	reset(CELLS, 0);
	push(1);
	CHECK(hvm_ring_open(&consumer, cells, CELLS, 64));
	CHECK_EQUAL(hvm_ring_pop(&consumer, &message), HVM_RING_CORRUPT);
	hvm_ring_clear(&consumer); /* now it is the next one's; the producer has not noticed */
	CHECK_EQUAL(push(2), HVM_RING_CORRUPT);
	expect_empty();
}

/* In a round whose free cells have turn 4 a message has 5, and one of the round before 3. */
static void any_other_state_is_corrupt_and_changes_nothing(void)
{
	const uint64_t states[] = {0, 1, 1ull << 32, 2ull << 32, 6ull << 32, (4ull << 32) + 1, ~0ull, 1ull << 63};
	struct hvm_message message = message_of(5), before = message;

	reset(CELLS, 4);
	for (unsigned int i = 0; i < sizeof(states) / sizeof(*states); i++) {
		cells[0].state = states[i];
		CHECK_EQUAL(hvm_ring_room(&producer), HVM_RING_CORRUPT);
		CHECK_EQUAL(hvm_ring_push(&producer, &message), HVM_RING_CORRUPT);
		CHECK_EQUAL(hvm_ring_look(&consumer), HVM_RING_CORRUPT);
		CHECK_EQUAL(hvm_ring_pop(&consumer, &message), HVM_RING_CORRUPT);
		CHECK_EQUAL(cells[0].state, states[i]);
		CHECK_EQUAL(memcmp(&message, &before, sizeof(message)), 0);
	}
	cells[0].state = hvm_cell_state(4, 0);
	CHECK_EQUAL(push(5), HVM_RING_OK);
	pop_expecting(5);
}

static void what_the_producer_changes_later_does_not_reach_the_consumer(void)
{
	struct hvm_message message, expected = message_of(3);

	reset(CELLS, 0);
	push(3);
	CHECK_EQUAL(hvm_ring_pop(&consumer, &message), HVM_RING_OK);
	memset(cells, 0xff, sizeof(cells));
	CHECK_EQUAL(memcmp(&message, &expected, sizeof(message)), 0);
}

static uint64_t random_state;
static unsigned int seen[2][HVM_RING_CORRUPT + 1]; /* results of pops and of pushes, so that the fuzzing is not idle */

/* Rubbish, or what almost fits, for it gets farther. */
static void spoil(struct hvm_cell *cell)
{
	uint64_t *word = (uint64_t *)cell;
	uint32_t turn = random_word(&random_state) % 2 ? producer.turn : consumer.turn;
	uint64_t value = random_word(&random_state);

	if (value % 4)
		value = hvm_cell_state(turn + (uint32_t)(value % 5) - 2, value % 3 ? 0 : (uint32_t)value);
	word[random_word(&random_state) % 4 ? 0 : random_word(&random_state) % 8] = value;
}

/* A side that ran into rubbish sometimes begins anew; the other one is not told. */
static void use_either_side(uint64_t choice)
{
	struct hvm_message message = message_of((uint32_t)choice);
	unsigned int result = choice % 2 ? hvm_ring_push(&producer, &message) : hvm_ring_pop(&consumer, &message);

	CHECK(result == HVM_RING_OK || result == HVM_RING_CORRUPT ||
	      result == (choice % 2 ? HVM_RING_FULL : HVM_RING_EMPTY));
	seen[choice % 2][result]++;
	CHECK(producer.next < CELLS && consumer.next < CELLS);
	CHECK(producer.mask == CELLS - 1 && consumer.mask == CELLS - 1);
	if (result == HVM_RING_CORRUPT && choice % 64 == 0)
		hvm_ring_clear(choice % 2 ? &producer : &consumer);
}

/* The cells end where the mapping ends: a step outside is a fault. */
static void rubbish_in_any_word_never_leads_outside(void)
{
	const size_t page = HVM_PAGE_SIZE;
	char *memory = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct hvm_cell *fuzzed = (struct hvm_cell *)(memory + 2 * page) - CELLS;

	CHECK(memory != MAP_FAILED);
	CHECK_EQUAL(mprotect(memory + page, page, PROT_READ | PROT_WRITE), 0);
	for (uint64_t seed = 1; seed <= 4; seed++) {
		random_state = seed;
		CHECK(hvm_ring_open(&producer, fuzzed, CELLS, 0));
		CHECK(hvm_ring_open(&consumer, fuzzed, CELLS, 0));
		hvm_ring_clear(&producer);
		for (int i = 0; i < FUZZ_ROUNDS; i++) {
			uint64_t choice = random_word(&random_state);

			if (choice % 8 == 0)
				spoil(&fuzzed[choice / 8 % CELLS]);
			use_either_side(choice / 64);
		}
	}
	for (unsigned int side = 0; side < 2; side++)
		CHECK(seen[side][HVM_RING_OK] && seen[side][HVM_RING_CORRUPT]);
	CHECK(seen[0][HVM_RING_EMPTY] && seen[1][HVM_RING_FULL]);
	munmap(memory, 3 * page);
}

void test_ring(void)
{
	RUN(zeroed_memory_is_an_empty_ring);
	RUN(a_number_of_cells_is_a_power_of_two);
	RUN(a_first_turn_is_even);
	RUN(messages_come_in_order_with_every_bit);
	RUN(a_full_ring_takes_no_more_and_loses_none);
	RUN(a_message_stays_until_it_is_dropped);
	RUN(a_ring_of_one_cell_is_one);
	RUN(many_are_pushed_as_far_as_there_is_room);
	RUN(the_turn_wraps);
	RUN(what_an_earlier_ring_left_is_corrupt_to_the_next_one);
	RUN(any_other_state_is_corrupt_and_changes_nothing);
	RUN(what_the_producer_changes_later_does_not_reach_the_consumer);
	RUN(rubbish_in_any_word_never_leads_outside);
}
