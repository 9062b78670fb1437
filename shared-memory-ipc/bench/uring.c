/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request and its completion by io_uring with SQPOLL: a thread of the kernel polls on the peer's CPU, so neither side
 * makes a system call. Raw, because liburing need not be there. The request is a NOP. See io_uring_setup(2).
 */
#include <errno.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <hvm/types.h>

#include "native.h"

#define IDLE_MS 1u /* after which the kernel's thread sleeps and the CPU is the peer's again */

static struct uring {
	int fd;
	uint32_t *sq_tail, *sq_flags, *sq_array, *cq_head, *cq_tail;
	uint32_t sq_mask, cq_mask;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
} uring = {.fd = -1};

static const char *refusal(const char *what)
{
	static char text[160];

	snprintf(text, sizeof(text), "%s: %s; see sysctl kernel.io_uring_disabled, and the container's seccomp filter",
		 what, strerror(errno));
	return text;
}

static void *map(uint64_t offset, size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, uring.fd, (off_t)offset);
}

static bool map_queues(const struct io_uring_params *params)
{
	char *sq = map(IORING_OFF_SQ_RING, params->sq_off.array + params->sq_entries * sizeof(uint32_t));
	char *cq = map(IORING_OFF_CQ_RING, params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe));

	uring.sqe = map(IORING_OFF_SQES, params->sq_entries * sizeof(struct io_uring_sqe));
	if (sq == MAP_FAILED || cq == MAP_FAILED || uring.sqe == MAP_FAILED)
		return false;
	uring.sq_tail = (uint32_t *)(sq + params->sq_off.tail);
	uring.sq_flags = (uint32_t *)(sq + params->sq_off.flags);
	uring.sq_array = (uint32_t *)(sq + params->sq_off.array);
	uring.sq_mask = params->sq_entries - 1;
	uring.cq_head = (uint32_t *)(cq + params->cq_off.head);
	uring.cq_tail = (uint32_t *)(cq + params->cq_off.tail);
	uring.cqe = (struct io_uring_cqe *)(cq + params->cq_off.cqes);
	uring.cq_mask = params->cq_entries - 1;
	return true;
}

static const char *set_up(void)
{
	struct io_uring_params params = {
	    .flags = IORING_SETUP_SQPOLL | IORING_SETUP_SQ_AFF,
	    .sq_thread_cpu = (uint32_t)cpu_of_peer,
	    .sq_thread_idle = IDLE_MS,
	};

	uring.fd = (int)syscall(SYS_io_uring_setup, FLIGHT, &params);
	if (uring.fd < 0)
		return refusal("io_uring_setup with SQPOLL");
	return map_queues(&params) ? NULL : refusal("io_uring's mmap");
}

static void wake_if_asleep(void)
{
	hvm_fence_full();
	if (hvm_load_relaxed(uring.sq_flags) & IORING_SQ_NEED_WAKEUP &&
	    syscall(SYS_io_uring_enter, uring.fd, 0, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0) < 0)
		die("io_uring_enter: %s", strerror(errno));
}

static void submit(uint32_t count)
{
	uint32_t tail = *uring.sq_tail;

	for (uint32_t i = 0; i < count; i++, tail++) {
		uint32_t index = tail & uring.sq_mask;

		memset(&uring.sqe[index], 0, sizeof(uring.sqe[index]));
		uring.sqe[index].opcode = IORING_OP_NOP;
		uring.sqe[index].user_data = tail;
		uring.sq_array[index] = index;
	}
	hvm_store_release(uring.sq_tail, tail);
	wake_if_asleep();
}

static void complete(uint32_t count)
{
	uint32_t head = *uring.cq_head;

	for (uint32_t i = 0; i < count; i++, head++) {
		while (hvm_load_acquire(uring.cq_tail) == head)
			;
		if (uring.cqe[head & uring.cq_mask].res < 0)
			die("io_uring: a NOP ended with %d", uring.cqe[head & uring.cq_mask].res);
	}
	hvm_store_release(uring.cq_head, head);
}

static const char *uring_begin(void)
{
	const char *why = uring.fd < 0 ? set_up() : NULL;

	if (why)
		return why;
	submit(1); /* it wakes up, if it slept */
	complete(1);
	return NULL;
}

static void uring_end(void)
{
	while (!(hvm_load_relaxed(uring.sq_flags) & IORING_SQ_NEED_WAKEUP))
		usleep(100);
}

static void roundtrip_run(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		submit(1);
		complete(1);
	}
}

static void flight_run(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i += FLIGHT) {
		submit(FLIGHT);
		complete(FLIGHT);
	}
}

const struct mechanism uring_roundtrip = {
    .name = "io_uring.roundtrip",
    .rounds = 1000,
    .begin = uring_begin,
    .run = roundtrip_run,
    .end = uring_end,
};

const struct mechanism uring_flight = {
    .name = "io_uring.roundtrip.32",
    .rounds = 100 * FLIGHT,
    .begin = uring_begin,
    .run = flight_run,
    .end = uring_end,
};
