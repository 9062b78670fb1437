/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

#define JOBS_MAX 128
#define WINDOW	 (256u << 10) /* of standard input */

enum { FD_IN, FD_OUT, FD_ERR, FD_REPORT, FDS };

struct job {
	bool used;
	uint32_t stream, restarts;
	pid_t pid;
	bool attached;	   /* hvmd wants to hear of it on this channel */
	int fd[FDS];	   /* our ends; -1 = closed */
	bool watched[FDS]; /* in the epoll set */
	struct output output[2];
	struct report report;
	uint8_t *input; /* a ring of WINDOW bytes */
	size_t input_start, input_length;
	uint64_t input_accepted; /* bytes, since it began */
	bool input_ends;
	bool ended;
	bool usage_told; /* in the report */
	int status;
	bool end_told; /* on this channel */
};

static struct job jobs[JOBS_MAX];

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

static void send_credit(struct worker *worker, const struct job *job)
{
	struct writer writer = {.length = 0};

	if (!job->attached)
		return;
	put_u32(&writer, HVM_FIELD_STREAM_KIND, STREAM_STDIN);
	put_u64(&writer, HVM_FIELD_OFFSET, job->input_accepted);
	put_u32(&writer, HVM_FIELD_NUMBER, WINDOW - (uint32_t)job->input_length);
	channel_send(worker->channel, HVM_FRAME_CREDIT, job->stream, writer.bytes, writer.length);
}

static void free_job(struct worker *worker, struct job *job)
{
	for (int i = 0; i < FDS; i++)
		close_fd(worker, job, i);
	output_free(&job->output[0]);
	output_free(&job->output[1]);
	report_free(&job->report);
	free(job->input);
	cgroup_remove(job->stream, job->restarts);
	memset(job, 0, sizeof(*job));
}

/* What it left behind would keep its output open for ever. */
static void kill_group(const struct job *job)
{
	kill(-job->pid, SIGKILL);
}

/* The job is over when its process was reaped and everything it wrote was sent; it is kept until RELEASE. */
static void tell_end_if_over(struct worker *worker, struct job *job)
{
	if (!job->ended || !job->usage_told || job->fd[FD_OUT] >= 0 || job->fd[FD_ERR] >= 0 || job->fd[FD_REPORT] >= 0)
		return;
	if (!job->attached || job->end_told || !report_is_sent(&job->report) || !output_is_sent(&job->output[0]) ||
	    !output_is_sent(&job->output[1]))
		return;
	job->end_told = true;
	if (WIFSIGNALED(job->status))
		send_u32(worker, HVM_FRAME_EXIT, job->stream, HVM_FIELD_EXIT_SIGNAL, (uint32_t)WTERMSIG(job->status));
	else
		send_u32(worker, HVM_FRAME_EXIT, job->stream, HVM_FIELD_EXIT_CODE, (uint32_t)WEXITSTATUS(job->status));
}

/* The last line of its report. */
static void report_usage(struct job *job)
{
	char line[CGROUP_LINE];

	if (!job->ended || job->usage_told || job->fd[FD_REPORT] >= 0)
		return;
	job->usage_told = !cgroup_usage(job->stream, job->restarts, line) || report_add(&job->report, line);
	if (job->usage_told)
		cgroup_remove(job->stream, job->restarts);
}

/* Send what can be sent, and wait for what can be read. */
static void go_on(struct worker *worker, struct job *job)
{
	report_usage(job);
	if (job->attached) {
		report_send(&job->report, worker->channel, job->stream);
		output_send(&job->output[0], worker->channel, HVM_FRAME_STDOUT, job->stream);
		output_send(&job->output[1], worker->channel, HVM_FRAME_STDERR, job->stream);
		tell_end_if_over(worker, job);
	}
	watch(worker, job, FD_IN, job->input_length > 0);
	watch(worker, job, FD_OUT, output_room(&job->output[0]) > 0);
	watch(worker, job, FD_ERR, output_room(&job->output[1]) > 0);
	watch(worker, job, FD_REPORT, report_has_room(&job->report));
}

void job_resume(struct worker *worker)
{
	for (unsigned int i = 0; i < JOBS_MAX; i++)
		if (jobs[i].used)
			go_on(worker, &jobs[i]);
}

static void close_all(const int *fds, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Pipes to what is no file; an errno if there is none left. */
static int open_pipes(const struct command *command, int ours[FDS], int theirs[FDS])
{
	for (int i = 0; i < FDS; i++) {
		int ends[2];

		if (i != FD_REPORT && command_has_file(command, i))
			continue;
		if (pipe2(ends, O_CLOEXEC))
			return errno;
		ours[i] = i == FD_IN ? ends[1] : ends[0];
		theirs[i] = i == FD_IN ? ends[0] : ends[1];
		if (fcntl(ours[i], F_SETFL, O_NONBLOCK))
			return errno;
	}
	return 0;
}

/* An errno if the job cannot be started. */
static int start(struct job *job, struct command *command)
{
	int ours[FDS] = {-1, -1, -1, -1}, theirs[FDS] = {-1, -1, -1, -1};
	pid_t self = getpid(), pid = -1;
	int error = open_pipes(command, ours, theirs);

	if (!error && !command_has_file(command, STREAM_STDIN) && !(job->input = malloc(WINDOW)))
		error = ENOMEM;
	if (!error && !cgroup_make(job->stream, job->restarts, command_memory(command)) && command_memory(command))
		error = ENOTSUP; /* it would not be held to its limit */
	if (!error) {
		pid = fork();
		if (pid == 0) {
			cgroup_join(job->stream, job->restarts);
			command_become(command, theirs, theirs[FD_REPORT], self);
		}
		error = pid < 0 ? errno : 0;
	}
	close_all(theirs, FDS);
	if (error) {
		close_all(ours, FDS);
		free(job->input);
		cgroup_remove(job->stream, job->restarts);
		return error;
	}
	setpgid(pid, pid); /* whoever comes first */
	job->pid = pid;
	memcpy(job->fd, ours, sizeof(job->fd));
	return 0;
}

static void refuse(struct worker *worker, uint32_t stream, int error, const char *text)
{
	struct writer writer = {.length = 0};

	put_u32(&writer, HVM_FIELD_NUMBER, (uint32_t)error);
	put_text(&writer, HVM_FIELD_TEXT, text);
	channel_send(worker->channel, HVM_FRAME_REFUSED, stream, writer.bytes, writer.length);
}

static struct job *free_place(void)
{
	for (unsigned int i = 0; i < JOBS_MAX; i++)
		if (!jobs[i].used)
			return &jobs[i];
	return NULL;
}

static void begin(struct worker *worker, struct job *job, uint32_t stream, struct command *command)
{
	int error;

	memset(job, 0, sizeof(*job));
	memset(job->fd, 0xff, sizeof(job->fd));
	job->stream = stream;
	job->restarts = command_restarts(command);
	error = start(job, command);
	if (error) {
		refuse(worker, stream, error, strerror(error));
		memset(job, 0, sizeof(*job));
		return;
	}
	job->used = job->attached = true;
	send_u32(worker, HVM_FRAME_STARTED, stream, HVM_FIELD_NUMBER, (uint32_t)job->pid);
	if (job->input)
		send_credit(worker, job);
	go_on(worker, job);
}

void job_exec(struct worker *worker, uint32_t stream, const uint8_t *payload, uint32_t length)
{
	struct command *command = command_read(payload, length);
	struct job *job = free_place();

	if (!command)
		refuse(worker, stream, ENOMEM, "the guest is out of memory");
	else if (!command_is_sound(command))
		refuse(worker, stream, EINVAL, "the command is malformed");
	else if (find(stream))
		refuse(worker, stream, EEXIST, "the stream is in use");
	else if (!job)
		refuse(worker, stream, EAGAIN, "the agent runs as many jobs as it can");
	else
		begin(worker, job, stream, command);
	if (command)
		command_free(command);
}

void job_attach(struct worker *worker, uint32_t stream, uint32_t restarts, uint64_t reports)
{
	struct job *job = find(stream);

	if (!job || job->restarts != restarts) {
		refuse(worker, stream, ESRCH, "the agent does not have the job");
		return;
	}
	if (job->attached) {
		refuse(worker, stream, EALREADY, "the stream is in use");
		return;
	}
	job->attached = true;
	job->end_told = false;
	report_resume(&job->report, reports);
	send_u32(worker, HVM_FRAME_STARTED, stream, HVM_FIELD_NUMBER, (uint32_t)job->pid);
	if (job->input)
		send_credit(worker, job);
	go_on(worker, job);
}

void job_release(struct worker *worker, uint32_t stream, uint32_t restarts)
{
	struct job *job = find(stream);

	if (!job || job->restarts != restarts)
		return;
	if (!job->ended)
		kill_group(job);
	free_job(worker, job);
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
			job->input_length = 0;
			close_fd(worker, job, FD_IN);
			break;
		}
		job->input_start = (job->input_start + (size_t)n) % WINDOW;
		job->input_length -= (size_t)n;
	}
	send_credit(worker, job);
	close_input_if_done(worker, job);
	go_on(worker, job);
}

void job_stdin(struct worker *worker, uint32_t stream, const uint8_t *bytes, uint32_t length)
{
	struct job *job = find(stream);
	size_t end, run;

	if (!job || !job->attached || !job->input || length > WINDOW - job->input_length)
		return; /* beyond its credit: hvmd's error, and its loss */
	job->input_accepted += length;
	if (job->fd[FD_IN] < 0) {
		send_credit(worker, job);
		return;
	}
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

	if (!job || !job->attached)
		return;
	job->input_ends = true;
	close_input_if_done(worker, job);
}

/* Nobody wants to hear more of it than how it ended. */
static void drop_output(struct worker *worker, struct job *job)
{
	for (int i = FD_OUT; i < FDS; i++)
		close_fd(worker, job, i);
	output_drop(&job->output[0]);
	output_drop(&job->output[1]);
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
		drop_output(worker, job);
		go_on(worker, job);
	}
}

void job_credit(struct worker *worker, uint32_t stream, uint32_t kind, uint64_t offset, uint32_t number)
{
	struct job *job = find(stream);

	if (!job || !job->attached)
		return;
	/* For what there is not: hvmd's error, and nothing. */
	if (kind == STREAM_STDOUT || kind == STREAM_STDERR)
		output_credit(&job->output[kind - STREAM_STDOUT], offset, number);
	else if (kind == STREAM_REPORT)
		report_taken(&job->report, offset);
	go_on(worker, job);
}

/* What a read of a stream's pipe came to: nothing yet, or its end. */
static void after_read(struct worker *worker, struct job *job, int which, ssize_t n)
{
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		close_fd(worker, job, which);
	go_on(worker, job);
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
		after_read(worker, job, which, report_read(&job->report, job->fd[which]));
	else
		after_read(worker, job, which, output_read(&job->output[which - FD_OUT], job->fd[which]));
}

bool job_reaped(struct worker *worker, pid_t pid, int status)
{
	for (unsigned int i = 0; i < JOBS_MAX; i++) {
		struct job *job = &jobs[i];

		if (!job->used || job->pid != pid || job->ended)
			continue;
		job->ended = true;
		job->status = status;
		kill_group(job);
		close_fd(worker, job, FD_IN);
		job->input_length = 0;
		go_on(worker, job);
		return true;
	}
	return false;
}

void job_detach_all(void)
{
	for (unsigned int i = 0; i < JOBS_MAX; i++) {
		jobs[i].attached = false;
		output_detach(&jobs[i].output[0]);
		output_detach(&jobs[i].output[1]);
	}
}

bool job_usage(uint32_t stream, char line[CGROUP_LINE])
{
	struct job *job = find(stream);

	return job && cgroup_usage(stream, job->restarts, line);
}

unsigned int job_processes(uint32_t stream, pid_t *pids, unsigned int most)
{
	struct job *job = find(stream);

	return job ? cgroup_processes(stream, job->restarts, pids, most) : 0;
}

void job_list(struct writer *writer)
{
	for (unsigned int i = 0; i < JOBS_MAX; i++) {
		struct hvm_job_info info = {
		    .stream = jobs[i].stream,
		    .restarts = jobs[i].restarts,
		    .ended = jobs[i].ended,
		    .pid = (uint32_t)jobs[i].pid,
		    .reports = jobs[i].report.taken,
		};

		if (jobs[i].used)
			put_bytes(writer, HVM_FIELD_JOB, &info, sizeof(info));
	}
}

void job_kill_all(struct worker *worker, struct writer *writer)
{
	for (unsigned int i = 0; i < JOBS_MAX; i++) {
		if (!jobs[i].used)
			continue;
		if (!jobs[i].ended)
			kill_group(&jobs[i]);
		put_u32(writer, HVM_FIELD_NUMBER, jobs[i].stream);
		free_job(worker, &jobs[i]);
	}
}
