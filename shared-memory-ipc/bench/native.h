/* SPDX-License-Identifier: Apache-2.0 */
/*
 * native-bench: what two pinned processes of one host pay to hand something to each other, without a VM: by the slot
 * and the rings of this project, by one bare cache line, and by what Linux offers.
 *
 *	main.c	   the list, and how it is measured and printed
 *	peer.c	   the other process
 *	line.c	   one bare cache line: what the hardware can do
 *	slot.c	   hvm/slot.h
 *	ring.c	   hvm/ring.h
 *	uring.c	   io_uring, a kernel thread polling (SQPOLL)
 *	asleep.c   eventfd, futex, pipe: hand-offs to a process that sleeps
 *	measure.c  medians and spreads
 */
#ifndef HVM_NATIVE_H
#define HVM_NATIVE_H

#include <stdbool.h>
#include <stdint.h>

/** How two processes hand something over. Functions that a mechanism does not need are NULL. */
struct mechanism {
	const char *name;
	uint32_t rounds; /* operations of a batch */
	/* Before the peer is there, in the memory that both have (zeroed, shared_size bytes): false with errno set. */
	size_t shared_size;
	bool (*open)(void *shared);
	/* In the first process: get ready for a batch of run, which is timed, and leave the second CPU alone again. */
	const char *(*begin)(void); /* NULL, or why the host cannot do it */
	void (*run)(uint32_t rounds);
	void (*end)(void);
	/* In the peer: do the other half of run. NULL: the peer sleeps meanwhile. */
	void (*serve)(uint32_t rounds);
};

extern const struct mechanism line_roundtrip, slot_roundtrip, ring_roundtrip, ring_stream, ring_flight, uring_roundtrip,
    uring_flight, eventfd_roundtrip, futex_roundtrip, pipe_roundtrip;

/** Requests on their way together in ring_flight and uring_flight. */
#define FLIGHT 32u

/** CPUs of the first process and of the peer. */
extern int cpu_of_first, cpu_of_peer;

void pin(int cpu);
/** Start the peer; from now on the death of it, or no answer for two minutes, ends this process with a word. */
void peer_start(const struct mechanism *const *mechanisms);
/** Have the peer do the other half of mechanisms[@index]; returns when it is about to. */
void peer_serve(unsigned int index, uint32_t rounds);
/** The peer ends. */
void peer_stop(void);

__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

#endif
