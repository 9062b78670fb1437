/* SPDX-License-Identifier: Apache-2.0 */
/* Hand-offs to a process that sleeps, there and back, by what Linux has for it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <hvm/types.h>

#include "native.h"

#define ROUNDS 100u

static int event_there, event_back;

static bool eventfd_open(void *unused)
{
	(void)unused;
	event_there = eventfd(0, EFD_CLOEXEC);
	event_back = eventfd(0, EFD_CLOEXEC);
	return event_there >= 0 && event_back >= 0;
}

static void give(int fd, uint64_t word)
{
	if (write(fd, &word, sizeof(word)) != sizeof(word))
		die("write to descriptor %d: %s", fd, strerror(errno));
}

static uint64_t take(int fd)
{
	uint64_t word = 0;

	if (read(fd, &word, sizeof(word)) != sizeof(word))
		die("read from descriptor %d: %s", fd, strerror(errno));
	return word;
}

static void eventfd_run(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		give(event_there, 1);
		take(event_back);
	}
}

static void eventfd_serve(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		take(event_there);
		give(event_back, 1);
	}
}

static int pipe_there[2], pipe_back[2];

static bool pipe_open(void *unused)
{
	(void)unused;
	return !pipe2(pipe_there, O_CLOEXEC) && !pipe2(pipe_back, O_CLOEXEC);
}

static void pipe_run(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		give(pipe_there[1], i);
		take(pipe_back[0]);
	}
}

static void pipe_serve(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++)
		give(pipe_back[1], take(pipe_there[0]));
}

static uint32_t *turns; /* odd: the peer's turn */

static bool futex_open(void *shared)
{
	turns = shared;
	return true;
}

static void hand_over(uint32_t turn)
{
	hvm_store_release(turns, turn);
	if (syscall(SYS_futex, turns, FUTEX_WAKE, 1, NULL, NULL, 0) < 0)
		die("futex wake: %s", strerror(errno));
}

/* Asks the kernel before it looks, as a reader of an eventfd or a pipe does. */
static void await(uint32_t turn)
{
	do {
		if (syscall(SYS_futex, turns, FUTEX_WAIT, turn - 1, NULL, NULL, 0) && errno != EAGAIN && errno != EINTR)
			die("futex wait: %s", strerror(errno));
	} while (hvm_load_acquire(turns) != turn);
}

static void futex_run(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		hand_over(2 * i + 1);
		await(2 * i + 2);
	}
	hvm_store_release(turns, 0u);
}

static void futex_serve(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		await(2 * i + 1);
		hand_over(2 * i + 2);
	}
}

const struct mechanism eventfd_roundtrip = {
    .name = "eventfd.roundtrip",
    .rounds = ROUNDS,
    .open = eventfd_open,
    .run = eventfd_run,
    .serve = eventfd_serve,
};

const struct mechanism pipe_roundtrip = {
    .name = "pipe.roundtrip",
    .rounds = ROUNDS,
    .open = pipe_open,
    .run = pipe_run,
    .serve = pipe_serve,
};

const struct mechanism futex_roundtrip = {
    .name = "futex.roundtrip",
    .rounds = ROUNDS,
    .shared_size = sizeof(uint32_t),
    .open = futex_open,
    .run = futex_run,
    .serve = futex_serve,
};
