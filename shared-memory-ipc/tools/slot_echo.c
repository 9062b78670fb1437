/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slot-echo FILE COUNT: serve slot 0 of a shared file, COUNT requests: answer nr + the weighted sum of the arguments.
 * The other end of the Java test. Ends after a minute at most.
 */
#include <hvm/slot.h>

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = argc == 3 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
	struct hvm_slot *slot =
	    fd < 0 ? MAP_FAILED : mmap(NULL, HVM_SLOT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	uint64_t last_tag = 0;

	if (slot == MAP_FAILED) {
		fprintf(stderr, "Usage: slot-echo FILE COUNT (a writable file of at least %u bytes)\n", HVM_SLOT_SIZE);
		return 2;
	}
	alarm(60);
	for (long left = atol(argv[2]); left > 0; left--) {
		struct hvm_request request;
		uint64_t sum;

		while (!hvm_slot_take(slot, last_tag, &request))
			sched_yield();
		last_tag = request.tag;
		sum = request.nr;
		for (unsigned int i = 0; i < HVM_SLOT_ARGS; i++)
			sum += request.arg[i] * (i + 1);
		hvm_slot_answer(slot, request.tag, (int64_t)sum);
	}
	return 0;
}
