/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of the window (hvm/window.h): a program of the host calls named functions on an HRT core. Header only;
 * unlike the rest of this folder it wants an operating system. examples/host-call.c shows it.
 *
 * One struct hvm_host is for one thread at a time. What the guest writes is checked: a hostile one can make calls fail
 * or answer nonsense, nothing else.
 *
 * Errors are negative errno values:
 *   -ENOTCONN    nobody serves the window, or the server ended and did not begin the call: it may be made again
 *   -ECONNRESET  the server was replaced or fell silent during the call: it may have run
 *   -EBUSY       all channels have clients
 *   -EPROTO      the window holds what no server writes
 *   -ETIMEDOUT   the function was stopped at its time limit
 *   -EFAULT      the function caused an exception: hvm_host_failure()
 *   -ECANCELED   the server lost its core while the function ran
 */
#ifndef HVM_HOST_CALL_H
#define HVM_HOST_CALL_H

#include <hvm/window.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* How a client waits: so many looks, then it gives the core away between looks, then it sleeps, up to 1 ms. */
#define HVM_HOST_SPINS	20000u
#define HVM_HOST_YIELDS 200u

struct hvm_host {
	int fd;
	char *base;
	uint64_t size;
	uint32_t channels, functions, generation;
	uint32_t index; /* of the channel */
	uint32_t sequence;
	uint32_t limit_ms;	  /* for the next calls; 0: the server's */
	uint32_t server_limit_ms; /* no call takes longer */
	struct hvm_channel *channel;
	uint64_t heap, heap_size, heap_used; /* offset and bytes */
};

/** A word; or, if @at is not NULL, memory from hvm_host_alloc: two words, address and length. */
struct hvm_host_argument {
	const void *at;
	uint64_t word; /* with @at: bytes */
};

static inline struct hvm_window *hvm_host_window(const struct hvm_host *host)
{
	return (struct hvm_window *)host->base;
}

static inline uint64_t hvm_host_now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static inline void hvm_host_pause(unsigned int looks)
{
	struct timespec time = {0, 20000};

	if (looks < HVM_HOST_SPINS) {
		__builtin_ia32_pause();
	} else if (looks < HVM_HOST_SPINS + HVM_HOST_YIELDS) {
		sched_yield();
	} else {
		looks = (looks - HVM_HOST_SPINS - HVM_HOST_YIELDS) / 16;
		time.tv_nsec <<= looks < 5 ? looks : 5;
		nanosleep(&time, NULL);
	}
}

/** Copy what the server says once, and check it. */
static inline int hvm_host_read_header(struct hvm_host *host)
{
	const struct hvm_window *window = hvm_host_window(host);

	if (hvm_load_acquire(&window->state) != HVM_WINDOW_SERVING)
		return -ENOTCONN;
	host->generation = hvm_load_acquire(&window->generation);
	host->channels = hvm_load_relaxed(&window->channels);
	host->functions = hvm_load_relaxed(&window->functions);
	host->server_limit_ms = hvm_load_relaxed(&window->limit_ms);
	if (hvm_load_relaxed(&window->magic) != HVM_WINDOW_MAGIC ||
	    hvm_load_relaxed(&window->revision) != HVM_ABI_REVISION || hvm_load_relaxed(&window->size) != host->size ||
	    !hvm_window_fits(host->size, host->channels) || host->functions > HVM_WINDOW_FUNCTIONS_MAX ||
	    host->server_limit_ms > HVM_WINDOW_LIMIT_MAX_MS)
		return -EPROTO;
	host->heap_size = hvm_window_heap_size(host->size, host->channels);
	return 0;
}

/** Take channel @index; false if another client has it, or a call of an earlier client still runs there. */
static inline bool hvm_host_claim(struct hvm_host *host, uint32_t index)
{
	struct hvm_channel *channel = (struct hvm_channel *)(host->base + hvm_window_channel(index));
	struct flock lock = {
	    .l_type = F_WRLCK,
	    .l_whence = SEEK_SET,
	    .l_start = (off_t)hvm_window_channel(index),
	    .l_len = HVM_WINDOW_CHANNEL_SIZE,
	};
	uint64_t head;

	if (fcntl(host->fd, F_OFD_SETLK, &lock))
		return false;
	head = hvm_load_acquire(&channel->head);
	if ((head >> 16 & 0xffff) == (host->generation & 0xffff) &&
	    !hvm_channel_is_answered(channel, head & ~(uint64_t)HVM_WINDOW_STATUS_MASK)) {
		lock.l_type = F_UNLCK;
		fcntl(host->fd, F_OFD_SETLK, &lock);
		return false;
	}
	host->index = index;
	host->channel = channel;
	host->sequence = (uint32_t)(head >> 32);
	host->heap = hvm_window_heap(host->size, host->channels, index);
	host->heap_used = 0;
	return true;
}

static inline void hvm_host_close(struct hvm_host *host)
{
	if (host->base)
		munmap(host->base, host->size);
	if (host->fd >= 0)
		close(host->fd); /* and with it the channel */
	host->base = NULL;
	host->fd = -1;
}

static inline int hvm_host_map(struct hvm_host *host)
{
	struct stat status;

	if (fstat(host->fd, &status))
		return -errno;
	if (status.st_size < HVM_WINDOW_SIZE_MIN || status.st_size > HVM_WINDOW_SIZE_MAX)
		return -EPROTO;
	host->size = (uint64_t)status.st_size;
	host->base = mmap(NULL, host->size, PROT_READ | PROT_WRITE, MAP_SHARED, host->fd, 0);
	if (host->base == MAP_FAILED) {
		host->base = NULL;
		return -errno;
	}
	return 0;
}

/** Open the window @file (hvm info VM tells it) and claim a channel. On failure there is nothing to close. */
static inline int hvm_host_open(struct hvm_host *host, const char *file)
{
	int error;

	*host = (struct hvm_host){.fd = open(file, O_RDWR | O_CLOEXEC)};
	if (host->fd < 0)
		return -errno;
	error = hvm_host_map(host);
	if (!error)
		error = hvm_host_read_header(host);
	for (uint32_t i = 0; !error && i < host->channels; i++)
		if (hvm_host_claim(host, i))
			return 0;
	hvm_host_close(host);
	return error ? error : -EBUSY;
}

/** Name and summary of function @index, both with their zero, or NULL texts if it has none. */
static inline bool hvm_host_function(const struct hvm_host *host, uint32_t index, struct hvm_window_function *function)
{
	if (index >= host->functions)
		return false;
	memcpy(function, host->base + HVM_WINDOW_TABLE + index * sizeof(*function), sizeof(*function));
	function->name[HVM_WINDOW_NAME_MAX - 1] = 0;
	function->summary[HVM_WINDOW_SUMMARY_MAX - 1] = 0;
	return true;
}

/** The number of function @name, or -ENOENT. Good as long as the server lives. */
static inline int hvm_host_find(const struct hvm_host *host, const char *name)
{
	struct hvm_window_function function;

	for (uint32_t i = 0; hvm_host_function(host, i, &function); i++)
		if (!strcmp(function.name, name))
			return (int)i;
	return -ENOENT;
}

/** Bytes of the heap, aligned to 64, or NULL if it is full. Functions get them as arguments; results come back there.
 */
static inline void *hvm_host_alloc(struct hvm_host *host, uint64_t bytes)
{
	uint64_t at = host->heap_used;

	if (bytes > host->heap_size - at)
		return NULL;
	bytes = (bytes + HVM_CACHE_LINE - 1) & ~(uint64_t)(HVM_CACHE_LINE - 1);
	host->heap_used = bytes > host->heap_size - at ? host->heap_size : at + bytes;
	return host->base + host->heap + at;
}

/** Give all of it back. */
static inline void hvm_host_reset(struct hvm_host *host)
{
	host->heap_used = 0;
}

static inline int hvm_host_status(uint32_t status)
{
	switch (status) {
	case HVM_WINDOW_OK:
		return 0;
	case HVM_WINDOW_NO_FUNCTION:
		return -ENOENT;
	case HVM_WINDOW_BAD_ARGUMENT:
		return -EINVAL;
	case HVM_WINDOW_FAULT:
		return -EFAULT;
	case HVM_WINDOW_LIMIT:
		return -ETIMEDOUT;
	case HVM_WINDOW_STOPPED:
		return -ECANCELED;
	default:
		return -EPROTO;
	}
}

/* Whether there is still somebody who may answer. */
static inline int hvm_host_server_lives(const struct hvm_host *host)
{
	const struct hvm_window *window = hvm_host_window(host);

	if (hvm_load_acquire(&window->generation) != host->generation)
		return -ECONNRESET;
	return hvm_load_acquire(&window->state) == HVM_WINDOW_NONE ? -ENOTCONN : 0;
}

/* What a waiting client has heard of the server. */
struct hvm_host_watch {
	uint64_t beat;
	uint64_t since_ms; /* 0: not looked yet */
	uint64_t begun_ms;
};

static inline int hvm_host_server_speaks(const struct hvm_host *host, struct hvm_host_watch *watch)
{
	uint64_t beat = hvm_load_relaxed(&hvm_host_window(host)->heartbeat), now = hvm_host_now_ms();

	if (!watch->since_ms)
		watch->begun_ms = now;
	if (!watch->since_ms || beat != watch->beat) {
		watch->beat = beat;
		watch->since_ms = now;
	}
	return now - watch->since_ms > HVM_WINDOW_SILENCE_MS ||
		       now - watch->begun_ms > (uint64_t)host->server_limit_ms + HVM_WINDOW_SILENCE_MS
		   ? -ECONNRESET
		   : 0;
}

static inline int hvm_host_wait(struct hvm_host *host, uint64_t tag, uint64_t *result)
{
	struct hvm_host_watch watch = {0, 0, 0};
	uint64_t value;
	uint32_t status;

	for (unsigned int looks = 1; !hvm_channel_reap(host->channel, tag, &status, &value); looks++) {
		int error = looks % 64 && looks < HVM_HOST_SPINS ? 0 : hvm_host_server_lives(host);

		if (!error && looks >= HVM_HOST_SPINS)
			error = hvm_host_server_speaks(host, &watch);
		/* The answer may have come just before the server ended. */
		if (error && !hvm_channel_reap(host->channel, tag, &status, &value))
			return error;
		if (error)
			break;
		hvm_host_pause(looks);
	}
	if (result)
		*result = value;
	return hvm_host_status(status);
}

/* Words of the call so far; -EINVAL if there is no room, or the memory is not the channel's. */
static inline int hvm_host_put(struct hvm_host *host, int words, const struct hvm_host_argument *argument)
{
	uint64_t offset = (uint64_t)((const char *)argument->at - host->base);

	if (words + (argument->at ? 2 : 1) > (int)HVM_WINDOW_ARGUMENTS)
		return -EINVAL;
	if (!argument->at) {
		hvm_store_relaxed(&host->channel->arg[words], argument->word);
		return words + 1;
	}
	if (offset < host->heap || offset > host->heap + host->heap_size ||
	    argument->word > host->heap + host->heap_size - offset)
		return -EINVAL;
	hvm_store_relaxed(&host->channel->arg[words], offset);
	hvm_store_relaxed(&host->channel->arg[words + 1], argument->word);
	return words + 2;
}

/**
 * Call function number @function with @count arguments and wait for its result (NULL: not wanted).
 * Besides the errors above: -ENOENT: no such function. -EINVAL: more than six words, or memory that is not in the heap.
 * After -ECONNRESET and -ENOTCONN the client is of no more use: close it and open another.
 */
static inline int hvm_host_call(struct hvm_host *host, int function, const struct hvm_host_argument *arguments,
				unsigned int count, uint64_t *result)
{
	uint32_t number = (uint32_t)function;
	int words = 0, error;
	uint64_t tag;

	if (function < 0 || number >= host->functions)
		return -ENOENT;
	error = hvm_host_server_lives(host);
	if (error)
		return error;
	for (unsigned int i = 0; i < count; i++) {
		number |= arguments[i].at ? 1u << (words + HVM_WINDOW_POINTERS_SHIFT) : 0;
		words = hvm_host_put(host, words, &arguments[i]);
		if (words < 0)
			return words;
	}
	if (host->limit_ms) {
		hvm_store_relaxed(&host->channel->limit_ms, host->limit_ms);
		number |= HVM_WINDOW_LIMITED;
	}
	tag = hvm_window_tag(++host->sequence, host->generation);
	hvm_channel_publish(host->channel, tag, number);
	return hvm_host_wait(host, tag, result);
}

/** Why the last call ended with -EFAULT. The text may hold any bytes, but for its end. */
static inline struct hvm_window_failure hvm_host_failure(const struct hvm_host *host)
{
	struct hvm_window_failure failure = host->channel->failure;

	failure.where[HVM_WINDOW_WHERE_MAX - 1] = 0;
	return failure;
}

#endif
