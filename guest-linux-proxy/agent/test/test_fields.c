/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "../agent.h"

#define FUZZ_ROUNDS 200000

/* A copy exactly as large as announced, so that the sanitizer sees every byte read beyond. */
static uint8_t *exact_copy(const void *bytes, size_t length)
{
	uint8_t *copy = malloc(length);

	memcpy(copy, bytes, length);
	return copy;
}

static bool next(struct reader *reader, struct field *field, uint16_t tag)
{
	return field_next(reader, field) && field->tag == tag;
}

static bool text_is(const struct field *field, const char *expected)
{
	char *text = field_text(field);
	bool same = text && !strcmp(text, expected);

	free(text);
	return same;
}

static void fields_come_back_as_they_were_put(void)
{
	static const uint8_t nonce[16] = {0, 1, 2, 0xff};
	struct writer writer = {.length = 0};
	struct reader reader;
	struct field field;
	uint8_t *payload;
	uint64_t stamp;

	put_bytes(&writer, HVM_FIELD_NONCE, nonce, sizeof(nonce));
	put_text(&writer, HVM_FIELD_ARGUMENT, "/bin/true");
	put_text(&writer, HVM_FIELD_ARGUMENT, "");
	put_u32(&writer, HVM_FIELD_NUMBER, 0xfedcba98);
	put_u64(&writer, HVM_FIELD_STAMP_NS, 0x0123456789abcdef);
	payload = exact_copy(writer.bytes, writer.length);
	reader = (struct reader){payload, payload + writer.length};

	CHECK(next(&reader, &field, HVM_FIELD_NONCE));
	CHECK_EQUAL(field.length, sizeof(nonce));
	CHECK(!memcmp(field.bytes, nonce, sizeof(nonce)));
	CHECK(next(&reader, &field, HVM_FIELD_ARGUMENT));
	CHECK(text_is(&field, "/bin/true"));
	CHECK(next(&reader, &field, HVM_FIELD_ARGUMENT));
	CHECK(text_is(&field, ""));
	CHECK(next(&reader, &field, HVM_FIELD_NUMBER));
	CHECK_EQUAL(field_u32(&field), 0xfedcba98);
	CHECK(next(&reader, &field, HVM_FIELD_STAMP_NS));
	CHECK_EQUAL(field.length, sizeof(stamp));
	memcpy(&stamp, field.bytes, sizeof(stamp));
	CHECK_EQUAL(stamp, 0x0123456789abcdef);
	CHECK(!field_next(&reader, &field));
	free(payload);
}

static void a_payload_cut_off_anywhere_gives_the_fields_before_the_cut(void)
{
	struct writer writer = {.length = 0};

	put_u32(&writer, HVM_FIELD_ID, 7);
	put_text(&writer, HVM_FIELD_NAME, "status");
	for (uint32_t length = 0; length <= writer.length; length++) {
		uint8_t *payload = exact_copy(writer.bytes, length);
		struct reader reader = {payload, payload + length};
		unsigned int fields = 0;
		struct field field;

		while (field_next(&reader, &field))
			fields++;
		CHECK_EQUAL(fields, (length >= 12) + (length >= 12 + 14));
		free(payload);
	}
}

static void a_length_beyond_the_payload_ends_the_reading(void)
{
	static const uint32_t lengths[] = {5, 6, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};

	for (unsigned int i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct hvm_field head = {.tag = HVM_FIELD_NUMBER, .length = lengths[i]};
		uint8_t *payload = malloc(sizeof(head) + 4);
		struct reader reader = {payload, payload + sizeof(head) + 4};
		struct field field = {.tag = 0};

		memcpy(payload, &head, sizeof(head));
		memset(payload + sizeof(head), 0x5a, 4);
		CHECK(!field_next(&reader, &field));
		CHECK_EQUAL(field.tag, 0);
		free(payload);
	}
}

static void text_with_a_zero_in_it_is_refused(void)
{
	struct writer writer = {.length = 0};
	struct reader reader = {writer.bytes, writer.bytes};
	struct field field;

	put_bytes(&writer, HVM_FIELD_ARGUMENT, "a\0b", 3);
	put_bytes(&writer, HVM_FIELD_ARGUMENT, "c\0", 2);
	put_bytes(&writer, HVM_FIELD_ARGUMENT, "", 1);
	reader.end += writer.length;
	for (int i = 0; i < 3; i++) {
		CHECK(field_next(&reader, &field));
		CHECK(!field_text(&field));
	}
}

static void a_number_of_another_width_is_zero(void)
{
	static const uint8_t ones[8] = {1, 1, 1, 1, 1, 1, 1, 1};

	for (uint32_t length = 0; length <= sizeof(ones); length++) {
		uint8_t *bytes = exact_copy(ones, length);
		struct field field = {.tag = HVM_FIELD_NUMBER, .length = length, .bytes = bytes};

		CHECK_EQUAL(field_u32(&field), length == 4 ? 0x01010101 : 0);
		free(bytes);
	}
}

static void what_does_not_fit_a_payload_is_left_out_whole(void)
{
	static uint8_t large[HVM_FRAME_MAX];
	struct writer *writer = calloc(1, sizeof(*writer));
	uint32_t room;

	put_bytes(writer, HVM_FIELD_TEXT, large, sizeof(large));
	CHECK_EQUAL(writer->length, 0);
	put_bytes(writer, HVM_FIELD_TEXT, large, SIZE_MAX);
	CHECK_EQUAL(writer->length, 0);
	put_bytes(writer, HVM_FIELD_TEXT, large, sizeof(large) - 100);
	room = HVM_FRAME_MAX - writer->length;
	CHECK_EQUAL(room, 100 - sizeof(struct hvm_field));
	put_bytes(writer, HVM_FIELD_TEXT, large, room - sizeof(struct hvm_field) + 1);
	CHECK_EQUAL(writer->length, HVM_FRAME_MAX - room);
	put_bytes(writer, HVM_FIELD_TEXT, large, room - sizeof(struct hvm_field));
	CHECK_EQUAL(writer->length, HVM_FRAME_MAX);
	put_bytes(writer, HVM_FIELD_TEXT, large, 0);
	CHECK_EQUAL(writer->length, HVM_FRAME_MAX);
	free(writer);
}

/* Heads with small lengths among random bytes, so that some payloads are whole, some end too early. */
static uint32_t random_payload(uint8_t *bytes, uint32_t limit, uint64_t *seed)
{
	uint32_t length = (uint32_t)(test_random(seed) % limit);

	for (uint32_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)test_random(seed);
	for (uint32_t at = 0; at + sizeof(struct hvm_field) <= length && test_random(seed) % 8;) {
		struct hvm_field head = {
		    .tag = (uint16_t)(test_random(seed) % 32),
		    .length = (uint32_t)(test_random(seed) % 24),
		};

		memcpy(bytes + at, &head, sizeof(head));
		at += (uint32_t)sizeof(head) + head.length;
	}
	return length;
}

static void fields_of_random_payloads_lie_inside_one_after_the_other(void)
{
	unsigned int whole = 0, broken = 0;
	uint64_t seed = 1;

	for (unsigned int i = 0; i < FUZZ_ROUNDS; i++) {
		uint8_t bytes[128], *payload;
		uint32_t length = random_payload(bytes, sizeof(bytes), &seed), at = 0;
		struct reader reader;
		struct field field;

		payload = exact_copy(bytes, length);
		reader = (struct reader){payload, payload + length};
		while (field_next(&reader, &field)) {
			CHECK(field.bytes == payload + at + sizeof(struct hvm_field));
			CHECK(field.length <= length - at - sizeof(struct hvm_field));
			at += (uint32_t)sizeof(struct hvm_field) + field.length;
			free(field_text(&field));
			field_u32(&field);
		}
		CHECK(reader.at == payload + at);
		if (at == length)
			whole++;
		else
			broken++;
		free(payload);
	}
	/* A fuzzer that only ever sees one answer tests nothing. */
	CHECK(whole > FUZZ_ROUNDS / 100);
	CHECK(broken > FUZZ_ROUNDS / 100);
}

void test_fields(void)
{
	RUN(fields_come_back_as_they_were_put);
	RUN(a_payload_cut_off_anywhere_gives_the_fields_before_the_cut);
	RUN(a_length_beyond_the_payload_ends_the_reading);
	RUN(text_with_a_zero_in_it_is_refused);
	RUN(a_number_of_another_width_is_zero);
	RUN(what_does_not_fit_a_payload_is_left_out_whole);
	RUN(fields_of_random_payloads_lie_inside_one_after_the_other);
}
