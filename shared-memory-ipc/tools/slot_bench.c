/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slot-bench [CPU CPU]: two pinned processes hand a cache line to and fro, bare and as a slot; medians in nanoseconds,
 * as JSON. The bare line is what the hardware can do; the slot should cost little more.
 */
#include <hvm/slot.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCHES 201
#define ROUNDS	1000
#define STOP	0xffffu

struct line {
	uint64_t word;
	uint64_t pad[7];
} __attribute__((aligned(64)));

struct shared {
	struct line there, back;
	struct hvm_slot slot;
};

static struct shared *shared;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		fprintf(stderr, "slot-bench: CPU %d: %s; allowed: CPUs of this process, see taskset -p $$\n", cpu,
			strerror(errno));
		exit(1);
	}
}

static double now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_RAW, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_of(void (*round)(uint64_t n))
{
	static double batch[BATCHES];
	uint64_t n = 0;

	for (int i = 0; i < BATCHES; i++) {
		double start = now_ns();

		for (int j = 0; j < ROUNDS; j++)
			round(++n);
		batch[i] = (now_ns() - start) / ROUNDS;
	}
	qsort(batch, BATCHES, sizeof(*batch), compare);
	return batch[BATCHES / 2];
}

static void line_round(uint64_t n)
{
	hvm_store_release(&shared->there.word, n);
	while (hvm_load_acquire(&shared->there.word) == n)
		;
}

static void slot_round(uint64_t n)
{
	const uint64_t arg[HVM_SLOT_ARGS] = {n, n, n, n, n, n};
	uint64_t tag = hvm_slot_tag((uint32_t)n, 1);
	int64_t result;

	hvm_slot_arguments(&shared->slot, arg);
	hvm_slot_publish(&shared->slot, tag, 39);
	if (hvm_slot_server_needs_wake(&shared->slot))
		abort(); /* this server never sleeps */
	while (!hvm_slot_reap(&shared->slot, tag, &result))
		;
}

static _Noreturn void peer(int cpu)
{
	struct hvm_request request;
	uint64_t last_tag = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin(cpu);
	for (uint64_t n = 1; n <= (uint64_t)BATCHES * ROUNDS; n++) {
		while (hvm_load_acquire(&shared->there.word) != n)
			;
		hvm_store_release(&shared->there.word, 0ull);
	}
	for (uint64_t n = 1; n <= (uint64_t)BATCHES * ROUNDS; n++) {
		while (!hvm_slot_take(&shared->slot, last_tag, &request))
			;
		last_tag = request.tag;
		hvm_slot_answer(&shared->slot, request.tag, (int64_t)request.arg[0]);
		if (hvm_slot_client_needs_wake(&shared->slot))
			abort(); /* nor does this client */
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	int first = argc == 3 ? atoi(argv[1]) : 0, second = argc == 3 ? atoi(argv[2]) : 1;
	double line, slot;
	pid_t child;
	int status;

	if (argc != 1 && argc != 3) {
		fprintf(stderr, "Usage: slot-bench [CPU CPU]\n");
		return 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pin(second); /* fail here, in words, not in the peer */
	pin(first);
	child = fork();
	if (child == 0)
		peer(second);
	line = median_of(line_round);
	slot = median_of(slot_round);
	if (waitpid(child, &status, 0) != child || status) {
		fprintf(stderr, "slot-bench: the peer failed\n");
		return 1;
	}
	printf("{\"metrics\": [{\"name\": \"slot.roundtrip\", \"value\": %.1f, \"unit\": \"ns\", "
	       "\"beside\": \"line.roundtrip\", \"beside_value\": %.1f, \"ratio\": %.2f}]}\n",
	       slot, line, slot / line);
	return 0;
}
