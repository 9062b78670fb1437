/* SPDX-License-Identifier: Apache-2.0 */
/* What EXEC asks for, and the child that becomes it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

#define STRINGS_MAX  (HVM_FRAME_MAX / sizeof(struct hvm_field)) /* no more fit */
#define GROUPS_MAX   (HVM_FRAME_MAX / (sizeof(struct hvm_field) + sizeof(uint32_t)))
#define PROXY	     INITRAMFS "/bin/hvm-proxy"
#define NOT_STARTED  125
#define NOT_RUNNABLE 126
#define NOT_FOUND    127

struct command {
	char *argument[STRINGS_MAX + 8];
	unsigned int arguments;
	char *environment[STRINGS_MAX + 1];
	unsigned int environments;
	char *directory;
	char *partition;
	char *file[COMMAND_FILES]; /* instead of the streams of the same number; NULL: the stream */
	uint32_t restarts, cores, options, user, group, append;
	uint64_t memory;
	gid_t groups[GROUPS_MAX];
	unsigned int group_count;
	bool malformed;
};

static void add_text(char **list, unsigned int *count, char *text)
{
	if (*count < STRINGS_MAX)
		list[(*count)++] = text;
	else
		free(text);
}

static void set_text(char **place, char *text)
{
	free(*place);
	*place = text;
}

/* The field's text goes into the command; false if it is none of texts. */
static bool take_text(struct command *command, const struct field *field)
{
	char *text;

	switch (field->tag) {
	case HVM_FIELD_ARGUMENT:
	case HVM_FIELD_ENVIRONMENT:
	case HVM_FIELD_DIRECTORY:
	case HVM_FIELD_PARTITION:
	case HVM_FIELD_STDIN_FILE:
	case HVM_FIELD_STDOUT_FILE:
	case HVM_FIELD_STDERR_FILE:
		break;
	default:
		return false;
	}
	text = field_text(field);
	command->malformed |= !text;
	if (field->tag == HVM_FIELD_ARGUMENT)
		add_text(command->argument, &command->arguments, text);
	else if (field->tag == HVM_FIELD_ENVIRONMENT)
		add_text(command->environment, &command->environments, text);
	else if (field->tag == HVM_FIELD_DIRECTORY)
		set_text(&command->directory, text);
	else if (field->tag == HVM_FIELD_PARTITION)
		set_text(&command->partition, text);
	else
		set_text(&command->file[field->tag - HVM_FIELD_STDIN_FILE], text);
	return true;
}

static void take_number(struct command *command, const struct field *field)
{
	switch (field->tag) {
	case HVM_FIELD_RESTARTS:
		command->restarts = field_u32(field);
		break;
	case HVM_FIELD_CORES:
		command->cores = field_u32(field);
		break;
	case HVM_FIELD_OPTIONS:
		command->options = field_u32(field);
		break;
	case HVM_FIELD_USER:
		command->user = field_u32(field);
		break;
	case HVM_FIELD_GROUP:
		command->group = field_u32(field);
		break;
	case HVM_FIELD_APPEND:
		command->append = field_u32(field);
		break;
	case HVM_FIELD_MEMORY:
		command->memory = field_u64(field);
		break;
	case HVM_FIELD_GROUP_EXTRA:
		if (command->group_count < GROUPS_MAX)
			command->groups[command->group_count++] = field_u32(field);
		break;
	}
}

struct command *command_read(const uint8_t *payload, uint32_t length)
{
	struct command *command = calloc(1, sizeof(*command));
	struct reader reader = {payload, payload + length};
	struct field field;

	if (!command)
		return NULL;
	while (field_next(&reader, &field))
		if (!take_text(command, &field))
			take_number(command, &field);
	/* What remains is no field: the command was cut off. */
	command->malformed |= reader.at != reader.end;
	return command;
}

bool command_is_sound(const struct command *command)
{
	return !command->malformed && command->arguments > 0;
}

uint32_t command_restarts(const struct command *command)
{
	return command->restarts;
}

uint64_t command_memory(const struct command *command)
{
	return command->memory;
}

bool command_has_file(const struct command *command, int stream)
{
	return command->file[stream] != NULL;
}

void command_free(struct command *command)
{
	for (unsigned int i = 0; i < command->arguments; i++)
		free(command->argument[i]);
	for (unsigned int i = 0; i < command->environments; i++)
		free(command->environment[i]);
	for (unsigned int i = 0; i < COMMAND_FILES; i++)
		free(command->file[i]);
	free(command->directory);
	free(command->partition);
	free(command);
}

static _Noreturn void child_fails(int report, int status, int error, const char *what, const char *which)
{
	dprintf(report, "refused errno=%d reason=%s %s: %s\n", error, what, which, strerror(error));
	_exit(status);
}

/* What the proxy calls the bits of enum hvm_run_option. Returns how many words went into @words. */
static unsigned int proxy_options(uint32_t options, char **words)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} names[] = {
	    {HVM_RUN_STATS, "--stats"},
	    {HVM_RUN_POPULATE, "--populate"},
	    {HVM_RUN_NO_HUGE_PAGES, "--no-huge-pages"},
	    {HVM_RUN_PARTITION_MEMORY, "--partition-memory"},
	};
	unsigned int n = 0;

	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (options & names[i].bit)
			words[n++] = (char *)names[i].word;
	return n;
}

/* As the job's user, so that its own rights decide. */
static void open_file(const struct command *command, int stream, int report)
{
	const char *file = command->file[stream];
	int flags =
	    stream == STREAM_STDIN ? O_RDONLY : O_WRONLY | O_CREAT | O_NOCTTY | (command->append ? O_APPEND : O_TRUNC);
	int fd = open(file, flags, 0666);

	if (fd < 0 || dup2(fd, stream) < 0)
		child_fails(report, NOT_STARTED, errno, "cannot open", file);
	if (fd > STREAM_STDERR)
		close(fd);
}

static void open_files(const struct command *command, int report)
{
	char *const *file = command->file;

	for (int i = STREAM_STDIN; i <= STREAM_STDERR; i++) {
		if (i == STREAM_STDERR && file[i] && file[STREAM_STDOUT] && !strcmp(file[i], file[STREAM_STDOUT]))
			dup2(STREAM_STDOUT, i); /* one file, one position */
		else if (file[i])
			open_file(command, i, report);
	}
}

static void take_identity(const struct command *command, int report)
{
	if (setgroups(command->group_count, command->groups) && getuid() == 0)
		child_fails(report, NOT_RUNNABLE, errno, "cannot take on the groups of", "the job's user");
	if (setgid(command->group) || setuid(command->user))
		child_fails(report, NOT_RUNNABLE, errno, "cannot become", "the job's user");
}

static _Noreturn void execute_proxy(struct command *command, int report)
{
	char *proxied[STRINGS_MAX + 24], cores[16];
	unsigned int n = 0;

	snprintf(cores, sizeof(cores), "%u", command->cores ? command->cores : 1);
	proxied[n++] = (char *)PROXY;
	proxied[n++] = (char *)"--partition";
	proxied[n++] = command->partition;
	proxied[n++] = (char *)"--cores";
	proxied[n++] = cores;
	proxied[n++] = (char *)"--report-fd";
	proxied[n++] = (char *)"3";
	n += proxy_options(command->options, proxied + n);
	proxied[n++] = (char *)"--";
	for (unsigned int i = 0; i < command->arguments; i++)
		proxied[n++] = command->argument[i];
	proxied[n] = NULL;
	if (dup2(report, 3) < 0)
		_exit(NOT_RUNNABLE);
	execv(PROXY, proxied);
	child_fails(report, NOT_RUNNABLE, errno, "cannot run", PROXY);
}

void command_become(struct command *command, const int streams[COMMAND_FILES], int report, pid_t parent)
{
	sigset_t none;

	setpgid(0, 0);
	report = fcntl(report, F_DUPFD_CLOEXEC, 10);
	for (int i = STREAM_STDIN; i <= STREAM_STDERR; i++)
		if (streams[i] >= 0 && dup2(streams[i], i) < 0)
			_exit(NOT_RUNNABLE);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 1; i < 32; i++)
		signal(i, SIG_DFL);
	umask(022);
	take_identity(command, report);
	if (command->directory && chdir(command->directory))
		child_fails(report, NOT_RUNNABLE, errno, "working directory", command->directory);
	/* After the change of identity, which clears it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(NOT_RUNNABLE);
	open_files(command, report);
	command->environment[command->environments] = NULL;
	environ = command->environment;
	if (command->partition)
		execute_proxy(command, report);
	command->argument[command->arguments] = NULL;
	execvp(command->argument[0], command->argument);
	child_fails(report, errno == ENOENT ? NOT_FOUND : NOT_RUNNABLE, errno, "cannot run", command->argument[0]);
}
