/* SPDX-License-Identifier: Apache-2.0 */
/* One slot, one thread: what each step of the protocol promises. */
#include "test.h"

#include <hvm/slot.h>

static struct hvm_slot slot;
static const uint64_t arguments[HVM_SLOT_ARGS] = {10, 20, 30, 40, 50, 60};

static void reset(uint32_t generation)
{
	memset(&slot, 0, sizeof(slot));
	slot.generation = generation;
}

static uint64_t post(uint32_t sequence, uint32_t nr)
{
	uint64_t tag = hvm_slot_tag(sequence, slot.generation);

	hvm_slot_arguments(&slot, arguments);
	hvm_slot_publish(&slot, tag, nr);
	return tag;
}

static void an_empty_slot_has_no_request(void)
{
	struct hvm_request request;

	reset(7);
	CHECK(!hvm_slot_has_request(&slot, 0));
	CHECK(!hvm_slot_take(&slot, 0, &request));
}

static void the_server_gets_what_the_client_posted(void)
{
	struct hvm_request request;
	uint64_t tag;

	reset(7);
	tag = post(1, 231);
	CHECK(hvm_slot_has_request(&slot, 0));
	CHECK(hvm_slot_take(&slot, 0, &request));
	CHECK_EQUAL(request.tag, tag);
	CHECK_EQUAL(request.nr, 231);
	for (unsigned int i = 0; i < HVM_SLOT_ARGS; i++)
		CHECK_EQUAL(request.arg[i], arguments[i]);
}

static void a_request_is_taken_once(void)
{
	struct hvm_request request;
	uint64_t tag;

	reset(7);
	tag = post(1, 1);
	CHECK(hvm_slot_take(&slot, 0, &request));
	CHECK(!hvm_slot_take(&slot, tag, &request));
	hvm_slot_answer(&slot, tag, 0);
	CHECK(!hvm_slot_take(&slot, tag, &request));
}

static void the_client_gets_the_answer_sign_included(void)
{
	int64_t result = 0;
	uint64_t tag;

	reset(7);
	tag = post(1, 1);
	CHECK(!hvm_slot_reap(&slot, tag, &result));
	hvm_slot_answer(&slot, tag, -38);
	CHECK(hvm_slot_reap(&slot, tag, &result));
	CHECK(result == -38);
}

static void what_the_client_changes_later_does_not_reach_the_server(void)
{
	struct hvm_request request;

	reset(7);
	post(1, 1);
	CHECK(hvm_slot_take(&slot, 0, &request));
	slot.arg[0] = 666;
	slot.head = ~0ull;
	CHECK_EQUAL(request.arg[0], 10);
	CHECK_EQUAL(request.nr, 1);
}

static void call_numbers_use_all_sixteen_bits(void)
{
	struct hvm_request request;
	uint64_t tag;

	reset(0xffff);
	tag = post(1, 0xffff);
	CHECK(hvm_slot_take(&slot, 0, &request));
	CHECK_EQUAL(request.nr, 0xffff);
	CHECK_EQUAL(request.tag, tag);
	CHECK_EQUAL(tag, 0x00000001ffff0000);
}

static void the_sequence_wraps(void)
{
	uint64_t last = 0;

	reset(3);
	for (uint32_t sequence = 0xfffffffd; sequence != 4; sequence++) {
		uint64_t tag = post(sequence, 9);
		struct hvm_request request;
		int64_t result;

		CHECK(hvm_slot_take(&slot, last, &request));
		CHECK_EQUAL(request.tag, tag);
		hvm_slot_answer(&slot, tag, sequence);
		CHECK(hvm_slot_reap(&slot, tag, &result));
		CHECK_EQUAL(result, sequence);
		last = tag;
	}
}

static void an_answer_to_an_earlier_owner_is_none(void)
{
	uint64_t stale, tag;
	int64_t result;

	reset(7);
	stale = post(1, 1);
	slot.generation = 8; /* the slot goes to another thread, which also begins with sequence 1 */
	tag = post(1, 1);
	CHECK(stale != tag);
	hvm_slot_answer(&slot, stale, 5);
	CHECK(!hvm_slot_reap(&slot, tag, &result));
	hvm_slot_answer(&slot, tag, 6);
	CHECK(hvm_slot_reap(&slot, tag, &result));
	CHECK_EQUAL(result, 6);
}

static void only_the_low_bits_of_the_generation_travel(void)
{
	CHECK_EQUAL(hvm_slot_tag(1, 0x12345678), hvm_slot_tag(1, 0x5678));
	CHECK_EQUAL(HVM_HEAD_NR(hvm_slot_tag(~0u, ~0u)), 0);
}

static void an_answer_leaves_the_other_arguments(void)
{
	uint64_t tag;

	reset(7);
	tag = post(1, 1);
	hvm_slot_answer(&slot, tag, 1);
	for (unsigned int i = 1; i < HVM_SLOT_ARGS; i++)
		CHECK_EQUAL(slot.arg[i], arguments[i]);
}

static void each_side_sees_the_other_sides_flag(void)
{
	reset(7);
	CHECK(!hvm_slot_server_needs_wake(&slot));
	CHECK(!hvm_slot_client_needs_wake(&slot));
	slot.server_sleeping = 1;
	CHECK(hvm_slot_server_needs_wake(&slot));
	CHECK(!hvm_slot_client_needs_wake(&slot));
	slot.server_sleeping = 0;
	slot.client_sleeping = 1;
	CHECK(!hvm_slot_server_needs_wake(&slot));
	CHECK(hvm_slot_client_needs_wake(&slot));
}

/* A hostile peer writes anything into the hot line at any time; the other side gets a request, an answer or none. */
static void rubbish_makes_wrong_requests_and_answers_at_worst(void)
{
	uint64_t state = 1, last = 0, tag = hvm_slot_tag(1, 7);
	unsigned int taken = 0, reaped = 0;
	struct hvm_slot before;

	reset(7);
	before = slot;
	for (int i = 0; i < 200000; i++) {
		uint64_t x = random_word(&state), choice = x % 16;
		struct hvm_request request;
		int64_t result;

		((uint64_t *)&slot)[x / 16 % 8] = choice < 4 ? tag : choice < 8 ? last : random_word(&state);
		if (hvm_slot_take(&slot, last, &request)) {
			CHECK(request.tag != last && request.nr <= 0xffff && HVM_HEAD_NR(request.tag) == 0);
			last = request.tag;
			taken++;
		}
		if (hvm_slot_reap(&slot, tag, &result))
			reaped++;
	}
	CHECK(taken && reaped);
	CHECK_EQUAL(memcmp((char *)&slot + 64, (char *)&before + 64, sizeof(slot) - 64), 0);
}

void test_slot(void)
{
	RUN(an_empty_slot_has_no_request);
	RUN(the_server_gets_what_the_client_posted);
	RUN(a_request_is_taken_once);
	RUN(the_client_gets_the_answer_sign_included);
	RUN(what_the_client_changes_later_does_not_reach_the_server);
	RUN(call_numbers_use_all_sixteen_bits);
	RUN(the_sequence_wraps);
	RUN(an_answer_to_an_earlier_owner_is_none);
	RUN(only_the_low_bits_of_the_generation_travel);
	RUN(an_answer_leaves_the_other_arguments);
	RUN(each_side_sees_the_other_sides_flag);
	RUN(rubbish_makes_wrong_requests_and_answers_at_worst);
}
