/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "../report.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static char text[8192];

static const char *read_report(int fd)
{
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = 0;
	return text;
}

static int open_report(void)
{
	int ends[2];

	CHECK_EQUAL(pipe2(ends, O_NONBLOCK), 0);
	report_to(ends[1]);
	return ends[0];
}

static void a_line_is_one_line(void)
{
	int fd = open_report();

	report_line("refused reason=%s", "a\nb\tc\x7f");
	CHECK(strcmp(read_report(fd), "refused reason=a?b?c?\n") == 0);
	close(fd);
}

static void a_long_line_is_cut_and_still_ends(void)
{
	char big[3000];
	int fd = open_report();

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	report_line("%s", big);
	CHECK_EQUAL(strlen(read_report(fd)), 1024);
	CHECK(text[1023] == '\n' && text[1022] == 'x');
	close(fd);
}

static void an_unserved_call_is_named_once(void)
{
	int fd = open_report();

	report_unserved(435, NULL);
	report_unserved(435, NULL);
	report_unserved(101, "would-harm-the-proxy");
	report_unserved(60000, NULL);
	report_unserved(50000, NULL);
	CHECK(strcmp(read_report(fd), "unserved nr=435 name=clone3\n"
				      "unserved nr=101 name=ptrace note=would-harm-the-proxy\n"
				      "unserved nr=60000 name=unknown\n") == 0);
	close(fd);
}

static void a_reader_that_left_does_not_raise_sigpipe(void)
{
	sigset_t pending;

	close(open_report());
	report_line("nobody hears this");
	sigpending(&pending);
	CHECK(!sigismember(&pending, SIGPIPE));
	report_to(-1);
}

static void a_quiet_report_has_errors_only(void)
{
	int fd = open_report();

	report_info("started cores=1");
	report_quietly();
	report_info("stats local=0");
	report_line("refused errno=2");
	CHECK(strcmp(read_report(fd), "started cores=1\nrefused errno=2\n") == 0);
	close(fd);
}

void test_report(void)
{
	RUN(a_line_is_one_line);
	RUN(a_long_line_is_cut_and_still_ends);
	RUN(an_unserved_call_is_named_once);
	RUN(a_reader_that_left_does_not_raise_sigpipe);
	RUN(a_quiet_report_has_errors_only);
}
