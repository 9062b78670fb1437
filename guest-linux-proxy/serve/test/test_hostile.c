/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that write what they like: the server refuses or serves them, and goes on serving others. */
#include <sys/mman.h>

#include "test.h"

#define LIMIT_MS 60000
#define ROUNDS	 4000
#define SEED	 0x5eed0004u

/* The channel that the honest client has; the others are the hostile one's. */
static struct hvm_host honest;

static void spoil_words(uint64_t *seed, char *base)
{
	for (int i = 0; i < 4; i++) {
		uint64_t channel = test_random(seed) % SERVE_CHANNELS, word = test_random(seed) % (64 / 8);
		uint64_t *at = (uint64_t *)(base + hvm_window_channel((uint32_t)channel)) + word;

		if (channel != honest.index)
			hvm_store_relaxed(at, test_random(seed) >> test_random(seed) % 64);
	}
}

/* Like a call, but with any number, any flags and any arguments: mostly near a heap's edges. */
static void post_anything(uint64_t *seed, char *base, uint32_t generation)
{
	uint32_t index = (uint32_t)(test_random(seed) % SERVE_CHANNELS);
	struct hvm_channel *channel = (struct hvm_channel *)(base + hvm_window_channel(index));
	uint64_t heap = hvm_window_heap(WINDOW_SIZE, SERVE_CHANNELS, index);
	uint64_t size = hvm_window_heap_size(WINDOW_SIZE, SERVE_CHANNELS);

	if (index == honest.index)
		return;
	for (unsigned int i = 0; i < HVM_WINDOW_ARGUMENTS; i++) {
		const uint64_t edges[] = {0,
					  heap,
					  heap - 1,
					  heap + size,
					  heap + size - 1,
					  size,
					  UINT64_MAX,
					  test_random(seed) % 4096,
					  heap + test_random(seed) % size};

		hvm_store_relaxed(&channel->arg[i], edges[test_random(seed) % (sizeof(edges) / sizeof(*edges))]);
	}
	/* A function that gets a word where it wants a pointer faults; none that never ends. */
	hvm_channel_publish(channel, hvm_window_tag((uint32_t)test_random(seed), generation),
			    (uint32_t)(test_random(seed) & 0xff00) | (test_random(seed) % 8 ? 2 : 200));
}

static void the_server_goes_on_serving_the_honest(void)
{
	uint64_t seed = SEED, result;
	char *base;

	rig_begin(0, LIMIT_MS);
	CHECK_EQUAL(hvm_host_open(&honest, rig_file), 0);
	base = honest.base;
	for (uint64_t i = 0; i < ROUNDS; i++) {
		struct hvm_host_argument argument = {.word = i};
		int error;

		spoil_words(&seed, base);
		post_anything(&seed, base, honest.generation);
		if (i % 16)
			continue;
		error = hvm_host_call(&honest, hvm_host_find(&honest, "echo"), &argument, 1, &result);
		CHECK_EQUAL(error, 0);
		CHECK_EQUAL(result, i);
	}
	hvm_host_close(&honest);
	rig_end();
}

static void memory_outside_the_own_heap_is_refused(void)
{
	static const char *const what[] = {"sum", "fill"};
	struct hvm_host host;
	uint64_t edge, offsets[6];
	uint32_t status;

	rig_begin(0, LIMIT_MS);
	CHECK_EQUAL(hvm_host_open(&host, rig_file), 0);
	edge = host.heap + host.heap_size;
	offsets[0] = 0, offsets[1] = host.heap - 1, offsets[2] = edge - 7, offsets[3] = edge + 1;
	offsets[4] = UINT64_MAX, offsets[5] = UINT64_MAX - 7;
	for (int i = 0; i < 12; i++) {
		uint64_t tag = hvm_window_tag(++host.sequence, host.generation), result;

		host.channel->arg[0] = offsets[i % 6];
		host.channel->arg[1] = 8;
		hvm_channel_publish(host.channel, tag,
				    (uint32_t)hvm_host_find(&host, what[i / 6]) | 1u << HVM_WINDOW_POINTERS_SHIFT);
		CHECK_EQUAL(hvm_host_wait(&host, tag, &result), -EINVAL);
		CHECK(hvm_channel_reap(host.channel, tag, &status, &result) && result == 0);
	}
	hvm_host_close(&host);
	rig_end();
}

void test_hostile(void)
{
	RUN(memory_outside_the_own_heap_is_refused);
	RUN(the_server_goes_on_serving_the_honest);
}
