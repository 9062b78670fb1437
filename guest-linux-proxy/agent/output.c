/* SPDX-License-Identifier: Apache-2.0 */
/* What a job wrote to one of its streams: kept until hvmd says that it is where it belongs. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent.h"

#define CHUNK (32u << 10)

static size_t least(uint64_t a, uint64_t b)
{
	return (size_t)(a < b ? a : b);
}

size_t output_room(const struct output *output)
{
	uint64_t end = output->taken + HVM_OUTPUT_KEPT;

	if (output->limit < end)
		end = output->limit;
	return end > output->written ? (size_t)(end - output->written) : 0;
}

ssize_t output_read(struct output *output, int fd)
{
	size_t at = (size_t)(output->written % HVM_OUTPUT_KEPT), room = output_room(output);
	ssize_t n;

	if (!output->kept)
		output->kept = malloc(HVM_OUTPUT_KEPT);
	if (!output->kept || !room) {
		errno = EAGAIN; /* the loop comes again when memory may be there */
		return -1;
	}
	n = read(fd, output->kept + at, least(room, HVM_OUTPUT_KEPT - at));
	if (n > 0)
		output->written += (uint64_t)n;
	return n;
}

void output_send(struct output *output, struct channel *channel, uint8_t type, uint32_t stream)
{
	while (output->wanted && output->sent < output->written && !channel_congested(channel)) {
		size_t at = (size_t)(output->sent % HVM_OUTPUT_KEPT);
		size_t n = least(least(output->written - output->sent, HVM_OUTPUT_KEPT - at), CHUNK);

		channel_send(channel, type, stream, output->kept + at, (uint32_t)n);
		output->sent += n;
	}
}

bool output_is_sent(const struct output *output)
{
	return output->sent == output->written;
}

bool output_credit(struct output *output, uint64_t taken, uint32_t window)
{
	if (taken < output->taken || taken > (output->wanted ? output->sent : output->written))
		return false;
	if (!output->wanted) {
		output->wanted = true;
		output->sent = taken;
	}
	output->taken = taken;
	if (taken + window > output->limit)
		output->limit = taken + window;
	return true;
}

void output_detach(struct output *output)
{
	output->wanted = false;
	output->sent = output->taken;
}

void output_drop(struct output *output)
{
	output->taken = output->sent = output->written;
	output->limit = 0;
}

void output_free(struct output *output)
{
	free(output->kept);
	*output = (struct output){.kept = NULL};
}
