/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring-echo FILE CELLS COUNT: answer COUNT messages of the ring at the file's begin in the ring behind it, both of
 * CELLS cells: the same kind, word 0 the sum of all words, the others inverted. The other end of the Java test. Ends
 * after a minute at most.
 */
#include <hvm/ring.h>

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void wait_or_end(unsigned int result)
{
	if (result == HVM_RING_CORRUPT) {
		fprintf(stderr, "ring-echo: the next cell's state is none of the peer's\n");
		exit(3);
	}
	sched_yield();
}

static void answer(struct hvm_message *message)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < HVM_RING_WORDS; i++) {
		sum += message->word[i];
		message->word[i] = ~message->word[i];
	}
	message->word[0] = sum;
}

int main(int argc, char **argv)
{
	int fd = argc == 4 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
	uint32_t cells = argc == 4 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	struct hvm_cell *memory =
	    fd < 0 ? MAP_FAILED : mmap(NULL, 2ul * cells * HVM_CELL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	struct hvm_ring requests, answers;

	if (memory == MAP_FAILED || !hvm_ring_open(&requests, memory, cells, 0) ||
	    !hvm_ring_open(&answers, memory + cells, cells, 0)) {
		fprintf(stderr,
			"Usage: ring-echo FILE CELLS COUNT (a writable file of two rings; CELLS: a power of two)\n");
		return 2;
	}
	alarm(60);
	for (long left = atol(argv[3]); left > 0; left--) {
		struct hvm_message message;
		unsigned int result;

		while ((result = hvm_ring_pop(&requests, &message)) != HVM_RING_OK)
			wait_or_end(result);
		answer(&message);
		while ((result = hvm_ring_push(&answers, &message)) != HVM_RING_OK)
			wait_or_end(result);
	}
	return 0;
}
