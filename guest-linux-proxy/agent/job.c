/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

#define JOBS_MAX     128
#define STRINGS_MAX  (HVM_FRAME_MAX / sizeof(struct hvm_field)) /* no more fit */
#define GROUPS_MAX   (HVM_FRAME_MAX / (sizeof(struct hvm_field) + sizeof(uint32_t)))
#define WINDOW	     (256u << 10) /* of standard input */
#define CHUNK	     (32u << 10)
#define REPORT_MAX   2048
#define PROXY	     INITRAMFS "/bin/hvm-proxy"
#define NOT_RUNNABLE 126
#define NOT_FOUND    127

enum { FD_IN, FD_OUT, FD_ERR, FD_REPORT, FDS };

struct job {
	bool used;
	uint32_t stream;
	pid_t pid;
	int fd[FDS];	    /* our ends; -1 = closed */
	bool watched[FDS];  /* in the epoll set */
	uint32_t credit[2]; /* STDOUT, STDERR: bytes that hvmd still takes */
	uint8_t *input;	    /* a ring of WINDOW bytes */
	size_t input_start, input_length;
	bool input_ends;
	char report[REPORT_MAX]; /* of a line */
	size_t report_length;
	bool ended;
	int status;
};

static struct job jobs[JOBS_MAX];

/* What EXEC asks for. */
struct command {
	char *argument[STRINGS_MAX + 8];
	unsigned int arguments;
	char *environment[STRINGS_MAX + 1];
	unsigned int environments;
	char *directory;
	char *partition;
	uint32_t cores, options, user, group;
	gid_t groups[GROUPS_MAX];
	unsigned int group_count;
	bool malformed;
};

static struct job *find(uint32_t stream)
{
	for (unsigned int i = 0; i < JOBS_MAX; i++)
		if (jobs[i].used && jobs[i].stream == stream)
			return &jobs[i];
	return NULL;
}

unsigned int job_count(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < JOBS_MAX; i++)
		n += jobs[i].used;
	return n;
}

static void close_fd(struct worker *worker, struct job *job, int which)
{
	if (job->fd[which] < 0)
		return;
	if (job->watched[which])
		epoll_ctl(worker->epoll, EPOLL_CTL_DEL, job->fd[which], NULL);
	close(job->fd[which]);
	job->fd[which] = -1;
	job->watched[which] = false;
}

/* Watch a descriptor exactly while something can be done with it. */
static void watch(struct worker *worker, struct job *job, int which, bool wanted)
{
	struct epoll_event event = {
	    .events = which == FD_IN ? EPOLLOUT : EPOLLIN,
	    .data.u64 = 1000 + (uint64_t)(job - jobs) * FDS + (uint64_t)which,
	};

	if (job->fd[which] < 0 || job->watched[which] == wanted)
		return;
	epoll_ctl(worker->epoll, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, job->fd[which], &event);
	job->watched[which] = wanted;
}

static void send_u32(struct worker *worker, uint8_t type, uint32_t stream, uint16_t tag, uint32_t value)
{
	struct writer writer = {.length = 0};

	put_u32(&writer, tag, value);
	channel_send(worker->channel, type, stream, writer.bytes, writer.length);
}

static void send_credit(struct worker *worker, struct job *job, uint32_t bytes)
{
	struct writer writer = {.length = 0};

	put_u32(&writer, HVM_FIELD_STREAM_KIND, STREAM_STDIN);
	put_u32(&writer, HVM_FIELD_NUMBER, bytes);
	channel_send(worker->channel, HVM_FRAME_CREDIT, job->stream, writer.bytes, writer.length);
}

static void send_report(struct worker *worker, uint32_t stream, const char *line, size_t length)
{
	channel_send(worker->channel, HVM_FRAME_REPORT, stream, line, (uint32_t)length);
}

static void update_watches(struct worker *worker, struct job *job)
{
	bool open = !channel_congested(worker->channel);

	watch(worker, job, FD_IN, job->input_length > 0);
	watch(worker, job, FD_OUT, open && job->credit[0] > 0);
	watch(worker, job, FD_ERR, open && job->credit[1] > 0);
	watch(worker, job, FD_REPORT, open);
}

void job_resume(struct worker *worker)
{
	for (unsigned int i = 0; i < JOBS_MAX; i++)
		if (jobs[i].used)
			update_watches(worker, &jobs[i]);
}

static void free_job(struct worker *worker, struct job *job)
{
	for (int i = 0; i < FDS; i++)
		close_fd(worker, job, i);
	free(job->input);
	memset(job, 0, sizeof(*job));
}

/* The job is over when its process was reaped and everything it wrote was sent. */
static void finish_if_over(struct worker *worker, struct job *job)
{
	if (!job->ended || job->fd[FD_OUT] >= 0 || job->fd[FD_ERR] >= 0 || job->fd[FD_REPORT] >= 0)
		return;
	if (WIFSIGNALED(job->status))
		send_u32(worker, HVM_FRAME_EXIT, job->stream, HVM_FIELD_EXIT_SIGNAL, (uint32_t)WTERMSIG(job->status));
	else
		send_u32(worker, HVM_FRAME_EXIT, job->stream, HVM_FIELD_EXIT_CODE, (uint32_t)WEXITSTATUS(job->status));
	free_job(worker, job);
}

static void parse_command(struct command *command, const uint8_t *payload, uint32_t length)
{
	struct reader reader = {payload, payload + length};
	struct field field;

	while (field_next(&reader, &field)) {
		char *text = NULL;

		switch (field.tag) {
		case HVM_FIELD_ARGUMENT:
		case HVM_FIELD_ENVIRONMENT:
		case HVM_FIELD_DIRECTORY:
		case HVM_FIELD_PARTITION:
			text = field_text(&field);
			command->malformed |= !text;
		}
		switch (field.tag) {
		case HVM_FIELD_ARGUMENT:
			if (command->arguments < STRINGS_MAX)
				command->argument[command->arguments++] = text;
			break;
		case HVM_FIELD_ENVIRONMENT:
			if (command->environments < STRINGS_MAX)
				command->environment[command->environments++] = text;
			break;
		case HVM_FIELD_DIRECTORY:
			free(command->directory);
			command->directory = text;
			break;
		case HVM_FIELD_PARTITION:
			free(command->partition);
			command->partition = text;
			break;
		case HVM_FIELD_CORES:
			command->cores = field_u32(&field);
			break;
		case HVM_FIELD_OPTIONS:
			command->options = field_u32(&field);
			break;
		case HVM_FIELD_USER:
			command->user = field_u32(&field);
			break;
		case HVM_FIELD_GROUP:
			command->group = field_u32(&field);
			break;
		case HVM_FIELD_GROUP_EXTRA:
			if (command->group_count < GROUPS_MAX)
				command->groups[command->group_count++] = field_u32(&field);
			break;
		}
	}
	/* What remains is no field: the command was cut off. */
	command->malformed |= reader.at != reader.end;
}

static void free_command(struct command *command)
{
	for (unsigned int i = 0; i < command->arguments; i++)
		free(command->argument[i]);
	for (unsigned int i = 0; i < command->environments; i++)
		free(command->environment[i]);
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

/* In the child: become the job. @end are its ends of the pipes. */
static _Noreturn void become(struct command *command, const int end[FDS], pid_t parent)
{
	char *proxied[STRINGS_MAX + 24], cores[16];
	unsigned int n = 0;
	sigset_t none;
	int report;

	setpgid(0, 0);
	report = fcntl(end[FD_REPORT], F_DUPFD_CLOEXEC, 10);
	for (int i = FD_IN; i <= FD_ERR; i++)
		if (dup2(end[i], i) < 0)
			_exit(NOT_RUNNABLE);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 1; i < 32; i++)
		signal(i, SIG_DFL);
	umask(022);
	if (setgroups(command->group_count, command->groups) && getuid() == 0)
		child_fails(report, NOT_RUNNABLE, errno, "cannot take on the groups of", "the job's user");
	if (setgid(command->group) || setuid(command->user))
		child_fails(report, NOT_RUNNABLE, errno, "cannot become", "the job's user");
	if (command->directory && chdir(command->directory))
		child_fails(report, NOT_RUNNABLE, errno, "working directory", command->directory);
	/* After the change of identity, which clears it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(NOT_RUNNABLE);
	command->environment[command->environments] = NULL;
	environ = command->environment;
	if (!command->partition) {
		command->argument[command->arguments] = NULL;
		execvp(command->argument[0], command->argument);
		child_fails(report, errno == ENOENT ? NOT_FOUND : NOT_RUNNABLE, errno, "cannot run",
			    command->argument[0]);
	}
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

static void close_all(const int *fds, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* An errno if the job cannot be started. */
static int start(struct job *job, struct command *command)
{
	int ours[FDS] = {-1, -1, -1, -1}, theirs[FDS] = {-1, -1, -1, -1};
	pid_t self = getpid(), pid;
	int error;

	for (int i = 0; i < FDS; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC))
			goto fail;
		ours[i] = i == FD_IN ? ends[1] : ends[0];
		theirs[i] = i == FD_IN ? ends[0] : ends[1];
		if (fcntl(ours[i], F_SETFL, O_NONBLOCK))
			goto fail;
	}
	job->input = malloc(WINDOW);
	if (!job->input)
		goto fail;
	pid = fork();
	if (pid < 0)
		goto fail;
	if (pid == 0)
		become(command, theirs, self);
	setpgid(pid, pid); /* whoever comes first */
	close_all(theirs, FDS);
	job->pid = pid;
	memcpy(job->fd, ours, sizeof(job->fd));
	return 0;
fail:
	error = errno;
	close_all(ours, FDS);
	close_all(theirs, FDS);
	free(job->input);
	return error;
}

static void refuse(struct worker *worker, uint32_t stream, int error, const char *text)
{
	struct writer writer = {.length = 0};

	put_u32(&writer, HVM_FIELD_NUMBER, (uint32_t)error);
	put_text(&writer, HVM_FIELD_TEXT, text);
	channel_send(worker->channel, HVM_FRAME_REFUSED, stream, writer.bytes, writer.length);
}

void job_exec(struct worker *worker, uint32_t stream, const uint8_t *payload, uint32_t length)
{
	struct command *command = calloc(1, sizeof(*command));
	struct job *job = NULL;
	int error;

	if (!command) {
		refuse(worker, stream, ENOMEM, "the guest is out of memory");
		return;
	}
	parse_command(command, payload, length);
	for (unsigned int i = 0; i < JOBS_MAX && !job; i++)
		if (!jobs[i].used)
			job = &jobs[i];
	if (command->malformed || !command->arguments) {
		refuse(worker, stream, EINVAL, "the command is malformed");
	} else if (find(stream)) {
		refuse(worker, stream, EEXIST, "the stream is in use");
	} else if (!job) {
		refuse(worker, stream, EAGAIN, "the agent runs as many jobs as it can");
	} else {
		memset(job, 0, sizeof(*job));
		memset(job->fd, 0xff, sizeof(job->fd));
		job->stream = stream;
		error = start(job, command);
		if (error) {
			refuse(worker, stream, error, strerror(error));
			memset(job, 0, sizeof(*job));
		} else {
			job->used = true;
			send_u32(worker, HVM_FRAME_STARTED, stream, HVM_FIELD_NUMBER, (uint32_t)job->pid);
			send_credit(worker, job, WINDOW);
			update_watches(worker, job);
		}
	}
	free_command(command);
}

static void close_input_if_done(struct worker *worker, struct job *job)
{
	if (job->input_ends && !job->input_length)
		close_fd(worker, job, FD_IN);
}

static void write_input(struct worker *worker, struct job *job)
{
	while (job->input_length) {
		size_t run = WINDOW - job->input_start;
		ssize_t n;

		if (run > job->input_length)
			run = job->input_length;
		n = write(job->fd[FD_IN], job->input + job->input_start, run);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			/* Nobody reads any more: swallow what comes, as a closed pipe would. */
			send_credit(worker, job, (uint32_t)job->input_length);
			job->input_length = 0;
			close_fd(worker, job, FD_IN);
			return;
		}
		job->input_start = (job->input_start + (size_t)n) % WINDOW;
		job->input_length -= (size_t)n;
		send_credit(worker, job, (uint32_t)n);
	}
	close_input_if_done(worker, job);
	update_watches(worker, job);
}

void job_stdin(struct worker *worker, uint32_t stream, const uint8_t *bytes, uint32_t length)
{
	struct job *job = find(stream);
	size_t end, run;

	if (!job)
		return;
	if (job->fd[FD_IN] < 0) {
		send_credit(worker, job, length);
		return;
	}
	if (length > WINDOW - job->input_length)
		return; /* beyond its credit: hvmd's error, and its loss */
	end = (job->input_start + job->input_length) % WINDOW;
	run = WINDOW - end < length ? WINDOW - end : length;
	memcpy(job->input + end, bytes, run);
	memcpy(job->input, bytes + run, length - run);
	job->input_length += length;
	write_input(worker, job);
}

void job_stdin_end(struct worker *worker, uint32_t stream)
{
	struct job *job = find(stream);

	if (!job)
		return;
	job->input_ends = true;
	close_input_if_done(worker, job);
}

void job_signal(struct worker *worker, uint32_t stream, uint32_t number)
{
	struct job *job = find(stream);

	if (!job || number < 1 || number > 64)
		return;
	if (!job->ended) {
		kill(-job->pid, (int)number);
	} else if (number == SIGKILL) {
		/* A daemon left the group before its processes were killed, and holds the output. Let go of it. */
		for (int i = FD_OUT; i < FDS; i++)
			close_fd(worker, job, i);
		finish_if_over(worker, job);
	}
}

void job_credit(struct worker *worker, uint32_t stream, uint32_t kind, uint32_t bytes)
{
	struct job *job = find(stream);

	if (!job || kind < STREAM_STDOUT || kind > STREAM_STDERR)
		return;
	if (__builtin_add_overflow(job->credit[kind - 1], bytes, &job->credit[kind - 1]))
		job->credit[kind - 1] = UINT32_MAX;
	update_watches(worker, job);
}

static void read_output(struct worker *worker, struct job *job, int which)
{
	static uint8_t chunk[CHUNK];
	uint32_t *credit = &job->credit[which - FD_OUT];
	ssize_t n = read(job->fd[which], chunk, *credit < CHUNK ? *credit : CHUNK);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_fd(worker, job, which);
		finish_if_over(worker, job);
		return;
	}
	*credit -= (uint32_t)n;
	channel_send(worker->channel, which == FD_OUT ? HVM_FRAME_STDOUT : HVM_FRAME_STDERR, job->stream, chunk,
		     (uint32_t)n);
	update_watches(worker, job);
}

static void read_report(struct worker *worker, struct job *job)
{
	ssize_t n = read(job->fd[FD_REPORT], job->report + job->report_length, REPORT_MAX - job->report_length);
	char *line = job->report, *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_fd(worker, job, FD_REPORT);
		finish_if_over(worker, job);
		return;
	}
	job->report_length += (size_t)n;
	while ((end = memchr(line, '\n', job->report_length - (size_t)(line - job->report)))) {
		send_report(worker, job->stream, line, (size_t)(end - line));
		line = end + 1;
	}
	job->report_length -= (size_t)(line - job->report);
	memmove(job->report, line, job->report_length);
	if (job->report_length == REPORT_MAX) { /* no line is that long */
		send_report(worker, job->stream, job->report, REPORT_MAX);
		job->report_length = 0;
	}
}

void job_ready(struct worker *worker, uint64_t key)
{
	struct job *job = &jobs[(key - 1000) / FDS % JOBS_MAX];
	int which = (int)((key - 1000) % FDS);

	if (!job->watched[which])
		return; /* an earlier event of the same round closed it, or ended the job whose place this one has */
	if (which == FD_IN)
		write_input(worker, job);
	else if (which == FD_REPORT)
		read_report(worker, job);
	else
		read_output(worker, job, which);
}

bool job_reaped(struct worker *worker, pid_t pid, int status)
{
	for (unsigned int i = 0; i < JOBS_MAX; i++) {
		struct job *job = &jobs[i];

		if (!job->used || job->pid != pid || job->ended)
			continue;
		job->ended = true;
		job->status = status;
		/* What it left behind would keep its output open for ever. */
		kill(-job->pid, SIGKILL);
		close_fd(worker, job, FD_IN);
		update_watches(worker, job);
		finish_if_over(worker, job);
		return true;
	}
	return false;
}

void job_kill_all(struct worker *worker, struct writer *writer)
{
	for (unsigned int i = 0; i < JOBS_MAX; i++) {
		if (!jobs[i].used)
			continue;
		kill(-jobs[i].pid, SIGKILL);
		put_u32(writer, HVM_FIELD_NUMBER, jobs[i].stream);
		free_job(worker, &jobs[i]);
	}
}
