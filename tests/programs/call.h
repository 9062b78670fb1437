/* SPDX-License-Identifier: Apache-2.0 */
/* For programs of the Linux partition that have HRT cores run functions of theirs (hvm.h). They check themselves. */
#ifndef CALL_H
#define CALL_H

#include <errno.h>
#include <hvm.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* End the program if @what does not hold, in words that name it. */
#define CHECK(what) CHECK_THAT((what), "%s", #what)
#define CHECK_THAT(what, ...)                                                                                          \
	do {                                                                                                           \
		if (!(what)) {                                                                                         \
			printf("%s:%d: does not hold: ", __FILE__, __LINE__);                                          \
			printf(__VA_ARGS__);                                                                           \
			printf(" (errno %d; %s)\n", errno, hvm_problem());                                             \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

/* What an error is, by name: the same on all machines. */
#define CHECK_ERROR(call, error)                                                                                       \
	do {                                                                                                           \
		int check_error_is = (call);                                                                           \
		CHECK_THAT(check_error_is == (error), "%s is %s, but it was %d", #call, #error, check_error_is);       \
	} while (0)
#define CHECK_OK(call) CHECK_ERROR(call, 0)

static inline struct hvm *attached(unsigned int cores)
{
	struct hvm *hvm;

	CHECK_OK(hvm_open(&hvm, NULL));
	CHECK_OK(hvm_attach(hvm, cores));
	return hvm;
}

static inline uint64_t called(struct hvm *hvm, const struct hvm_work *work)
{
	uint64_t result = 0;

	CHECK_OK(hvm_call(hvm, work, &result));
	return result;
}

static inline double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One of a program's parts, by name; all of them without a name. */
struct part {
	const char *name;
	void (*run)(const char *argument);
};

static inline int run_parts(const struct part *parts, unsigned int count, int argc, char **argv)
{
	bool found = false;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned int i = 0; i < count; i++) {
		if (argc > 1 && strcmp(argv[1], parts[i].name))
			continue;
		found = true;
		parts[i].run(argc > 2 ? argv[2] : NULL);
		printf("ok %s\n", parts[i].name);
	}
	return found ? 0 : 2;
}

#define RUN_PARTS(parts, argc, argv) run_parts(parts, sizeof(parts) / sizeof(*(parts)), argc, argv)

#endif
