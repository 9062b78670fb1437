/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include "names.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 1024 /* longest line; below PIPE_BUF, so that a line arrives whole */
#define NUMBERS	   512	/* call numbers that are told apart; all higher ones share the last bit */

_Static_assert(LINE_BYTES <= PIPE_BUF, "a report line must be written atomically");

static int report_fd = -1;
static bool quiet;
static _Atomic uint64_t reported[NUMBERS / 64];

void report_to(int fd)
{
	report_fd = fd;
}

int report_descriptor(void)
{
	return report_fd;
}

void report_quietly(void)
{
	quiet = true;
}

bool report_is_quiet(void)
{
	return quiet;
}

static void write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd writable = {.fd = fd, .events = POLLOUT};

			poll(&writable, 1, 1000);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		size -= (size_t)n;
	}
}

/* A reader that is gone must not kill the program: hold SIGPIPE back and drop the one that the write made. */
static void write_without_sigpipe(int fd, const char *text, size_t size)
{
	static const struct timespec now;
	sigset_t pipe_signal, pending, before;

	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	sigpending(&pending);
	sigprocmask(SIG_BLOCK, &pipe_signal, &before);
	write_all(fd, text, size);
	if (!sigismember(&pending, SIGPIPE))
		while (sigtimedwait(&pipe_signal, NULL, &now) < 0 && errno == EINTR)
			;
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void report(const char *format, va_list list)
{
	int saved = errno;
	char line[LINE_BYTES];
	size_t size = 0, room;
	int n;

	if (report_fd < 0)
		size = (size_t)snprintf(line, sizeof(line), "hvm-proxy: ");
	room = sizeof(line) - size; /* of which one byte is for the newline */
	n = vsnprintf(line + size, room, format, list);
	if (n > 0)
		size += (size_t)n < room - 1 ? (size_t)n : room - 1;
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[size++] = '\n';
	write_without_sigpipe(report_fd < 0 ? STDERR_FILENO : report_fd, line, size);
	errno = saved;
}

void report_line(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	report(format, list);
	va_end(list);
}

void report_info(const char *format, ...)
{
	va_list list;

	if (quiet)
		return;
	va_start(list, format);
	report(format, list);
	va_end(list);
}

void report_refusal(const struct refusal *refusal)
{
	report_line("refused errno=%d reason=%s", refusal->error, refusal->text);
}

void report_unserved(unsigned int nr, const char *note)
{
	unsigned int bit = nr < NUMBERS ? nr : NUMBERS - 1;
	uint64_t mask = 1ull << bit % 64;

	if (atomic_fetch_or(&reported[bit / 64], mask) & mask)
		return;
	report_line("unserved nr=%u name=%s%s%s", nr, syscall_name(nr), note ? " note=" : "", note ? note : "");
}
