/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hvm/partition.h>

const char options_help[] =
    "Usage: hvm-proxy [--partition NAME] [--cores N] [--report-fd FD] [--stats] [--quiet] -- PROGRAM "
    "[ARGUMENT...]\n"
    "\n"
    "Run a static x86-64 Linux program on cores of an HRT partition, with this process serving its system calls.\n"
    "\n"
    "  --partition NAME  partition to run on; default: the first one\n"
    "  --cores N         HRT cores for the program; default 1\n"
    "  --report-fd FD    write reports (started, unserved, fault, trace, stats, refused) there; default: standard "
    "error\n"
    "  --stats           report each system call's count and time at the end\n"
    "  --quiet           report errors only: nothing of a beginning or an end as it should be\n"
    "  --populate        fault memory in when it is mapped: image, stack, heap, anonymous mappings, libraries\n"
    "  --no-huge-pages   4 KiB pages only; otherwise anonymous mappings from 4 MiB on have 2 MiB pages\n"
    "  --partition-memory\n"
    "                    take anonymous mappings from 2 MiB on from the partition's own memory, as long as it lasts\n"
    "  --join-fd FD, --program-fd FD, --program-name PATH, --signal-mask MASK, --child\n"
    "                    what a proxy tells the one that it executes when its program calls execve\n"
    "  --list-calls      print the system calls that do not go straight to Linux, and why\n"
    "  --help            print this\n"
    "\n"
    "Exit status: the program's own; 128 + N if signal N ended it (this process dies by that signal); 127 if there is\n"
    "no such program, 126 if it cannot be run, 125 if the partition did not take it; a refused line says why.\n";

static int parse_number(const char *option, const char *text, long lowest, long highest, long *value,
			struct refusal *refusal)
{
	char *end;

	errno = 0;
	*value = strtol(text, &end, 10);
	if (errno || end == text || *end || *value < lowest || *value > highest)
		return refuse(refusal, EINVAL, "%s %.40s: allowed: a number from %ld to %ld", option, text, lowest,
			      highest);
	return 0;
}

static int parse_fd(const char *option, const char *value, int *fd, struct refusal *refusal)
{
	long number;

	if (parse_number(option, value, 0, 1 << 20, &number, refusal))
		return -1;
	*fd = (int)number;
	return 0;
}

static int parse_option(const char *option, const char *value, struct options *options, struct refusal *refusal)
{
	long number;

	if (strcmp(option, "--partition") == 0) {
		options->partition = value;
		return 0;
	}
	if (strcmp(option, "--cores") == 0) {
		if (parse_number(option, value, 1, HVM_MAX_CORES, &number, refusal))
			return -1;
		options->cores = (unsigned int)number;
		return 0;
	}
	if (strcmp(option, "--report-fd") == 0)
		return parse_fd(option, value, &options->report_fd, refusal);
	if (strcmp(option, "--join-fd") == 0)
		return parse_fd(option, value, &options->join_fd, refusal);
	if (strcmp(option, "--program-fd") == 0)
		return parse_fd(option, value, &options->program_fd, refusal);
	if (strcmp(option, "--program-name") == 0) {
		options->program_name = value;
		return 0;
	}
	if (strcmp(option, "--signal-mask") == 0) {
		options->has_mask = true;
		options->signal_mask = strtoull(value, NULL, 0);
		return 0;
	}
	return refuse(refusal, EINVAL, "unknown option %.80s; see hvm-proxy --help", option);
}

static bool parse_flag(const char *option, struct options *options)
{
	if (strcmp(option, "--stats") == 0)
		options->stats = true;
	else if (strcmp(option, "--quiet") == 0)
		options->quiet = true;
	else if (strcmp(option, "--populate") == 0)
		options->populate = true;
	else if (strcmp(option, "--no-huge-pages") == 0)
		options->no_huge_pages = true;
	else if (strcmp(option, "--partition-memory") == 0)
		options->partition_memory = true;
	else if (strcmp(option, "--child") == 0)
		options->child = true;
	else
		return false;
	return true;
}

int options_parse(int count, char *const *arguments, struct options *options, struct refusal *refusal)
{
	int i = 1;

	*options = (struct options){.partition = "", .cores = 1, .report_fd = -1, .join_fd = -1, .program_fd = -1};
	while (i < count && strcmp(arguments[i], "--") != 0) {
		if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "--list-calls") == 0) {
			options->help = arguments[i][2] == 'h';
			options->list_calls = !options->help;
			return 0;
		}
		if (parse_flag(arguments[i], options)) {
			i++;
			continue;
		}
		if (arguments[i][0] != '-')
			return refuse(refusal, EINVAL, "%.80s: the program comes after --", arguments[i]);
		if (i + 1 >= count)
			return refuse(refusal, EINVAL, "%.80s: needs a value; see hvm-proxy --help", arguments[i]);
		if (parse_option(arguments[i], arguments[i + 1], options, refusal))
			return -1;
		i += 2;
	}
	options->program_count = count - i - 1;
	options->program = arguments + i + 1;
	if (options->program_count < 1)
		return refuse(refusal, EINVAL, "no program given: -- PROGRAM [ARGUMENT...]");
	return 0;
}
