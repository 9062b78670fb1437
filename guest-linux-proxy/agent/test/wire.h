/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other side of a channel: what a read of WIRE_FD gives and what a write takes, in pieces of any size. While a
 * channel looks at what it read, the rest of its buffer is poisoned. Other descriptors are the kernel's.
 */
#ifndef AGENT_TEST_WIRE_H
#define AGENT_TEST_WIRE_H

#include "../agent.h"

#define WIRE_FD 4711

struct wire {
	const uint8_t *in; /* for the channel to read */
	size_t in_length;
	size_t piece; /* the most that one read gives or one write takes; 0 = no limit */
	bool closed;  /* when all of it was read and written, the other side is gone */
	uint8_t *out; /* what the channel wrote */
	size_t out_length;
	size_t out_room; /* bytes that it may still write */
};
extern struct wire wire;

/** A silent wire that takes nothing. */
void wire_clear(void);
/** Bytes for the channel, which must stay where they are until they were read. */
void wire_feed(const void *bytes, size_t length, size_t piece);

/** What a handler heard, in order. */
struct heard {
	struct hvm_frame frame;
	uint8_t *payload;
};
struct hearing {
	struct heard *heard;
	unsigned int count;
};
/** A frame_handler that keeps copies in a struct hearing. */
void hear(void *hearing, const struct hvm_frame *frame, const uint8_t *payload);
void hearing_clear(struct hearing *hearing);
/** Fails unless frame @n is this one; the payload's bytes are those of payload_byte(). */
void check_heard(const struct hearing *hearing, unsigned int n, uint8_t type, uint32_t stream, uint32_t length);

/** Append a frame with payload_byte()s to @stream; the number of its bytes. */
size_t put_frame(uint8_t *stream, uint8_t type, uint32_t number, uint32_t length);
/** Byte @i of a test frame's payload: no two frames have the same. */
uint8_t payload_byte(uint32_t number, uint32_t length, uint32_t i);

/** Every frame in @bytes, found by looking at all of them at once: what a channel must find piece by piece. */
void hear_all(struct hearing *hearing, const uint8_t *bytes, size_t length);

#endif
