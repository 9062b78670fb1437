/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The window: how programs of the host call named functions on HRT cores.
 *
 * It is memory that host and guest share: a file to the host, a device's memory to the guest (HVM_MAP_WINDOW). One
 * server at a time, in the guest, publishes functions and polls the channels. A client, on the host, claims a channel,
 * posts a call there and polls for its answer: one cache line there and back, and no exit of the VM.
 *
 *   offset            what                       written by
 *   0                 struct hvm_window          the server
 *   HVM_WINDOW_TABLE  functions                  the server, before it serves
 *   HVM_WINDOW_CHANNELS   channels               client and server
 *   behind them       a heap for each channel    both
 *
 * A channel's hot line is that of hvm/slot.h, but the answer carries a status:
 *
 *   client                                     server
 *   arg[0..5] = ...                            polls head until its tag is a new one of this generation
 *   head = tag | number                 --->   copies the line once, checks, calls function(arg[0], .. arg[5])
 *   polls done until its tag is that    <---   arg[0] = result; done = tag | status
 *
 * number: bits 7..0 the function's index, 12..8 pointers, 13 HVM_WINDOW_LIMITED: the call has a time limit of its own.
 * Memory for a call lies in the channel's heap and takes two words: bit i of pointers says that arg[i] is an offset
 * from the window's start and arg[i + 1] a number of bytes. The server checks that they lie in the channel's own heap,
 * and the function gets a pointer and a length that it can rely on. No pointer is ever in the window.
 *
 * A client claims a channel by an exclusive record lock (fcntl(2): F_SETLK or F_OFD_SETLK) on the channel's bytes of
 * the file, so that a client that dies lets go of it. It may use it once the last request has its answer, and goes on
 * with the sequence number that it finds.
 *
 * A server has a generation, which a client's tags carry: none answers another's calls. It raises heartbeat all its
 * life. It ends by HVM_WINDOW_ENDING, a last look at every channel, then HVM_WINDOW_NONE: a call without an answer then
 * was never begun, unless the generation has changed as well: that server was killed, and nothing is known.
 *
 * Neither side trusts the other: what it reads it copies once, then checks, then acts. What the heap holds may change
 * while a function reads it. The host believes nothing of what it finds; of the guest's side, a client can hurt only
 * calls of its own (and a function that believes what is in its memory).
 */
#ifndef HVM_WINDOW_H
#define HVM_WINDOW_H

#include <hvm/types.h>

#define HVM_WINDOW_MAGIC    0x31574f444e495748ull /* "HWINDOW1" */
#define HVM_WINDOW_SIZE_MIN 0x100000u		  /* 1 MiB */
#define HVM_WINDOW_SIZE_MAX 0x40000000u		  /* 1 GiB; a power of two, as all memory of PCI devices */

#define HVM_WINDOW_TABLE	  0x1000u
#define HVM_WINDOW_CHANNELS	  0x10000u
#define HVM_WINDOW_CHANNEL_SIZE	  0x1000u
#define HVM_WINDOW_CHANNELS_MAX	  64u
#define HVM_WINDOW_FUNCTIONS_MAX  256u
#define HVM_WINDOW_NAME_MAX	  48u /* bytes, terminating zero included */
#define HVM_WINDOW_SUMMARY_MAX	  72u
#define HVM_WINDOW_WHERE_MAX	  128u
#define HVM_WINDOW_ARGUMENTS	  6u
#define HVM_WINDOW_LIMIT_MAX_MS	  3600000u
#define HVM_WINDOW_HEARTBEAT_MS	  100u	/* so often the server raises it */
#define HVM_WINDOW_SILENCE_MS	  5000u /* without it for so long the server is taken for dead */
#define HVM_WINDOW_FUNCTION_MASK  0xffu
#define HVM_WINDOW_POINTERS_SHIFT 8
#define HVM_WINDOW_POINTERS_MASK  0x1fu
#define HVM_WINDOW_LIMITED	  0x2000u /* limit_ms holds for this call */
#define HVM_WINDOW_STATUS_MASK	  0xffffu

enum hvm_window_state {
	HVM_WINDOW_NONE = 0, /* no server */
	HVM_WINDOW_SERVING = 1,
	HVM_WINDOW_ENDING = 2, /* takes what was posted before, nothing else */
};

/** How a call ended: the low bits of done. */
enum hvm_window_status {
	HVM_WINDOW_OK = 0,
	HVM_WINDOW_NO_FUNCTION = 1,  /* none of that index */
	HVM_WINDOW_BAD_ARGUMENT = 2, /* arg[0]: which one is not inside the channel's heap */
	HVM_WINDOW_FAULT = 3,	     /* the function caused an exception: struct hvm_window_failure */
	HVM_WINDOW_LIMIT = 4,	     /* it was stopped: its time limit, or the server's */
	HVM_WINDOW_STOPPED = 5,	     /* it was stopped: the server lost its core */
};

struct hvm_window {
	/* line 0: constant while the server serves */
	uint64_t magic;
	uint32_t revision;   /* HVM_ABI_REVISION */
	uint32_t generation; /* of the server; its low 16 bits go into tags */
	uint64_t size;	     /* of the window, bytes */
	uint32_t functions;
	uint32_t channels;
	uint64_t heap_size; /* of each channel, bytes, whole pages: hvm_window_heap_size() */
	uint32_t limit_ms;  /* no call may take longer */
	uint32_t pid;	    /* of the server, in the guest */
	uint64_t line0_pad[2];

	/* line 1 */
	uint32_t state; /* enum hvm_window_state */
	uint32_t state_pad;
	uint64_t heartbeat;
	uint64_t line1_pad[6];

	/* line 2: the core that serves */
	uint64_t calls; /* that were begun */
	uint64_t line2_pad[7];
};
HVM_ASSERT_SIZE(struct hvm_window, 192);
HVM_ASSERT_OFFSET(struct hvm_window, state, 64);
HVM_ASSERT_OFFSET(struct hvm_window, calls, 128);

/** A function; its index in the table is its number. Both texts end with a zero. */
struct hvm_window_function {
	char name[HVM_WINDOW_NAME_MAX];
	char summary[HVM_WINDOW_SUMMARY_MAX]; /* arguments, result, what it does */
	uint64_t reserved;
};
HVM_ASSERT_SIZE(struct hvm_window_function, 128);

/** Why a call ended with HVM_WINDOW_FAULT. */
struct hvm_window_failure {
	uint32_t vector;		  /* of the exception (SDM Vol. 3, 6.3.1) */
	uint32_t signal;		  /* that Linux would have sent */
	uint64_t error;			  /* the exception's error code */
	uint64_t instruction;		  /* where it was, in the server's address space */
	uint64_t address;		  /* that a page fault was about */
	char where[HVM_WINDOW_WHERE_MAX]; /* the instruction in words: function+offset (file); zero-terminated */
	uint64_t reserved[4];
};
HVM_ASSERT_SIZE(struct hvm_window_failure, 192);

struct hvm_channel {
	/* line 0, hot */
	uint64_t head;
	uint64_t arg[HVM_WINDOW_ARGUMENTS]; /* arg[0] carries the result back */
	uint64_t done;

	/* line 1: the client, before a request with HVM_WINDOW_LIMITED */
	uint32_t limit_ms; /* at most the server's */
	uint32_t limit_pad;
	uint64_t line1_pad[7];

	/* lines 2..4: the server, before the answer */
	struct hvm_window_failure failure;

	uint64_t line5_pad[216];
	uint8_t requests_pad[1024]; /* for a ring of requests ... */
	uint8_t answers_pad[1024];  /* ... and one of answers */
};
HVM_ASSERT_SIZE(struct hvm_channel, HVM_WINDOW_CHANNEL_SIZE);
HVM_ASSERT_OFFSET(struct hvm_channel, limit_ms, 64);
HVM_ASSERT_OFFSET(struct hvm_channel, failure, 128);

_Static_assert(HVM_WINDOW_TABLE + HVM_WINDOW_FUNCTIONS_MAX * sizeof(struct hvm_window_function) <= HVM_WINDOW_CHANNELS,
	       "the table overlaps the channels");

/** Where channel @channel lies. */
static inline uint64_t hvm_window_channel(uint32_t channel)
{
	return HVM_WINDOW_CHANNELS + (uint64_t)channel * HVM_WINDOW_CHANNEL_SIZE;
}

/** Bytes of heap for each of @channels channels, in a window of @size bytes. */
static inline uint64_t hvm_window_heap_size(uint64_t size, uint32_t channels)
{
	return (size - hvm_window_channel(channels)) / channels & ~(uint64_t)(HVM_PAGE_SIZE - 1);
}

/** Where the heap of channel @channel begins. */
static inline uint64_t hvm_window_heap(uint64_t size, uint32_t channels, uint32_t channel)
{
	return hvm_window_channel(channels) + channel * hvm_window_heap_size(size, channels);
}

/** True if a window of @size bytes can have @channels channels. */
static inline bool hvm_window_fits(uint64_t size, uint32_t channels)
{
	return size >= HVM_WINDOW_SIZE_MIN && size <= HVM_WINDOW_SIZE_MAX && channels > 0 &&
	       channels <= HVM_WINDOW_CHANNELS_MAX;
}

static inline uint64_t hvm_window_tag(uint32_t sequence, uint32_t generation)
{
	return (uint64_t)sequence << 32 | (uint64_t)(generation & 0xffffu) << 16;
}

/** A call as the server holds it: its own copy. */
struct hvm_window_call {
	uint64_t tag;
	uint32_t function;
	uint32_t pointers;
	uint32_t limit_ms;
	uint32_t reserved;
	uint64_t arg[HVM_WINDOW_ARGUMENTS];
};

/** Client: post a call whose arguments, and its limit if @number has HVM_WINDOW_LIMITED, are there. */
static inline void hvm_channel_publish(struct hvm_channel *channel, uint64_t tag, uint32_t number)
{
	hvm_store_release(&channel->head, tag | number);
}

/** Client: true once call @tag has its answer; then *@status and *@result hold it. */
static inline bool hvm_channel_reap(const struct hvm_channel *channel, uint64_t tag, uint32_t *status, uint64_t *result)
{
	uint64_t done = hvm_load_acquire(&channel->done);

	if ((done & ~(uint64_t)HVM_WINDOW_STATUS_MASK) != tag)
		return false;
	*status = (uint32_t)(done & HVM_WINDOW_STATUS_MASK);
	*result = hvm_load_relaxed(&channel->arg[0]);
	return true;
}

/** Server: copy a call once if one is posted beyond @last_tag; false if not. */
static inline bool hvm_channel_take(const struct hvm_channel *channel, uint64_t last_tag, struct hvm_window_call *call)
{
	uint64_t head = hvm_load_acquire(&channel->head);

	if ((head & ~(uint64_t)HVM_WINDOW_STATUS_MASK) == last_tag)
		return false;
	call->tag = head & ~(uint64_t)HVM_WINDOW_STATUS_MASK;
	call->function = (uint32_t)head & HVM_WINDOW_FUNCTION_MASK;
	call->pointers = (uint32_t)head >> HVM_WINDOW_POINTERS_SHIFT & HVM_WINDOW_POINTERS_MASK;
	call->limit_ms = head & HVM_WINDOW_LIMITED ? hvm_load_relaxed(&channel->limit_ms) : 0;
	for (unsigned int i = 0; i < HVM_WINDOW_ARGUMENTS; i++)
		call->arg[i] = hvm_load_relaxed(&channel->arg[i]);
	return true;
}

/** Server: answer call @tag. */
static inline void hvm_channel_answer(struct hvm_channel *channel, uint64_t tag, uint32_t status, uint64_t result)
{
	hvm_store_relaxed(&channel->arg[0], result);
	hvm_store_release(&channel->done, tag | status);
}

/** Server: true if call @tag was answered. */
static inline bool hvm_channel_is_answered(const struct hvm_channel *channel, uint64_t tag)
{
	return (hvm_load_acquire(&channel->done) & ~(uint64_t)HVM_WINDOW_STATUS_MASK) == tag;
}

#endif
