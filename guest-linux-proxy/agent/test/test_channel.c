/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"
#include "wire.h"

#define HEADER	 sizeof(struct hvm_frame)
#define OUT_SIZE (4u << 20) /* of the ring in channel.c */

static struct hearing hearing;
static struct channel *channel;
static _Alignas(struct hvm_frame) uint8_t stream[8 * (HEADER + HVM_FRAME_MAX)];

/* A channel as new: making one of megabytes for each case takes longer than the case. */
static void begin(void)
{
	hearing_clear(&hearing);
	wire_clear();
	if (!channel)
		channel = channel_new(WIRE_FD, hear, &hearing);
	CHECK(channel);
	channel_reset(channel);
}

static void end(void)
{
	hearing_clear(&hearing);
	wire_clear();
	free(channel);
	channel = NULL;
}

/* The agent reads again as long as the descriptor is ready. */
static void read_all(const uint8_t *bytes, size_t length, size_t piece)
{
	wire_feed(bytes, length, piece);
	do
		CHECK(channel_read(channel));
	while (wire.in_length);
}

static void frames_arrive_in_pieces_of_any_size(void)
{
	static const uint32_t lengths[] = {0, 1, HEADER - 1, HEADER, 0, 1000, 3};
	const unsigned int count = sizeof(lengths) / sizeof(*lengths);
	size_t length = 0;

	for (unsigned int i = 0; i < count; i++)
		length += put_frame(stream + length, (uint8_t)(i + 1), i + 100, lengths[i]);
	for (size_t piece = 1; piece <= length; piece++) {
		begin();
		read_all(stream, length, piece);
		CHECK_EQUAL(hearing.count, count);
		for (unsigned int i = 0; i < count; i++)
			check_heard(&hearing, i, (uint8_t)(i + 1), i + 100, lengths[i]);
	}
	end();
}

static void the_largest_payloads_arrive(void)
{
	static const size_t pieces[] = {0, 1, HEADER, 4096, HVM_FRAME_MAX, HVM_FRAME_MAX + HEADER + 1};
	size_t length = 0;

	for (unsigned int i = 0; i < 4; i++)
		length += put_frame(stream + length, HVM_FRAME_STDIN, i, HVM_FRAME_MAX);
	for (unsigned int p = 0; p < sizeof(pieces) / sizeof(*pieces); p++) {
		begin();
		read_all(stream, length, pieces[p]);
		CHECK_EQUAL(hearing.count, 4);
		for (unsigned int i = 0; i < 4; i++)
			check_heard(&hearing, i, HVM_FRAME_STDIN, i, HVM_FRAME_MAX);
	}
	end();
}

static void a_header_with_a_larger_payload_is_noise(void)
{
	static const uint32_t lengths[] = {HVM_FRAME_MAX + 1, 0x7fffffff, 0xffffffec, 0xffffffff};

	for (unsigned int i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct hvm_frame *frame = (struct hvm_frame *)stream;

		begin();
		put_frame(stream, HVM_FRAME_STDIN, 1, 0);
		frame->length = lengths[i];
		frame->check = hvm_frame_check(frame);
		read_all(stream, HEADER + put_frame(stream + HEADER, HVM_FRAME_SIGNAL, 2, 5), 0);
		CHECK_EQUAL(hearing.count, 1);
		check_heard(&hearing, 0, HVM_FRAME_SIGNAL, 2, 5);
	}
	end();
}

static void noise_before_a_header_is_skipped(void)
{
	static const char *const noises[] = {"x", "H", "HVM", "HVMF", "HHVMHVMFHVMF\1", "login: root\r\n# reboot\r\n"};

	for (unsigned int i = 0; i < sizeof(noises) / sizeof(*noises); i++)
		for (size_t piece = 0; piece < 30; piece++) {
			size_t noise = strlen(noises[i]), length = noise;

			begin();
			memcpy(stream, noises[i], noise);
			length += put_frame(stream + length, HVM_FRAME_HELLO, 0, 24);
			memcpy(stream + length, noises[i], noise);
			length += noise;
			length += put_frame(stream + length, HVM_FRAME_EXEC, 1, 99);
			read_all(stream, length, piece);
			CHECK_EQUAL(hearing.count, 2);
			check_heard(&hearing, 0, HVM_FRAME_HELLO, 0, 24);
			check_heard(&hearing, 1, HVM_FRAME_EXEC, 1, 99);
		}
	end();
}

static void noise_longer_than_the_buffer_is_skipped(void)
{
	size_t noise = sizeof(stream) - HEADER - 7;

	begin();
	memset(stream, 'H', noise);
	put_frame(stream + noise, HVM_FRAME_HELLO, 0, 7);
	read_all(stream, sizeof(stream), 0);
	CHECK_EQUAL(hearing.count, 1);
	check_heard(&hearing, 0, HVM_FRAME_HELLO, 0, 7);
	end();
}

static void a_header_with_a_wrong_bit_is_noise(void)
{
	for (size_t bit = 0; bit < HEADER * 8; bit++) {
		size_t length = put_frame(stream, HVM_FRAME_REQUEST, 3, 8);

		if (bit / 8 == offsetof(struct hvm_frame, reserved) ||
		    bit / 8 == offsetof(struct hvm_frame, reserved) + 1)
			continue; /* for those who come after us */
		begin();
		stream[bit / 8] ^= (uint8_t)(1 << bit % 8);
		length += put_frame(stream + length, HVM_FRAME_SIGNAL, 4, 0);
		read_all(stream, length, 0);
		CHECK_EQUAL(hearing.count, 1);
		check_heard(&hearing, 0, HVM_FRAME_SIGNAL, 4, 0);
	}
	end();
}

static void half_a_frame_is_forgotten_at_a_reset(void)
{
	size_t whole = HEADER + 50;

	for (size_t half = 0; half < whole; half++) {
		begin();
		put_frame(stream, HVM_FRAME_STDIN, 8, 50);
		read_all(stream, half, 0);
		CHECK_EQUAL(hearing.count, 0);
		channel_reset(channel);
		read_all(stream, put_frame(stream, HVM_FRAME_HELLO, 0, 24), 0);
		CHECK_EQUAL(hearing.count, 1);
		check_heard(&hearing, 0, HVM_FRAME_HELLO, 0, 24);
	}
	end();
}

static void a_peer_that_never_pauses_does_not_hold_the_loop(void)
{
	begin();
	wire_feed(stream, sizeof(stream), 1);
	CHECK(channel_read(channel));
	CHECK(wire.in_length > sizeof(stream) - 100);
	end();
}

static void the_end_of_the_other_side_is_told(void)
{
	begin();
	wire.closed = true;
	CHECK(!channel_read(channel));
	channel_send(channel, HVM_FRAME_STARTED, 1, "", 0);
	CHECK(!channel_write(channel));
	end();
}

/* A payload of test bytes, of which check_heard() knows what they are. */
static const uint8_t *payload_of(uint32_t number, uint32_t length)
{
	static uint8_t bytes[HVM_FRAME_MAX];

	for (uint32_t i = 0; i < length; i++)
		bytes[i] = payload_byte(number, length, i);
	return bytes;
}

static void frames_are_written_as_they_were_sent(void)
{
	static const uint32_t lengths[] = {0, 1, 1000, HVM_FRAME_MAX};

	for (size_t piece = 0; piece < 40; piece++) {
		begin();
		wire.out_room = SIZE_MAX;
		wire.piece = piece;
		CHECK(!channel_wants_write(channel));
		for (unsigned int i = 0; i < 4; i++)
			channel_send(channel, HVM_FRAME_STDOUT, i, payload_of(i, lengths[i]), lengths[i]);
		CHECK(channel_wants_write(channel));
		CHECK(channel_write(channel));
		CHECK(!channel_wants_write(channel));
		hear_all(&hearing, wire.out, wire.out_length);
		CHECK_EQUAL(hearing.count, 4);
		for (unsigned int i = 0; i < 4; i++)
			check_heard(&hearing, i, HVM_FRAME_STDOUT, i, lengths[i]);
	}
	end();
}

static void the_output_ring_wraps(void)
{
	const uint32_t count = 3 * OUT_SIZE / 30000;
	uint64_t seed = 5;

	begin();
	wire.piece = 5000;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t length = (uint32_t)(test_random(&seed) % (HVM_FRAME_MAX + 1));

		channel_send(channel, HVM_FRAME_STDERR, i, payload_of(i, length), length);
		/* Takes about what comes, so that the ring is neither empty nor full. */
		wire.out_room = i < 20 ? 0 : length + test_random(&seed) % 64;
		CHECK(channel_write(channel));
	}
	wire.out_room = SIZE_MAX;
	CHECK(channel_write(channel));
	CHECK(wire.out_length > 2 * OUT_SIZE);
	hear_all(&hearing, wire.out, wire.out_length);
	CHECK_EQUAL(hearing.count, count);
	for (uint32_t i = 0; i < count; i++)
		check_heard(&hearing, i, HVM_FRAME_STDERR, i, hearing.heard[i].frame.length);
	end();
}

static void a_full_output_ring_drops_whole_frames_only(void)
{
	const uint32_t length = 1000, fit = OUT_SIZE / (1000 + HEADER);
	const uint32_t left = OUT_SIZE - fit * (1000 + HEADER);

	begin();
	CHECK(left > HEADER && left < 1000);
	for (uint32_t i = 0; i < fit + 10; i++)
		channel_send(channel, HVM_FRAME_STDOUT, i, payload_of(i, length), length);
	/* What is smaller still fits, up to the last byte. */
	channel_send(channel, HVM_FRAME_EXIT, 1, payload_of(1, left - HEADER), left - HEADER);
	channel_send(channel, HVM_FRAME_EXIT, 2, "", 0);
	wire.out_room = SIZE_MAX;
	CHECK(channel_write(channel));
	CHECK_EQUAL(wire.out_length, OUT_SIZE);
	channel_send(channel, HVM_FRAME_EXIT, 3, "", 0);
	CHECK(channel_write(channel));

	hear_all(&hearing, wire.out, wire.out_length);
	CHECK_EQUAL(hearing.count, fit + 2);
	for (uint32_t i = 0; i < fit; i++)
		check_heard(&hearing, i, HVM_FRAME_STDOUT, i, length);
	check_heard(&hearing, fit, HVM_FRAME_EXIT, 1, left - HEADER);
	check_heard(&hearing, fit + 1, HVM_FRAME_EXIT, 3, 0);
	end();
}

static void data_waits_while_the_queue_is_long_and_control_frames_still_fit(void)
{
	unsigned int frames = 0;

	begin();
	while (!channel_congested(channel)) {
		channel_send(channel, HVM_FRAME_STDOUT, 1, payload_of(1, HVM_FRAME_MAX), HVM_FRAME_MAX);
		CHECK(++frames < 100);
	}
	for (unsigned int i = 0; i < 10000; i++)
		channel_send(channel, HVM_FRAME_EXIT, i, payload_of(i, 12), 12);
	wire.out_room = SIZE_MAX;
	CHECK(channel_write(channel));
	CHECK(!channel_congested(channel));
	hear_all(&hearing, wire.out, wire.out_length);
	CHECK_EQUAL(hearing.count, frames + 10000);
	end();
}

static void what_was_not_written_is_forgotten_at_a_reset(void)
{
	begin();
	channel_send(channel, HVM_FRAME_STDOUT, 1, payload_of(1, 500), 500);
	wire.out_room = 100;
	CHECK(channel_write(channel));
	channel_reset(channel);
	CHECK(!channel_wants_write(channel));
	channel_send(channel, HVM_FRAME_HELLO_REPLY, 0, payload_of(0, 24), 24);
	wire.out_room = SIZE_MAX;
	CHECK(channel_write(channel));
	hear_all(&hearing, wire.out + 100, wire.out_length - 100);
	CHECK_EQUAL(hearing.count, 1);
	check_heard(&hearing, 0, HVM_FRAME_HELLO_REPLY, 0, 24);
	end();
}

void test_channel(void)
{
	RUN(frames_arrive_in_pieces_of_any_size);
	RUN(the_largest_payloads_arrive);
	RUN(a_header_with_a_larger_payload_is_noise);
	RUN(noise_before_a_header_is_skipped);
	RUN(noise_longer_than_the_buffer_is_skipped);
	RUN(a_header_with_a_wrong_bit_is_noise);
	RUN(half_a_frame_is_forgotten_at_a_reset);
	RUN(a_peer_that_never_pauses_does_not_hold_the_loop);
	RUN(the_end_of_the_other_side_is_told);
	RUN(frames_are_written_as_they_were_sent);
	RUN(the_output_ring_wraps);
	RUN(a_full_output_ring_drops_whole_frames_only);
	RUN(data_waits_while_the_queue_is_long_and_control_frames_still_fit);
	RUN(what_was_not_written_is_forgotten_at_a_reset);
}
