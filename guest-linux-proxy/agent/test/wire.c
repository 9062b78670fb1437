/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"
#include "test.h"

#include <errno.h>
#include <sanitizer/asan_interface.h>
#include <unistd.h>

struct wire wire;
static uint8_t *buffer; /* of the last read */
static size_t buffer_size;
static size_t out_size;

ssize_t __real_read(int fd, void *bytes, size_t count);
ssize_t __wrap_read(int fd, void *bytes, size_t count);
ssize_t __real_write(int fd, const void *bytes, size_t count);
ssize_t __wrap_write(int fd, const void *bytes, size_t count);

void wire_clear(void)
{
	free(wire.out);
	if (buffer)
		ASAN_UNPOISON_MEMORY_REGION(buffer, buffer_size);
	buffer = NULL;
	out_size = 0;
	wire = (struct wire){.in = NULL};
}

void wire_feed(const void *bytes, size_t length, size_t piece)
{
	wire.in = bytes;
	wire.in_length = length;
	wire.piece = piece;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static ssize_t nothing_more(void)
{
	errno = EAGAIN;
	return wire.closed ? 0 : -1;
}

ssize_t __wrap_read(int fd, void *bytes, size_t count)
{
	size_t n = least(count, wire.in_length);

	if (fd != WIRE_FD)
		return __real_read(fd, bytes, count);
	if (buffer)
		ASAN_UNPOISON_MEMORY_REGION(buffer, buffer_size);
	buffer = bytes;
	buffer_size = count;
	if (wire.piece)
		n = least(n, wire.piece);
	if (!n)
		return nothing_more();
	memcpy(bytes, wire.in, n);
	ASAN_POISON_MEMORY_REGION((uint8_t *)bytes + n, count - n);
	wire.in += n;
	wire.in_length -= n;
	return (ssize_t)n;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t count)
{
	size_t n = least(count, wire.out_room);

	if (fd != WIRE_FD)
		return __real_write(fd, bytes, count);
	if (wire.piece)
		n = least(n, wire.piece);
	if (!n)
		return nothing_more();
	if (wire.out_length + n > out_size) {
		out_size = 2 * (wire.out_length + n);
		wire.out = realloc(wire.out, out_size);
	}
	memcpy(wire.out + wire.out_length, bytes, n);
	wire.out_length += n;
	wire.out_room -= n;
	return (ssize_t)n;
}

void hear(void *context, const struct hvm_frame *frame, const uint8_t *payload)
{
	struct hearing *hearing = context;
	struct heard *heard;

	hearing->heard = realloc(hearing->heard, (hearing->count + 1) * sizeof(*heard));
	heard = &hearing->heard[hearing->count++];
	heard->frame = *frame;
	heard->payload = malloc(frame->length);
	memcpy(heard->payload, payload, frame->length);
}

void hearing_clear(struct hearing *hearing)
{
	for (unsigned int i = 0; i < hearing->count; i++)
		free(hearing->heard[i].payload);
	free(hearing->heard);
	*hearing = (struct hearing){.count = 0};
}

uint8_t payload_byte(uint32_t number, uint32_t length, uint32_t i)
{
	return (uint8_t)((number * 31 + length * 7 + i) * 0x9e3779b1u >> 24);
}

void check_heard(const struct hearing *hearing, unsigned int n, uint8_t type, uint32_t stream, uint32_t length)
{
	const struct heard *heard = &hearing->heard[n];

	CHECK(n < hearing->count);
	CHECK_EQUAL(heard->frame.type, type);
	CHECK_EQUAL(heard->frame.stream, stream);
	CHECK_EQUAL(heard->frame.length, length);
	for (uint32_t i = 0; i < length; i++)
		CHECK_EQUAL(heard->payload[i], payload_byte(stream, length, i));
}

size_t put_frame(uint8_t *stream, uint8_t type, uint32_t number, uint32_t length)
{
	struct hvm_frame frame = {
	    .magic = HVM_FRAME_MAGIC,
	    .version = HVM_FRAME_VERSION,
	    .type = type,
	    .stream = number,
	    .length = length,
	};

	frame.check = hvm_frame_check(&frame);
	memcpy(stream, &frame, sizeof(frame));
	for (uint32_t i = 0; i < length; i++)
		stream[sizeof(frame) + i] = payload_byte(number, length, i);
	return sizeof(frame) + length;
}

void hear_all(struct hearing *hearing, const uint8_t *bytes, size_t length)
{
	struct hvm_frame frame;
	size_t at = 0;

	while (length - at >= sizeof(frame)) {
		memcpy(&frame, bytes + at, sizeof(frame));
		if (!hvm_frame_valid(&frame)) {
			at++;
		} else if (frame.length > length - at - sizeof(frame)) {
			return;
		} else {
			hear(hearing, &frame, bytes + at + sizeof(frame));
			at += sizeof(frame) + frame.length;
		}
	}
}
