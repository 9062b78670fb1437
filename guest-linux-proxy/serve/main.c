/* SPDX-License-Identifier: Apache-2.0 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "serve.h"

#define LOCK	      "/run/hvm-serve.lock"
#define LIMIT_SECONDS 60u
#define LIBRARIES_MAX 16
#define SECONDS_MAX   (HVM_WINDOW_LIMIT_MAX_MS / 1000)
/* CPUID's leaf of hypervisors; QEMU's says "TCGTCGTCGTCG". */
#define HYPERVISOR_BIT	(1u << 31)
#define HYPERVISOR_LEAF 0x40000000u
#define TCG_SIGNATURE	0x54474354u

#define EXIT_USAGE 2

static uint32_t terminated;

struct options {
	const char *file;
	bool native;
	const char *libraries[LIBRARIES_MAX];
	unsigned int library_count;
	unsigned int idle_seconds, limit_seconds;
	bool drop;
	unsigned int user, group;
};

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: hvm-serve [OPTIONS]\n"
		"Offers functions to programs of the host, which call them on an HRT core (docs/host-calls.md).\n"
		"\n"
		"  --partition NAME   take a core of this HRT partition (default: the first)\n"
		"  --library FILE     offer the functions that this shared object exports; may be repeated\n"
		"  --idle SECONDS     end when no call came for so long, and give the core back (default: never)\n"
		"  --limit SECONDS    stop a function that runs longer (default: %u, at most %u)\n"
		"  --user UID:GID     become this user before a library is loaded\n"
		"  --native           run functions on a thread of Linux, not on an HRT core\n"
		"  --file FILE        serve this file instead of the VM's window, on a thread of this process\n"
		"  --help\n",
		LIMIT_SECONDS, SECONDS_MAX);
}

static bool parse_seconds(const char *option, const char *text, unsigned int most, unsigned int *seconds)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || value == 0 || value > most) {
		fprintf(stderr, "hvm-serve: --%s %s; allowed: 1 to %u seconds\n", option, text, most);
		return false;
	}
	*seconds = (unsigned int)value;
	return true;
}

static bool parse_option(struct options *options, const char *name, const char *value)
{
	if (!strcmp(name, "file"))
		options->file = value;
	else if (!strcmp(name, "partition"))
		hrt_partition = value;
	else if (!strcmp(name, "native"))
		options->native = true;
	else if (!strcmp(name, "idle"))
		return parse_seconds(name, value, 86400, &options->idle_seconds);
	else if (!strcmp(name, "limit"))
		return parse_seconds(name, value, SECONDS_MAX, &options->limit_seconds);
	else if (!strcmp(name, "user"))
		options->drop = true;
	if (options->drop && !strcmp(name, "user") && sscanf(value, "%u:%u", &options->user, &options->group) != 2) {
		fprintf(stderr, "hvm-serve: --user %s; allowed: UID:GID, two numbers\n", value);
		return false;
	}
	if (strcmp(name, "library"))
		return true;
	if (options->library_count == LIBRARIES_MAX) {
		fprintf(stderr, "hvm-serve: --library %s; allowed: at most %u libraries\n", value, LIBRARIES_MAX);
		return false;
	}
	options->libraries[options->library_count++] = value;
	return true;
}

/* EXIT_SUCCESS: print nothing and go on. */
static bool parse(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
	    {"partition", required_argument, NULL, 0},
	    {"native", no_argument, NULL, 0},
	    {"library", required_argument, NULL, 0},
	    {"idle", required_argument, NULL, 0},
	    {"limit", required_argument, NULL, 0},
	    {"user", required_argument, NULL, 0},
	    {"file", required_argument, NULL, 0},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int index, found;

	while ((found = getopt_long(argc, argv, "", known, &index)) >= 0) {
		if (found == 'h') {
			usage(stdout);
			exit(EXIT_SUCCESS);
		}
		if (found || !parse_option(options, known[index].name, optarg))
			return false;
	}
	if (optind < argc) {
		fprintf(stderr, "hvm-serve: '%s' is no option; see --help\n", argv[optind]);
		return false;
	}
	return true;
}

/* The window, or the file, has one server at a time: whoever holds the lock. */
static bool be_the_only_one(const char *file)
{
	const char *path = file ? file : LOCK;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB))
		return true; /* the descriptor stays open */
	if (fd >= 0 && errno == EWOULDBLOCK)
		fprintf(stderr, "hvm-serve: another hvm-serve serves this window\n");
	else
		fprintf(stderr, "hvm-serve: %s: %s\n", path, strerror(errno));
	return false;
}

static bool become(const struct options *options)
{
	if (!options->drop)
		return true;
	if (!setgroups(0, NULL) && !setgid(options->group) && !setuid(options->user)) {
		/* Which a change of identity clears: the agent's end ends its jobs. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		return true;
	}
	fprintf(stderr, "hvm-serve: --user %u:%u: %s\n", options->user, options->group, strerror(errno));
	return false;
}

static bool fill(struct table *table, const struct options *options)
{
	if (!builtin_add(table))
		return false;
	for (unsigned int i = 0; i < options->library_count; i++)
		if (!library_add(table, options->libraries[i]))
			return false;
	if (!options->native)
		modules_add(table, hrt_partition);
	return true;
}

/* PAUSE ends a translation block of QEMU's interpreter, which makes a polling loop several times slower. */
static bool is_interpreted(void)
{
	unsigned int a, b, c, d;

	__cpuid(1, a, b, c, d);
	if (!(c & HYPERVISOR_BIT))
		return false;
	__cpuid(HYPERVISOR_LEAF, a, b, c, d);
	return b == TCG_SIGNATURE;
}

static void on_signal(int number)
{
	(void)number;
	hvm_store_relaxed(&terminated, 1);
}

int main(int argc, char **argv)
{
	struct options options = {.limit_seconds = LIMIT_SECONDS};
	static struct serve serve;
	static struct table table;
	struct watch watch = {.serve = &serve, .runner = &native_runner, .terminated = &terminated};
	struct memory memory;

	if (!parse(&options, argc, argv))
		return EXIT_USAGE;
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	signal(SIGHUP, on_signal);
	options.native |= options.file != NULL;
	if (!be_the_only_one(options.file) || !memory_map(&memory, options.file) || !become(&options) ||
	    !(options.native || hrt_attach()) || !fill(&table, &options) ||
	    !serve_begin(&serve, memory.at, memory.size, &table, options.limit_seconds * 1000))
		return EXIT_FAILURE;
	serve.pause = !is_interpreted();
	watch.runner = options.native ? &native_runner : &hrt_runner;
	watch.idle_ms = options.idle_seconds * 1000;
	return watch_run(&watch) ? EXIT_SUCCESS : EXIT_FAILURE;
}
