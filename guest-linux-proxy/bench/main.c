/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define BOOTS	      21
#define FAST_ROUNDS   2000 /* of operations below a microsecond */
#define SLOW_ROUNDS   100  /* of hand-offs */
#define WARM_UP	      200
#define ASLEEP_CYCLES 500000 /* about 0.2 ms */
#define REFERENCE     200    /* rounds of a reference ping-pong */

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("hvm-bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* Functions that the HRT core runs. They touch no thread-local data: FS is not set up there. */

static uint64_t null_function(uint64_t a, uint64_t b)
{
	return a + b;
}

/* The other half of ping_pong: answer @rounds odd numbers on the line with the next even one. */
static uint64_t echo_line(uint64_t line, uint64_t rounds)
{
	uint64_t *word = (uint64_t *)line;

	for (uint64_t i = 0; i < rounds; i++) {
		while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != 2 * i + 1)
			;
		__atomic_store_n(word, 2 * i + 2, __ATOMIC_RELEASE);
	}
	return 0;
}

/* Write where echo_line will write: after a fork of ours the pages are copy-on-write, and ping_pong serves no faults.
 */
static uint64_t touch_line(uint64_t line, uint64_t value)
{
	__atomic_store_n((uint64_t *)line, value, __ATOMIC_RELEASE);
	return 0;
}

/* TSC cycles that @rounds system calls @number take there. */
static uint64_t system_calls(uint64_t number, uint64_t rounds)
{
	uint64_t start = tsc_now();

	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t rax = number;

		__asm__ volatile("syscall" : "+a"(rax) : : "rcx", "r11", "memory");
	}
	return tsc_now() - start;
}

/*
 * The same with a pause before each, long enough for the server to fall asleep and its CPU to halt; the pauses do not
 * count.
 */
static uint64_t spaced_system_calls(uint64_t number, uint64_t rounds)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t start = tsc_now();

		while (tsc_now() - start < ASLEEP_CYCLES)
			;
		sum += system_calls(number, 1);
	}
	return sum;
}

static uint64_t line[8] __attribute__((aligned(64)));

/* One cache line there and back between this CPU and the HRT core. */
static double ping_pong(struct hrt *hrt, uint64_t rounds)
{
	uint64_t start = 0, tag;

	hrt_call(hrt, touch_line, (uint64_t)line, 0, 0, SERVE_POLLING);
	tag = hrt_call_post(hrt, echo_line, (uint64_t)line, rounds);
	for (uint64_t i = 0; i < rounds; i++) {
		if (i == 1)
			start = tsc_now(); /* the first answer also waited for the call */
		__atomic_store_n(&line[0], 2 * i + 1, __ATOMIC_RELEASE);
		while (__atomic_load_n(&line[0], __ATOMIC_ACQUIRE) != 2 * i + 2)
			;
	}
	start = tsc_now() - start;
	hrt_call_wait(hrt, tag, 0, SERVE_POLLING);
	return tsc_to_ns(hrt, start) / (double)(rounds - 1);
}

static double local_calls(struct hrt *hrt)
{
	return tsc_to_ns(hrt, (uint64_t)hrt_call(hrt, system_calls, SYS_getpid, FAST_ROUNDS, 0, SERVE_POLLING)) /
	       FAST_ROUNDS;
}

static double forwarded_polling(struct hrt *hrt)
{
	return tsc_to_ns(hrt,
			 (uint64_t)hrt_call(hrt, system_calls, SYS_getppid, FAST_ROUNDS, FAST_ROUNDS, SERVE_POLLING)) /
	       FAST_ROUNDS;
}

static double forwarded_asleep(struct hrt *hrt)
{
	return tsc_to_ns(hrt, (uint64_t)hrt_call(hrt, spaced_system_calls, SYS_getppid, SLOW_ROUNDS, SLOW_ROUNDS,
						 SERVE_ASLEEP)) /
	       SLOW_ROUNDS;
}

static double linux_getpid(struct hrt *hrt)
{
	return peer_getpid(hrt, FAST_ROUNDS);
}

static double linux_futex(struct hrt *hrt)
{
	return peer_futex(hrt, SLOW_ROUNDS);
}

static double line_and_direct(struct hrt *hrt)
{
	return ping_pong(hrt, FAST_ROUNDS) + peer_getppid(hrt, FAST_ROUNDS);
}

struct contest {
	struct hrt *hrt;
	double (*own)(struct hrt *hrt);
	double (*peer)(struct hrt *hrt);
};

static double own_of(void *context)
{
	const struct contest *contest = context;

	return contest->own(contest->hrt);
}

static double peer_of(void *context)
{
	const struct contest *contest = context;

	return contest->peer(contest->hrt);
}

static double reference_of(void *context)
{
	const struct contest *contest = context;

	return ping_pong(contest->hrt, REFERENCE);
}

static void measure(struct hrt *hrt, struct metric *metric, double (*own)(struct hrt *), double (*peer)(struct hrt *))
{
	struct contest contest = {.hrt = hrt, .own = own, .peer = peer};

	metric_measure(metric, &(struct comparison){own_of, peer_of, reference_of, &contest, METRIC_BATCHES});
}

static void measure_boot(struct hrt *hrt, const char *self, struct metric *first, struct metric *ready)
{
	double f, r;

	for (int i = 0; i < BOOTS + 1; i++) {
		double spawn = peer_spawn(hrt, self);

		hrt_reboot(hrt, &f, &r);
		if (i == 0)
			continue; /* warm */
		samples_add(&first->own, f);
		samples_add(&ready->own, r);
		samples_add(&first->peer, spawn);
		samples_add(&ready->peer, spawn);
	}
}

static void progress(const char *what)
{
	fprintf(stderr, "hvm-bench: %s\n", what);
}

static int usage(void)
{
	fprintf(stderr,
		"usage: hvm-bench [PARTITION]\n"
		"       hvm-bench noise SECONDS [PARTITION]\n"
		"Measures an idle HRT partition (default: the first one) and prints JSON. Needs CAP_SYS_ADMIN without "
		"'noise', because it reboots the partition. SECONDS: 1 to %u.\n",
		NOISE_SECONDS_MAX);
	return 2;
}

/* 0 if it is no number from 1 to @highest. */
static unsigned int parse(const char *text, unsigned int highest)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	return *end || number > highest ? 0 : (unsigned int)number;
}

int main(int argc, char **argv)
{
	static struct metric first = {.name = "hrt.boot.first_instruction",
				      .beside = "fork+exec+exit of a static program"};
	static struct metric ready = {.name = "hrt.boot.ready", .beside = "fork+exec+exit of a static program"};
	static struct call_metrics call = {
	    .sync = {.name = "call.sync", .beside = "getppid in the Linux partition"},
	    .sync_line = {.name = "call.sync.line", .beside = "one-line ping-pong of the same cores"},
	    .async = {.name = "call.async", .beside = "eventfd request and answer between two processes"},
	    .parallel = {.name = "call.parallel", .beside = "one-line ping-pong, once for each core"},
	    .merge = {.name = "merge", .beside = "fork+exec+exit of a static program"},
	};
	static struct metric local = {.name = "syscall.local", .beside = "getpid in the Linux partition"};
	static struct metric polling = {.name = "syscall.forwarded.polling",
					.beside = "one-line ping-pong + direct call"};
	static struct metric asleep = {.name = "syscall.forwarded.asleep",
				       .beside = "futex request and answer between two processes"};
	static const struct metric *const all[] = {&first,	&ready,		&call.sync,  &call.sync_line,
						   &call.async, &call.parallel, &call.merge, &local,
						   &polling,	&asleep};
	struct hrt hrt;

	if (argc == 2 && !strcmp(argv[1], "--exit"))
		return 0;
	if (argc == 2 && !strcmp(argv[1], "threads")) {
		threads();
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "ptask")) {
		ptask();
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "openmp") && parse(argv[2], OPENMP_THREADS_MAX)) {
		openmp(parse(argv[2], OPENMP_THREADS_MAX));
		return 0;
	}
	if (argc >= 3 && argc <= 4 && !strcmp(argv[1], "noise") && parse(argv[2], NOISE_SECONDS_MAX)) {
		hrt_open(&hrt, argc == 4 ? argv[3] : "");
		noise(&hrt, parse(argv[2], NOISE_SECONDS_MAX));
		return 0;
	}
	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return usage();
	hrt_open(&hrt, argc == 2 ? argv[1] : "");
	hrt_attach(&hrt); /* for the clock's rate */
	hrt_detach(&hrt);
	progress("partition boot beside fork+exec+exit");
	measure_boot(&hrt, "/proc/self/exe", &first, &ready);

	progress("calls");
	calls(&hrt, &call);
	hrt_attach(&hrt);
	for (int i = 0; i < WARM_UP; i++)
		hrt_call(&hrt, null_function, 0, 0, 0, SERVE_POLLING);
	progress("system calls answered in the HRT");
	measure(&hrt, &local, local_calls, linux_getpid);
	progress("system calls forwarded");
	measure(&hrt, &polling, forwarded_polling, line_and_direct);
	measure(&hrt, &asleep, forwarded_asleep, linux_futex);
	hrt_detach(&hrt);

	printf("{\"metrics\": [\n");
	for (unsigned int i = 0; i < sizeof(all) / sizeof(*all); i++)
		metric_print(all[i], i + 1 == sizeof(all) / sizeof(*all));
	printf("]}\n");
	return 0;
}
