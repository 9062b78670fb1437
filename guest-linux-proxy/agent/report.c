/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a job, as lines: kept until hvmd says that they are on disk. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

#define REPORT_KEPT (64u << 10) /* bytes of all lines */
#define LINE_MAX    2048	/* no line is longer; what comes as one is cut */

/* Counts the lines among bytes that came; one that is too long, or cut off by the end, becomes one as it is. */
static void count_lines(struct report *report, bool over)
{
	size_t left;
	char *end;

	while ((end = memchr(report->kept + report->lines, '\n', report->length - report->lines))) {
		report->lines = (size_t)(end - report->kept) + 1;
		report->written++;
	}
	left = report->length - report->lines;
	if (left >= LINE_MAX || (over && left)) {
		report->kept[report->length++] = '\n'; /* its room is always left */
		report->lines = report->length;
		report->written++;
	}
}

static size_t room(const struct report *report)
{
	size_t left = report->length < REPORT_KEPT - 1 ? REPORT_KEPT - 1 - report->length : 0;

	return left < LINE_MAX ? left : LINE_MAX;
}

bool report_has_room(const struct report *report)
{
	return room(report) > 0;
}

ssize_t report_read(struct report *report, int fd)
{
	ssize_t n;

	if (!report->kept)
		report->kept = malloc(REPORT_KEPT);
	if (!report->kept || !room(report)) {
		errno = EAGAIN;
		return -1;
	}
	n = read(fd, report->kept + report->length, room(report));
	if (n < 0)
		return n;
	report->length += (size_t)n;
	count_lines(report, n == 0);
	return n;
}

bool report_add(struct report *report, const char *line)
{
	size_t length = strlen(line);

	if (!report->kept)
		report->kept = malloc(REPORT_KEPT);
	if (!report->kept)
		return false;
	count_lines(report, true); /* what its end cut off is a line */
	if (room(report) <= length)
		return false;
	memcpy(report->kept + report->length, line, length);
	report->kept[report->length + length] = '\n';
	report->length += length + 1;
	count_lines(report, false);
	return true;
}

void report_send(struct report *report, struct channel *channel, uint32_t stream)
{
	while (report->sent < report->written && !channel_congested(channel)) {
		char *line = report->kept + report->next;
		char *end = memchr(line, '\n', report->lines - report->next);

		channel_send(channel, HVM_FRAME_REPORT, stream, line, (uint32_t)(end - line));
		report->next += (size_t)(end - line) + 1;
		report->sent++;
	}
}

bool report_is_sent(const struct report *report)
{
	return report->sent == report->written;
}

/* Bytes of the first @lines lines that are kept. */
static size_t bytes_of(const struct report *report, uint64_t lines)
{
	size_t at = 0;

	while (lines--)
		at = (size_t)((char *)memchr(report->kept + at, '\n', report->lines - at) - report->kept) + 1;
	return at;
}

bool report_taken(struct report *report, uint64_t lines)
{
	size_t bytes;

	if (lines < report->taken || lines > report->sent)
		return false;
	bytes = lines > report->taken ? bytes_of(report, lines - report->taken) : 0;
	if (bytes)
		memmove(report->kept, report->kept + bytes, report->length - bytes);
	report->length -= bytes;
	report->lines -= bytes;
	report->next -= bytes;
	report->taken = lines;
	return true;
}

void report_resume(struct report *report, uint64_t lines)
{
	report->sent = report->written;
	report->next = report->lines;
	if (lines > report->taken)
		report_taken(report, lines < report->written ? lines : report->written);
	report->sent = report->taken;
	report->next = 0;
}

void report_free(struct report *report)
{
	free(report->kept);
	*report = (struct report){.kept = NULL};
}
