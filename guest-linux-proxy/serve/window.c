/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "serve.h"

static struct hvm_channel *channel_at(const struct serve *serve, uint32_t channel)
{
	return (struct hvm_channel *)((char *)serve->window + hvm_window_channel(channel));
}

static void take_over(struct serve *serve)
{
	uint32_t generation = hvm_load_relaxed(&serve->window->generation) + 1;

	/* 0 is no generation, in its low 16 bits either: tags of a fresh window have it. */
	serve->generation = generation & 0xffff ? generation : generation + 1;
	/* What was posted before was meant for another. */
	for (uint32_t i = 0; i < serve->channels; i++)
		serve->last_tag[i] = hvm_load_relaxed(&channel_at(serve, i)->head) & ~(uint64_t)HVM_WINDOW_STATUS_MASK;
}

bool serve_begin(struct serve *serve, void *at, uint64_t size, const struct table *table, uint32_t limit_ms)
{
	struct hvm_window *window = at;

	*serve = (struct serve){.window = window, .size = size, .channels = SERVE_CHANNELS, .table = table};
	if (!hvm_window_fits(size, SERVE_CHANNELS)) {
		fprintf(stderr, "hvm-serve: the window has %llu bytes; allowed: %u to %u\n", (unsigned long long)size,
			HVM_WINDOW_SIZE_MIN, HVM_WINDOW_SIZE_MAX);
		return false;
	}
	serve->heap_size = hvm_window_heap_size(size, SERVE_CHANNELS);
	serve->limit_ms = limit_ms;
	hvm_store_release(&window->state, HVM_WINDOW_NONE);
	take_over(serve);
	memcpy((char *)at + HVM_WINDOW_TABLE, table->text, table->count * sizeof(*table->text));
	window->magic = HVM_WINDOW_MAGIC;
	window->revision = HVM_ABI_REVISION;
	window->size = size;
	window->functions = table->count;
	window->channels = SERVE_CHANNELS;
	window->heap_size = serve->heap_size;
	window->limit_ms = limit_ms;
	window->pid = (uint32_t)getpid();
	window->calls = 0;
	hvm_store_release(&window->generation, serve->generation);
	hvm_store_release(&window->state, HVM_WINDOW_SERVING);
	return true;
}

void serve_beat(struct serve *serve)
{
	hvm_store_relaxed(&serve->window->heartbeat, hvm_load_relaxed(&serve->window->heartbeat) + 1);
}

void serve_ending(struct serve *serve)
{
	hvm_store_release(&serve->window->state, HVM_WINDOW_ENDING);
	hvm_fence_full(); /* whoever posts from now on sees it */
	hvm_store_release(&serve->stop, 1);
}

void serve_end(struct serve *serve)
{
	hvm_store_release(&serve->window->state, HVM_WINDOW_NONE);
}

void serve_recover(struct serve *serve, uint32_t status, const struct hvm_window_failure *failure)
{
	struct run *run = &serve->run;
	uint32_t phase = hvm_load_acquire(&run->phase);
	struct hvm_channel *channel = channel_at(serve, run->channel);

	if (phase == RUN_NONE)
		return;
	hvm_store_relaxed(&serve->last_tag[run->channel], run->tag);
	if (phase == RUN_FUNCTION && failure)
		channel->failure = *failure;
	if (phase == RUN_FUNCTION)
		hvm_channel_answer(channel, run->tag, status, 0);
	else if (!hvm_channel_is_answered(channel, run->tag)) /* else the client may have posted its next call */
		hvm_channel_answer(channel, run->tag, run->status, run->result);
	hvm_store_release(&run->phase, RUN_NONE);
}
