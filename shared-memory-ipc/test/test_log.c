/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <hvm/log_read.h>

#include <pthread.h>
#include <sched.h>

#define KEPT (HVM_LOG_TEXT - HVM_LOG_AHEAD)

static struct hvm_log ring;
static uint8_t buffer[HVM_LOG_TEXT];
static uint64_t cursor, lost;

/* Byte number n of the log says n, as far as a byte can. */
static uint8_t byte_at(uint64_t n)
{
	return (uint8_t)(n ^ n >> 8 ^ n >> 16);
}

static void append(uint64_t count)
{
	uint64_t head = ring.head;

	for (uint64_t n = head; n < head + count; n++)
		hvm_store_relaxed(&ring.text[n % HVM_LOG_TEXT], byte_at(n));
	hvm_store_release(&ring.head, head + count);
}

static void reset(void)
{
	memset(&ring, 0, sizeof(ring));
	cursor = lost = 0;
}

static uint64_t read_text(uint64_t size)
{
	uint64_t n = hvm_log_read(&ring, &cursor, buffer, size, &lost);

	for (uint64_t i = 0; i < n; i++)
		CHECK_EQUAL(buffer[i], byte_at(cursor - n + i));
	return n;
}

static void an_empty_log_reads_as_nothing(void)
{
	reset();
	CHECK_EQUAL(read_text(100), 0);
	CHECK_EQUAL(cursor, 0);
	CHECK_EQUAL(lost, 0);
}

static void text_is_read_in_pieces_and_once(void)
{
	reset();
	append(1000);
	CHECK_EQUAL(read_text(300), 300);
	CHECK_EQUAL(read_text(10000), 700);
	CHECK_EQUAL(read_text(10000), 0);
	append(1);
	CHECK_EQUAL(read_text(10000), 1);
	CHECK_EQUAL(lost, 0);
}

static void text_goes_around_the_end_of_the_ring(void)
{
	reset();
	for (unsigned int i = 0; i < 1000; i++) {
		append(777);
		CHECK_EQUAL(read_text(sizeof(buffer)), 777);
	}
	CHECK_EQUAL(lost, 0);
}

static void overwritten_text_is_counted(void)
{
	reset();
	append(2 * HVM_LOG_TEXT);
	CHECK_EQUAL(read_text(sizeof(buffer)), KEPT);
	CHECK_EQUAL(lost, 2 * HVM_LOG_TEXT - KEPT);
	CHECK_EQUAL(cursor, 2 * HVM_LOG_TEXT);
}

static void a_cursor_of_an_earlier_life_begins_anew(void)
{
	reset();
	append(50);
	cursor = 1ull << 40;
	CHECK_EQUAL(read_text(sizeof(buffer)), 50);
	CHECK_EQUAL(lost, 0);
}

static void a_hostile_head_cannot_lead_out_of_the_ring(void)
{
	reset();
	ring.head = UINT64_MAX;
	CHECK(hvm_log_read(&ring, &cursor, buffer, sizeof(buffer), &lost) <= sizeof(buffer));
	cursor = UINT64_MAX - 5;
	CHECK(hvm_log_read(&ring, &cursor, buffer, sizeof(buffer), &lost) <= sizeof(buffer));
}

#define WRITTEN (40ull * HVM_LOG_TEXT)

static void *write_lines(void *unused)
{
	(void)unused;
	for (uint64_t size = 1; hvm_load_relaxed(&ring.head) < WRITTEN; size = size * 7 % HVM_LOG_AHEAD + 1) {
		append(size);
		if (size % 16 == 0)
			sched_yield();
	}
	return NULL;
}

static void what_is_read_beside_a_writer_is_never_torn(void)
{
	uint64_t total = 0;
	pthread_t writer;

	reset();
	CHECK_EQUAL(pthread_create(&writer, NULL, write_lines, NULL), 0);
	while (cursor < WRITTEN)
		total += read_text(sizeof(buffer));
	pthread_join(writer, NULL);
	total += read_text(sizeof(buffer));
	CHECK_EQUAL(total + lost, cursor);
	CHECK(total > 0);
}

void test_log(void)
{
	RUN(an_empty_log_reads_as_nothing);
	RUN(text_is_read_in_pieces_and_once);
	RUN(text_goes_around_the_end_of_the_ring);
	RUN(overwritten_text_is_counted);
	RUN(a_cursor_of_an_earlier_life_begins_anew);
	RUN(a_hostile_head_cannot_lead_out_of_the_ring);
	RUN(what_is_read_beside_a_writer_is_never_torn);
}
