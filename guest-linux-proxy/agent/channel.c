/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

#define IN_SIZE	  (2 * (HVM_FRAME_MAX + sizeof(struct hvm_frame)))
#define OUT_SIZE  (4u << 20)
#define CONGESTED (512u << 10) /* data stops here; the rest is for control frames, which are small and few */

struct channel {
	int fd;
	frame_handler *handler;
	void *context;
	uint8_t in[IN_SIZE];
	size_t in_length;
	uint8_t out[OUT_SIZE];
	size_t out_start, out_length; /* a ring */
};

struct channel *channel_new(int fd, frame_handler *handler, void *context)
{
	struct channel *channel = calloc(1, sizeof(*channel));

	if (channel) {
		channel->fd = fd;
		channel->handler = handler;
		channel->context = context;
	}
	return channel;
}

int channel_fd(const struct channel *channel)
{
	return channel->fd;
}

void channel_reset(struct channel *channel)
{
	channel->in_length = 0;
	channel->out_start = channel->out_length = 0;
}

/* Hand on the complete frames; noise before a valid header is skipped byte by byte. */
static void parse(struct channel *channel)
{
	size_t at = 0;

	while (channel->in_length - at >= sizeof(struct hvm_frame)) {
		struct hvm_frame frame;

		memcpy(&frame, channel->in + at, sizeof(frame));
		if (!hvm_frame_valid(&frame)) {
			at++;
			continue;
		}
		if (channel->in_length - at < sizeof(frame) + frame.length)
			break;
		channel->handler(channel->context, &frame, channel->in + at + sizeof(frame));
		at += sizeof(frame) + frame.length;
	}
	channel->in_length -= at;
	memmove(channel->in, channel->in + at, channel->in_length);
}

bool channel_read(struct channel *channel)
{
	for (int rounds = 0; rounds < 16; rounds++) {
		ssize_t n = read(channel->fd, channel->in + channel->in_length, IN_SIZE - channel->in_length);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n <= 0)
			return false;
		channel->in_length += (size_t)n;
		parse(channel);
	}
	return true;
}

bool channel_write(struct channel *channel)
{
	while (channel->out_length) {
		size_t run = OUT_SIZE - channel->out_start;
		ssize_t n;

		if (run > channel->out_length)
			run = channel->out_length;
		n = write(channel->fd, channel->out + channel->out_start, run);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n <= 0)
			return false;
		channel->out_start = (channel->out_start + (size_t)n) % OUT_SIZE;
		channel->out_length -= (size_t)n;
	}
	return true;
}

bool channel_wants_write(const struct channel *channel)
{
	return channel->out_length != 0;
}

bool channel_congested(const struct channel *channel)
{
	return channel->out_length > CONGESTED;
}

static void append(struct channel *channel, const void *bytes, size_t length)
{
	size_t end = (channel->out_start + channel->out_length) % OUT_SIZE;
	size_t run = OUT_SIZE - end < length ? OUT_SIZE - end : length;

	memcpy(channel->out + end, bytes, run);
	memcpy(channel->out, (const uint8_t *)bytes + run, length - run);
	channel->out_length += length;
}

void channel_send(struct channel *channel, uint8_t type, uint32_t stream, const void *payload, uint32_t length)
{
	struct hvm_frame frame = {
	    .magic = HVM_FRAME_MAGIC,
	    .version = HVM_FRAME_VERSION,
	    .type = type,
	    .stream = stream,
	    .length = length,
	};

	frame.check = hvm_frame_check(&frame);
	if (OUT_SIZE - channel->out_length < sizeof(frame) + length)
		return; /* a host that takes nothing for megabytes of control frames is not listening */
	append(channel, &frame, sizeof(frame));
	append(channel, payload, length);
}
