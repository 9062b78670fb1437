/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "measure.h"
#include "native.h"

#define REFERENCE 200u /* rounds of a reference ping-pong */
#define LINE	  0u   /* index of the bare line, which everything is put beside */

static const struct mechanism *const mechanisms[] = {
    &line_roundtrip, &slot_roundtrip, &ring_roundtrip,	  &uring_roundtrip, &ring_flight,
    &uring_flight,   &ring_stream,    &eventfd_roundtrip, &futex_roundtrip, &pipe_roundtrip,
};
#define MECHANISMS (sizeof(mechanisms) / sizeof(*mechanisms))

int cpu_of_first, cpu_of_peer;

static unsigned int batches = METRIC_BATCHES;

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("native-bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* Nanoseconds an operation. */
static double batch(unsigned int index, uint32_t rounds)
{
	const struct mechanism *mechanism = mechanisms[index];
	double start, end;

	if (mechanism->begin)
		mechanism->begin();
	if (mechanism->serve)
		peer_serve(index, rounds);
	start = now_ns();
	mechanism->run(rounds);
	end = now_ns();
	if (mechanism->end)
		mechanism->end();
	return (end - start) / rounds;
}

static double own(void *context)
{
	unsigned int index = *(const unsigned int *)context;

	return batch(index, mechanisms[index]->rounds);
}

static double line(void *unused)
{
	(void)unused;
	return batch(LINE, mechanisms[LINE]->rounds);
}

static double reference(void *unused)
{
	(void)unused;
	return batch(LINE, REFERENCE);
}

/* Why the host cannot do it; NULL if it can. */
static const char *refused(const struct mechanism *mechanism)
{
	const char *why = mechanism->begin ? mechanism->begin() : NULL;

	if (!why && mechanism->end)
		mechanism->end();
	return why;
}

static void measure(unsigned int index, bool last)
{
	static struct metric metric;
	const char *why = refused(mechanisms[index]);

	if (why) {
		printf("  {\"name\": \"%s\", \"refused\": \"%s\"}%s\n", mechanisms[index]->name, why, last ? "" : ",");
		return;
	}
	memset(&metric, 0, sizeof(metric));
	metric.name = mechanisms[index]->name;
	metric.beside = mechanisms[LINE]->name;
	metric_measure(&metric, &(struct comparison){own, line, reference, &index, batches});
	metric_print(&metric, last);
}

static void open_all(void)
{
	for (unsigned int i = 0; i < MECHANISMS; i++) {
		size_t size = mechanisms[i]->shared_size;
		void *shared =
		    size ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) : NULL;

		if (shared == MAP_FAILED || (mechanisms[i]->open && !mechanisms[i]->open(shared)))
			die("%s: %s", mechanisms[i]->name, strerror(errno));
	}
}

static void choose_cpus(void)
{
	cpu_set_t allowed;
	int *next = &cpu_of_first;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		die("the CPUs that may be used: %s", strerror(errno));
	if (CPU_COUNT(&allowed) < 2)
		die("two CPUs are needed; this process may use %d: see taskset -p $$", CPU_COUNT(&allowed));
	for (int cpu = 0; cpu < CPU_SETSIZE && next; cpu++) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		*next = cpu;
		next = next == &cpu_of_first ? &cpu_of_peer : NULL;
	}
}

static bool parse(const char *text, long lowest, long highest, int *number)
{
	char *end;
	long value = strtol(text, &end, 10);

	*number = (int)value;
	return *text && !*end && value >= lowest && value <= highest;
}

static bool parse_all(int argc, char **argv)
{
	int number;

	if (argc > 2 && !strcmp(argv[1], "-b")) {
		if (!parse(argv[2], 1, SAMPLES_MAX, &number))
			return false;
		batches = (unsigned int)number;
		argc -= 2;
		argv += 2;
	}
	if (argc == 1) {
		choose_cpus();
		return true;
	}
	return argc == 3 && parse(argv[1], 0, CPU_SETSIZE - 1, &cpu_of_first) &&
	       parse(argv[2], 0, CPU_SETSIZE - 1, &cpu_of_peer) && cpu_of_first != cpu_of_peer;
}

int main(int argc, char **argv)
{
	if (!parse_all(argc, argv)) {
		fprintf(
		    stderr,
		    "Usage: native-bench [-b BATCHES] [CPU CPU]\n"
		    "Measures hand-offs between two processes, each pinned to one of two different CPUs (default: the "
		    "first two that may be used), and prints JSON. BATCHES of each: 1 to %d, default %u.\n",
		    SAMPLES_MAX, METRIC_BATCHES);
		return 2;
	}
	open_all();
	pin(cpu_of_peer); /* fail here, in words, not in the peer */
	pin(cpu_of_first);
	peer_start(mechanisms);
	printf("{\"cpus\": [%d, %d], \"metrics\": [\n", cpu_of_first, cpu_of_peer);
	for (unsigned int i = LINE + 1; i < MECHANISMS; i++)
		measure(i, i + 1 == MECHANISMS);
	printf("]}\n");
	peer_stop();
	return 0;
}
