/* SPDX-License-Identifier: Apache-2.0 */
/* The loop that serves the window. It makes no system call and takes no lock: it may be stopped at any instruction. */
#include "serve.h"

static struct hvm_channel *channel_at(const struct serve *serve, uint32_t channel)
{
	return (struct hvm_channel *)((char *)serve->window + hvm_window_channel(channel));
}

/* Turn offsets into pointers. The number of the first one whose bytes are not in the channel's heap, or ARGUMENTS. */
static unsigned int translate(const struct serve *serve, uint32_t channel, struct hvm_window_call *call)
{
	uint64_t heap = hvm_window_heap(serve->size, serve->channels, channel);

	for (unsigned int i = 0; i + 1 < HVM_WINDOW_ARGUMENTS; i++) {
		uint64_t at = call->arg[i] - heap;

		if (!(call->pointers >> i & 1))
			continue;
		if (call->arg[i] < heap || at > serve->heap_size || call->arg[i + 1] > serve->heap_size - at)
			return i;
		call->arg[i] += (uint64_t)serve->window;
		i++; /* the length is none, whatever its bit says */
	}
	return HVM_WINDOW_ARGUMENTS;
}

static uint32_t carry_out(const struct serve *serve, uint32_t channel, struct hvm_window_call *call, uint64_t *result)
{
	unsigned int bad;

	*result = 0;
	if (call->function >= serve->table->count)
		return HVM_WINDOW_NO_FUNCTION;
	bad = translate(serve, channel, call);
	if (bad < HVM_WINDOW_ARGUMENTS) {
		*result = bad;
		return HVM_WINDOW_BAD_ARGUMENT;
	}
	*result = serve->table->function[call->function](call->arg[0], call->arg[1], call->arg[2], call->arg[3],
							 call->arg[4], call->arg[5]);
	return HVM_WINDOW_OK;
}

/* Say what runs, before last_tag says that it was taken: else nobody would answer it if the loop is stopped here. */
static void begin_run(struct serve *serve, uint32_t channel, const struct hvm_window_call *call)
{
	struct run *run = &serve->run;

	hvm_store_relaxed(&run->channel, channel);
	hvm_store_relaxed(&run->tag, call->tag);
	hvm_store_relaxed(&run->limit_ms,
			  call->limit_ms && call->limit_ms < serve->limit_ms ? call->limit_ms : serve->limit_ms);
	hvm_store_release(&run->phase, RUN_FUNCTION);
	hvm_store_release(&serve->last_tag[channel], call->tag);
	hvm_store_relaxed(&serve->calls, serve->calls + 1);
	hvm_store_relaxed(&serve->window->calls, serve->calls);
}

static void end_run(struct serve *serve, uint32_t channel, uint32_t status, uint64_t result)
{
	struct run *run = &serve->run;

	hvm_store_relaxed(&run->status, status);
	hvm_store_relaxed(&run->result, result);
	hvm_store_release(&run->phase, RUN_ANSWER);
	hvm_channel_answer(channel_at(serve, channel), run->tag, status, result);
	hvm_store_release(&run->phase, RUN_NONE);
}

/* True if there was a call. */
static bool serve_channel(struct serve *serve, uint32_t channel)
{
	struct hvm_window_call call;
	uint64_t result;
	uint32_t status;

	if (!hvm_channel_take(channel_at(serve, channel), serve->last_tag[channel], &call))
		return false;
	if ((call.tag >> 16 & 0xffff) != (serve->generation & 0xffff)) {
		serve->last_tag[channel] = call.tag; /* another server's */
		return false;
	}
	begin_run(serve, channel, &call);
	status = carry_out(serve, channel, &call, &result);
	end_run(serve, channel, status, result);
	return true;
}

/* The channel that was used last is looked at each time, the others in turn: most often there is one client. */
uint64_t serve_loop(struct serve *serve)
{
	uint32_t last = 0, next = 0;

	while (!hvm_load_acquire(&serve->stop)) {
		if (serve_channel(serve, next))
			last = next;
		else if (!serve_channel(serve, last) && serve->pause)
			__builtin_ia32_pause();
		next = next + 1 == serve->channels ? 0 : next + 1;
	}
	for (uint32_t channel = 0; channel < serve->channels; channel++)
		serve_channel(serve, channel);
	return 0;
}
