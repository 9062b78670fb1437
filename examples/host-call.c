/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host-call WINDOW: a program of the host that calls functions on an HRT core (docs/host-calls.md).
 * WINDOW is what "hvm call VM --window" prints.
 */
#include <hvm/host_call.h>

#include <stdio.h>

#define NUMBERS 1000u

static int fails(const char *what, int error)
{
	fprintf(stderr, "host-call: %s: %s\n", what, strerror(-error));
	return 1;
}

/* A function gets memory as an address and a length. */
static int sum_up(struct hvm_host *host)
{
	uint64_t *numbers = hvm_host_alloc(host, NUMBERS * sizeof(*numbers)), total = 0;
	struct hvm_host_argument memory = {.at = numbers, .word = NUMBERS * sizeof(*numbers)};
	int error;

	if (!numbers)
		return fails("sum: the heap is full", -ENOMEM);
	for (uint64_t i = 0; i < NUMBERS; i++)
		numbers[i] = i;
	error = hvm_host_call(host, hvm_host_find(host, "sum"), &memory, 1, &total);
	if (error)
		return fails("sum", error);
	printf("sum of 0..%u = %llu\n", NUMBERS - 1, (unsigned long long)total);
	return 0;
}

static void list(const struct hvm_host *host)
{
	struct hvm_window_function function;

	for (uint32_t i = 0; hvm_host_function(host, i, &function); i++)
		printf("%s%s\n", function.name, function.summary);
}

int main(int argc, char **argv)
{
	struct hvm_host host;
	int error = argc == 2 ? hvm_host_open(&host, argv[1]) : -EINVAL;

	if (argc != 2) {
		fprintf(stderr, "Usage: host-call WINDOW\n");
		return 2;
	}
	if (error)
		return fails(error == -ENOTCONN ? "nobody serves the window: hvm call VM --window" : argv[1], error);
	list(&host);
	error = sum_up(&host);
	hvm_host_close(&host);
	return error;
}
