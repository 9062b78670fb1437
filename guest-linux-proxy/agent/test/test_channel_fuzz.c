/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of frames, damaged frames and noise by the hundred thousand, in pieces of any size. The channel must hear
 * what hear_all() hears, which has the whole stream at once, and read nothing beyond (wire.c poisons it).
 */
#include "test.h"
#include "wire.h"

#define ROUNDS	  150000
#define HEADER	  sizeof(struct hvm_frame)
#define SHORT	  200 /* bytes of most payloads */
#define PARTS_MAX 6

static uint8_t bytes[PARTS_MAX * (HEADER + HVM_FRAME_MAX)];
static struct channel *channel;
static struct hearing hearing, expected;

static uint32_t below(uint64_t *seed, uint32_t limit)
{
	return (uint32_t)(test_random(seed) % limit);
}

static size_t put_random_frame(uint8_t *at, uint64_t *seed)
{
	uint32_t length = below(seed, below(seed, 1000) ? SHORT : HVM_FRAME_MAX + 1);

	return put_frame(at, (uint8_t)below(seed, 256), (uint32_t)test_random(seed), length);
}

static size_t put_noise(uint8_t *at, uint64_t *seed, bool like_a_header)
{
	size_t length = below(seed, 3 * HEADER);

	for (size_t i = 0; i < length; i++)
		at[i] = like_a_header ? (uint8_t) "HVMF\1"[below(seed, 5)] : (uint8_t)test_random(seed);
	return length;
}

/* Wrong bits, bytes that are missing, a length whose check fits: the payload ends elsewhere than it seems. */
static size_t put_damaged_frame(uint8_t *at, uint64_t *seed)
{
	size_t length = put_random_frame(at, seed);
	struct hvm_frame frame;

	switch (below(seed, 3)) {
	case 0:
		for (uint32_t n = 1 + below(seed, 4); n; n--)
			at[below(seed, length)] ^= (uint8_t)(1 << below(seed, 8));
		return length;
	case 1:
		return below(seed, (uint32_t)length);
	default:
		memcpy(&frame, at, HEADER);
		frame.length = below(seed, 2) ? below(seed, 2 * SHORT) : (uint32_t)test_random(seed);
		frame.check = hvm_frame_check(&frame);
		memcpy(at, &frame, HEADER);
		return length;
	}
}

static size_t random_stream(uint64_t *seed)
{
	size_t length = 0;

	for (uint32_t parts = 1 + below(seed, PARTS_MAX); parts; parts--)
		switch (below(seed, 4)) {
		case 0:
			length += put_noise(bytes + length, seed, below(seed, 2));
			break;
		case 1:
			length += put_damaged_frame(bytes + length, seed);
			break;
		default:
			length += put_random_frame(bytes + length, seed);
		}
	return length;
}

/* Pieces of another size each time, one byte and everything among them. */
static void read_in_pieces(size_t length, uint64_t *seed)
{
	uint8_t *exact = malloc(length ? length : 1);
	size_t at = 0;

	memcpy(exact, bytes, length);
	while (at < length) {
		size_t piece = 1 + below(seed, 1u << below(seed, 12));

		if (piece > length - at)
			piece = length - at;
		wire_feed(exact + at, piece, 0);
		CHECK(channel_read(channel));
		CHECK_EQUAL(wire.in_length, 0);
		at += piece;
	}
	free(exact);
}

static void begin_round(void)
{
	hearing_clear(&hearing);
	hearing_clear(&expected);
	channel_reset(channel);
}

static void check_same(void)
{
	CHECK_EQUAL(hearing.count, expected.count);
	for (unsigned int i = 0; i < hearing.count; i++) {
		const struct heard *one = &hearing.heard[i], *other = &expected.heard[i];

		CHECK(!memcmp(&one->frame, &other->frame, HEADER));
		CHECK(!memcmp(one->payload, other->payload, one->frame.length));
	}
}

static void fuzz(uint64_t seed, void round(uint64_t *seed))
{
	channel = channel_new(WIRE_FD, hear, &hearing);
	CHECK(channel);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		begin_round();
		round(&seed);
	}
	begin_round();
	wire_clear();
	free(channel);
}

static unsigned int heard_something, heard_nothing;

static void any_stream(uint64_t *seed)
{
	size_t length = random_stream(seed);

	read_in_pieces(length, seed);
	hear_all(&expected, bytes, length);
	check_same();
	if (hearing.count)
		heard_something++;
	else
		heard_nothing++;
}

static void damaged_streams_are_heard_alike_in_any_pieces(void)
{
	fuzz(1, any_stream);
	/* A fuzzer that only ever sees one answer tests nothing. */
	CHECK(heard_something > ROUNDS / 100);
	CHECK(heard_nothing > ROUNDS / 100);
}

static void noise_and_a_frame(uint64_t *seed)
{
	size_t length = put_noise(bytes, seed, false);
	uint32_t payload = below(seed, SHORT);

	/* No header begins in noise that has no first byte of one. */
	for (size_t i = 0; i < length; i++)
		if (bytes[i] == (uint8_t)HVM_FRAME_MAGIC)
			bytes[i] = 0;
	length += put_frame(bytes + length, HVM_FRAME_SIGNAL, 77, payload);
	read_in_pieces(length, seed);
	CHECK_EQUAL(hearing.count, 1);
	check_heard(&hearing, 0, HVM_FRAME_SIGNAL, 77, payload);
}

static void a_frame_after_noise_is_found(void)
{
	fuzz(2, noise_and_a_frame);
}

void test_channel_fuzz(void)
{
	RUN(damaged_streams_are_heard_alike_in_any_pieces);
	RUN(a_frame_after_noise_is_found);
}
