/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs of the agent, started for real; what they do on the whole is tested from Java (NativeAgentTest). */
#include "test.h"
#include "wire.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEY_SIGNALS	2
#define KEY_FIRST_JOB	1000
#define FD_OUT		1
#define LIMIT_SECONDS	60
#define ARGUMENTS_TOTAL 7000

static struct hearing hearing;
static struct worker worker;
static struct writer command;
static int signals;

static void begin(void)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = KEY_SIGNALS};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	wire_clear();
	wire.out_room = SIZE_MAX;
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	worker.channel = channel_new(WIRE_FD, hear, &hearing);
	worker.epoll = epoll_create1(EPOLL_CLOEXEC);
	CHECK(worker.channel && signals >= 0 && worker.epoll >= 0);
	epoll_ctl(worker.epoll, EPOLL_CTL_ADD, signals, &event);
	command.length = 0;
	alarm(LIMIT_SECONDS);
}

static void end(void)
{
	CHECK_EQUAL(job_count(), 0);
	alarm(0);
	close(worker.epoll);
	close(signals);
	free(worker.channel);
	hearing_clear(&hearing);
	wire_clear();
}

static void put_command(const char *program, const char *option, const char *script)
{
	command.length = 0;
	put_u32(&command, HVM_FIELD_USER, getuid());
	put_u32(&command, HVM_FIELD_GROUP, getgid());
	put_text(&command, HVM_FIELD_ARGUMENT, program);
	put_text(&command, HVM_FIELD_ARGUMENT, option);
	put_text(&command, HVM_FIELD_ARGUMENT, script);
}

static void start(uint32_t stream)
{
	job_exec(&worker, stream, command.bytes, command.length);
}

static void reap(void)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(signals, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		job_reaped(&worker, pid, status);
}

/* As worker.c does, until no job is left. */
static void run_to_the_end(void)
{
	while (job_count()) {
		struct epoll_event event;

		CHECK_EQUAL(epoll_wait(worker.epoll, &event, 1, -1), 1);
		if (event.data.u64 == KEY_SIGNALS)
			reap();
		else
			job_ready(&worker, event.data.u64);
		job_resume(&worker);
	}
	CHECK(channel_write(worker.channel));
	hear_all(&hearing, wire.out, wire.out_length);
}

static const struct heard *heard(uint8_t type, uint32_t stream)
{
	for (unsigned int i = 0; i < hearing.count; i++)
		if (hearing.heard[i].frame.type == type && hearing.heard[i].frame.stream == stream)
			return &hearing.heard[i];
	fprintf(stderr, "no frame of type %u in stream %u\n", type, stream);
	exit(1);
}

static void check_output(uint32_t stream, const char *expected)
{
	const struct heard *output = heard(HVM_FRAME_STDOUT, stream);

	CHECK_EQUAL(output->frame.length, strlen(expected));
	CHECK(!memcmp(output->payload, expected, strlen(expected)));
}

/* The fields of a control frame; the last one with that tag. */
static struct field field_of(const struct heard *frame, uint16_t tag)
{
	struct reader reader = {frame->payload, frame->payload + frame->frame.length};
	struct field field, found = {.tag = 0};

	while (field_next(&reader, &field))
		if (field.tag == tag)
			found = field;
	CHECK_EQUAL(found.tag, tag);
	return found;
}

static void check_refused(uint32_t stream, const char *reason)
{
	struct field text = field_of(heard(HVM_FRAME_REFUSED, stream), HVM_FIELD_TEXT);

	CHECK_EQUAL(text.length, strlen(reason));
	CHECK(!memcmp(text.bytes, reason, text.length));
}

static void a_program_runs_and_its_status_is_told(void)
{
	struct field status;

	begin();
	put_command("/bin/sh", "-c", "echo hello; exit 3");
	start(1);
	job_credit(&worker, 1, STREAM_STDOUT, 100);
	job_credit(&worker, 1, STREAM_STDERR, 100);
	run_to_the_end();
	check_output(1, "hello\n");
	status = field_of(heard(HVM_FRAME_EXIT, 1), HVM_FIELD_EXIT_CODE);
	CHECK_EQUAL(field_u32(&status), 3);
	end();
}

/* One round of epoll can hold an event of a job that a HELLO of the same round ended, after which EXEC took its place.
 */
static void an_event_of_an_ended_job_leaves_the_next_one_alone(void)
{
	struct writer ended = {.length = 0};

	begin();
	put_command("/bin/sh", "-c", "read line");
	start(1);
	job_credit(&worker, 1, STREAM_STDOUT, 100);
	job_kill_all(&worker, &ended);
	put_command("/bin/sh", "-c", "echo hello");
	start(2);
	job_ready(&worker, KEY_FIRST_JOB + FD_OUT);
	job_credit(&worker, 2, STREAM_STDOUT, 100);
	job_credit(&worker, 2, STREAM_STDERR, 100);
	run_to_the_end();
	check_output(2, "hello\n");
	end();
}

static void as_many_arguments_as_a_frame_holds_arrive(void)
{
	begin();
	put_command("/bin/sh", "-c", "echo $#");
	for (int i = 0; i <= ARGUMENTS_TOTAL; i++) /* the first one is $0 */
		put_text(&command, HVM_FIELD_ARGUMENT, "");
	start(1);
	job_credit(&worker, 1, STREAM_STDOUT, 100);
	job_credit(&worker, 1, STREAM_STDERR, 100);
	run_to_the_end();
	check_output(1, "7000\n");
	end();
}

static void the_last_of_two_directories_counts_and_nothing_leaks(void)
{
	begin();
	put_command("/bin/sh", "-c", "pwd");
	put_text(&command, HVM_FIELD_DIRECTORY, "/nowhere");
	put_text(&command, HVM_FIELD_DIRECTORY, "/");
	start(1);
	job_credit(&worker, 1, STREAM_STDOUT, 100);
	job_credit(&worker, 1, STREAM_STDERR, 100);
	run_to_the_end();
	check_output(1, "/\n");
	end();
}

/* Half a command is another command: without USER it would run as root. */
static void a_command_that_is_cut_off_is_refused(void)
{
	uint32_t whole;

	begin();
	put_command("/bin/sh", "-c", "exit 1");
	whole = command.length;
	put_text(&command, HVM_FIELD_DIRECTORY, "/");
	for (command.length = whole + 1; command.length < whole + sizeof(struct hvm_field) + 1; command.length++) {
		start(command.length);
		CHECK_EQUAL(job_count(), 0);
	}
	run_to_the_end();
	while (--command.length > whole)
		check_refused(command.length, "the command is malformed");
	end();
}

static void a_command_without_a_program_or_with_a_zero_in_it_is_refused(void)
{
	begin();
	start(1);
	put_command("/bin/sh", "-c", "exit");
	put_bytes(&command, HVM_FIELD_ENVIRONMENT, "A=\0", 3);
	start(2);
	run_to_the_end();
	check_refused(1, "the command is malformed");
	check_refused(2, "the command is malformed");
	end();
}

void test_job(void)
{
	RUN(a_program_runs_and_its_status_is_told);
	RUN(an_event_of_an_ended_job_leaves_the_next_one_alone);
	RUN(as_many_arguments_as_a_frame_holds_arrive);
	RUN(the_last_of_two_directories_counts_and_nothing_leaks);
	RUN(a_command_that_is_cut_off_is_refused);
	RUN(a_command_without_a_program_or_with_a_zero_in_it_is_refused);
}
