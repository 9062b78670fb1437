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
static size_t heard_bytes;    /* of the wire */
static unsigned int released; /* of what was heard */
static bool keep;	      /* jobs that ended */
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
	signal(SIGPIPE, SIG_IGN); /* as worker.c has it */
	wire_clear();
	wire.out_room = SIZE_MAX;
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	worker.channel = channel_new(WIRE_FD, hear, &hearing);
	worker.epoll = epoll_create1(EPOLL_CLOEXEC);
	CHECK(worker.channel && signals >= 0 && worker.epoll >= 0);
	epoll_ctl(worker.epoll, EPOLL_CTL_ADD, signals, &event);
	command.length = 0;
	heard_bytes = released = 0;
	keep = false;
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

/* What came over the wire; a job whose end came is let go of. */
static void listen_to_it(void)
{
	CHECK(channel_write(worker.channel));
	hear_all(&hearing, wire.out + heard_bytes, wire.out_length - heard_bytes);
	heard_bytes = wire.out_length;
	for (; released < hearing.count; released++)
		if (hearing.heard[released].frame.type == HVM_FRAME_EXIT && !keep)
			job_release(&worker, hearing.heard[released].frame.stream, 0);
}

/* As worker.c does, once. */
static void go_round(void)
{
	struct epoll_event event;

	CHECK_EQUAL(epoll_wait(worker.epoll, &event, 1, -1), 1);
	if (event.data.u64 == KEY_SIGNALS)
		reap();
	else
		job_ready(&worker, event.data.u64);
	job_resume(&worker);
	listen_to_it();
}

static void run_to_the_end(void)
{
	while (job_count())
		go_round();
	listen_to_it();
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
	job_credit(&worker, 1, STREAM_STDOUT, 0, 100);
	job_credit(&worker, 1, STREAM_STDERR, 0, 100);
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
	job_credit(&worker, 1, STREAM_STDOUT, 0, 100);
	job_kill_all(&worker, &ended);
	put_command("/bin/sh", "-c", "echo hello");
	start(2);
	job_ready(&worker, KEY_FIRST_JOB + FD_OUT);
	job_credit(&worker, 2, STREAM_STDOUT, 0, 100);
	job_credit(&worker, 2, STREAM_STDERR, 0, 100);
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
	job_credit(&worker, 1, STREAM_STDOUT, 0, 100);
	job_credit(&worker, 1, STREAM_STDERR, 0, 100);
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
	job_credit(&worker, 1, STREAM_STDOUT, 0, 100);
	job_credit(&worker, 1, STREAM_STDERR, 0, 100);
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

static unsigned int count_heard(uint8_t type, uint32_t stream)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < hearing.count; i++)
		n += hearing.heard[i].frame.type == type && hearing.heard[i].frame.stream == stream;
	return n;
}

/* All that came of a stream since frame @first. */
static size_t gather(uint8_t type, uint32_t stream, unsigned int first, char *text)
{
	size_t length = 0;

	for (unsigned int i = first; i < hearing.count; i++) {
		const struct heard *one = &hearing.heard[i];

		if (one->frame.type != type || one->frame.stream != stream)
			continue;
		memcpy(text + length, one->payload, one->frame.length);
		length += one->frame.length;
	}
	text[length] = 0;
	return length;
}

/* The channel breaks after some bytes were taken: the rest comes again, and nothing that was taken. */
static void output_and_end_outlive_the_channel(void)
{
	char text[100];
	unsigned int first;

	begin();
	keep = true;
	put_command("/bin/sh", "-c", "printf 0123456789; printf abc >&2; exit 3");
	start(1);
	job_credit(&worker, 1, STREAM_STDOUT, 0, 100);
	job_credit(&worker, 1, STREAM_STDERR, 0, 100);
	while (!count_heard(HVM_FRAME_EXIT, 1))
		go_round();
	job_credit(&worker, 1, STREAM_STDOUT, 4, 100);
	job_detach_all();
	job_resume(&worker);
	first = hearing.count;
	listen_to_it();
	CHECK_EQUAL(hearing.count, first); /* nothing, until it is asked for */

	job_attach(&worker, 1, 0, 0);
	listen_to_it();
	CHECK_EQUAL(count_heard(HVM_FRAME_EXIT, 1), 1); /* not before the output */
	job_credit(&worker, 1, STREAM_STDOUT, 6, 100);
	job_credit(&worker, 1, STREAM_STDERR, 0, 100);
	listen_to_it();
	gather(HVM_FRAME_STDOUT, 1, first, text);
	CHECK(!strcmp(text, "6789"));
	gather(HVM_FRAME_STDERR, 1, first, text);
	CHECK(!strcmp(text, "abc"));
	CHECK_EQUAL(count_heard(HVM_FRAME_EXIT, 1), 2);
	job_release(&worker, 1, 0);
	end();
}

static void a_job_of_another_life_is_not_attached_and_not_released(void)
{
	begin();
	put_command("/bin/sh", "-c", "read line");
	put_u32(&command, HVM_FIELD_RESTARTS, 2);
	start(1);
	job_detach_all();
	job_attach(&worker, 1, 1, 0);
	job_attach(&worker, 7, 2, 0);
	job_release(&worker, 1, 1);
	CHECK_EQUAL(job_count(), 1);
	listen_to_it();
	check_refused(1, "the agent does not have the job");
	check_refused(7, "the agent does not have the job");
	job_attach(&worker, 1, 2, 0);
	job_attach(&worker, 1, 2, 0);
	listen_to_it();
	CHECK_EQUAL(count_heard(HVM_FRAME_STARTED, 1), 2);
	job_release(&worker, 1, 2);
	end();
}

static void a_job_writes_no_more_than_is_kept_however_much_it_may(void)
{
	static char text[1u << 20];
	uint64_t taken = 0;

	begin();
	keep = true;
	put_command("/bin/sh", "-c", "head -c 700000 /dev/zero | tr '\\0' x");
	start(1);
	job_credit(&worker, 1, STREAM_STDERR, 0, 100);
	while (!count_heard(HVM_FRAME_EXIT, 1)) {
		job_credit(&worker, 1, STREAM_STDOUT, taken, UINT32_MAX);
		go_round();
		taken = gather(HVM_FRAME_STDOUT, 1, 0, text);
	}
	CHECK_EQUAL(taken, 700000);
	job_release(&worker, 1, 0);
	end();
}

static void credit_for_what_there_is_not_changes_nothing(void)
{
	begin();
	put_command("/bin/sh", "-c", "echo hello");
	start(1);
	job_credit(&worker, 1, STREAM_STDOUT, 1, 100);
	job_credit(&worker, 1, STREAM_STDOUT, UINT64_MAX, UINT32_MAX);
	job_credit(&worker, 1, STREAM_REPORT, 1, 0);
	job_credit(&worker, 1, STREAM_STDIN, 0, 100);
	job_credit(&worker, 1, 77, 0, 100);
	job_credit(&worker, 2, STREAM_STDOUT, 0, 100);
	job_credit(&worker, 1, STREAM_STDOUT, 0, 100);
	job_credit(&worker, 1, STREAM_STDERR, 0, 100);
	run_to_the_end();
	check_output(1, "hello\n");
	end();
}

static void report_lines_come_again_from_where_they_are_wanted(void)
{
	struct report report = {.kept = NULL};
	int pipe_ends[2];

	begin();
	CHECK(!pipe(pipe_ends));
	CHECK_EQUAL(write(pipe_ends[1], "one\ntwo\nthree\nfo", 16), 16);
	CHECK_EQUAL(report_read(&report, pipe_ends[0]), 16);
	report_send(&report, worker.channel, 1);
	listen_to_it();
	CHECK_EQUAL(count_heard(HVM_FRAME_REPORT, 1), 3);
	CHECK(report_taken(&report, 1));
	CHECK(!report_taken(&report, 4));
	CHECK(!report_taken(&report, 0));
	report_resume(&report, 2);
	close(pipe_ends[1]);
	CHECK_EQUAL(report_read(&report, pipe_ends[0]), 0);
	report_send(&report, worker.channel, 2);
	listen_to_it();
	CHECK_EQUAL(count_heard(HVM_FRAME_REPORT, 2), 2);
	CHECK(!memcmp(heard(HVM_FRAME_REPORT, 2)->payload, "three", 5));
	report_resume(&report, 77); /* a log that has more than there was */
	CHECK(report_is_sent(&report));
	close(pipe_ends[0]);
	report_free(&report);
	end();
}

static void a_reporter_without_end_waits(void)
{
	struct report report = {.kept = NULL};
	int pipe_ends[2];
	static char line[5000];

	begin();
	memset(line, 'x', sizeof(line));
	CHECK(!pipe(pipe_ends));
	for (int i = 0; i < 100 && report_has_room(&report); i++) {
		CHECK_EQUAL(write(pipe_ends[1], line, sizeof(line)), sizeof(line));
		while (report_has_room(&report) && report_read(&report, pipe_ends[0]) == 2048)
			;
	}
	CHECK(!report_has_room(&report));
	CHECK_EQUAL(report_read(&report, pipe_ends[0]), -1);
	report_send(&report, worker.channel, 1);
	CHECK(report_taken(&report, report.written));
	CHECK(report_has_room(&report));
	close(pipe_ends[0]);
	close(pipe_ends[1]);
	report_free(&report);
	end();
}

/* The job itself opens its files, by its own rights; both outputs may be one. */
static void streams_can_be_files(void)
{
	char folder[] = "/tmp/agent-test-XXXXXX", in[64], out[64], text[64] = "";
	FILE *file;

	begin();
	CHECK(mkdtemp(folder));
	snprintf(in, sizeof(in), "%s/in", folder);
	snprintf(out, sizeof(out), "%s/out", folder);
	file = fopen(in, "w");
	fputs("input\n", file);
	fclose(file);
	for (uint32_t round = 0; round < 3; round++) {
		put_command("/bin/sh", "-c", "cat; echo error >&2");
		put_text(&command, HVM_FIELD_STDIN_FILE, in);
		put_text(&command, HVM_FIELD_STDOUT_FILE, out);
		put_text(&command, HVM_FIELD_STDERR_FILE, out);
		put_u32(&command, HVM_FIELD_APPEND, round == 2);
		start(1);
		run_to_the_end();
	}
	file = fopen(out, "r");
	CHECK_EQUAL(fread(text, 1, sizeof(text), file), 24);
	fclose(file);
	CHECK(!strncmp(text, "input\nerror\ninput\nerror\n", 24));
	CHECK_EQUAL(count_heard(HVM_FRAME_STDOUT, 1), 0);
	remove(in);
	remove(out);
	remove(folder);
	end();
}

static void a_file_that_cannot_be_opened_is_named(void)
{
	static const char expected[] = "refused errno=2 reason=cannot open /nowhere/out: No such file or directory";
	struct field status;

	begin();
	put_command("/bin/sh", "-c", "true");
	put_text(&command, HVM_FIELD_STDIN_FILE, "/dev/null");
	put_text(&command, HVM_FIELD_STDOUT_FILE, "/nowhere/out");
	put_text(&command, HVM_FIELD_STDERR_FILE, "/dev/null");
	start(1);
	run_to_the_end();
	CHECK_EQUAL(heard(HVM_FRAME_REPORT, 1)->frame.length, strlen(expected));
	CHECK(!memcmp(heard(HVM_FRAME_REPORT, 1)->payload, expected, strlen(expected)));
	status = field_of(heard(HVM_FRAME_EXIT, 1), HVM_FIELD_EXIT_CODE);
	CHECK_EQUAL(field_u32(&status), 125);
	end();
}

/* Nonsense by the ten thousand, over jobs that run, end and are attached again: bounded, and no harm to the next. */
static void random_orders_do_no_harm(void)
{
	static const char *const scripts[] = {"cat", "head -c 100000 /dev/zero", "exit 1", "exec >&-; sleep 100"};
	static uint8_t bytes[512u << 10];
	uint64_t seed = 20261121;

	begin();
	for (int i = 0; i < 20000; i++) {
		uint32_t stream = (uint32_t)(test_random(&seed) % 8), number = (uint32_t)(test_random(&seed) % 300000);
		uint32_t restarts = (uint32_t)(test_random(&seed) % 2), kind = (uint32_t)(test_random(&seed) % 5);
		uint64_t offset = test_random(&seed) % 3 ? test_random(&seed) % 200000 : test_random(&seed);

		switch (test_random(&seed) % 64) {
		case 0:
			put_command("/bin/sh", "-c", scripts[test_random(&seed) % 4]);
			start(stream);
			break;
		case 1:
			job_detach_all();
			break;
		case 2 ... 9:
			job_attach(&worker, stream, restarts, offset);
			break;
		case 10:
			job_release(&worker, stream, restarts);
			break;
		case 11:
			job_signal(&worker, stream, number % 70);
			break;
		case 12:
			job_stdin_end(&worker, stream);
			break;
		case 13 ... 29:
			job_stdin(&worker, stream, bytes, number);
			break;
		default:
			job_credit(&worker, stream, kind, offset, number);
		}
		if (i % 8 == 0) {
			struct epoll_event event;

			while (epoll_wait(worker.epoll, &event, 1, 0) == 1 && event.data.u64 != KEY_SIGNALS)
				job_ready(&worker, event.data.u64);
			reap();
			job_resume(&worker);
			CHECK(channel_write(worker.channel));
			heard_bytes = wire.out_length = 0;
		}
	}
	for (uint32_t stream = 0; stream < 8; stream++)
		job_release(&worker, stream, 0);
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
	RUN(output_and_end_outlive_the_channel);
	RUN(a_job_of_another_life_is_not_attached_and_not_released);
	RUN(a_job_writes_no_more_than_is_kept_however_much_it_may);
	RUN(credit_for_what_there_is_not_changes_nothing);
	RUN(report_lines_come_again_from_where_they_are_wanted);
	RUN(a_reporter_without_end_waits);
	RUN(streams_can_be_files);
	RUN(a_file_that_cannot_be_opened_is_named);
	RUN(random_orders_do_no_harm);
}
