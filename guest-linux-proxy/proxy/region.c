/* SPDX-License-Identifier: Apache-2.0 */
#include "region.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define REGIONS_MAX   64
#define STACK_RESERVE (8ull << 20) /* the proxy's own stack may grow this far */

struct region {
	uint64_t start, end;
};

static struct region regions[REGIONS_MAX];
static unsigned int count;

void region_add(uint64_t start, uint64_t size)
{
	uint64_t end = start + size;

	if (count && start <= regions[count - 1].end && start >= regions[count - 1].start) {
		if (end > regions[count - 1].end)
			regions[count - 1].end = end;
		return;
	}
	/* Out of room: widen the last one. Refusing too much is safe, forgetting a region is not. */
	if (count == REGIONS_MAX) {
		struct region *last = &regions[REGIONS_MAX - 1];

		last->start = start < last->start ? start : last->start;
		last->end = end > last->end ? end : last->end;
		return;
	}
	regions[count++] = (struct region){start, end};
}

bool region_is_own(uint64_t start, uint64_t size)
{
	uint64_t end;

	if (__builtin_add_overflow(start, size, &end))
		return true;
	for (unsigned int i = 0; i < count; i++)
		if (start < regions[i].end && end > regions[i].start)
			return true;
	return false;
}

/* A hexadecimal number; *text is left behind it. */
static uint64_t parse_hex(const char **text)
{
	uint64_t value = 0;

	for (;; (*text)++) {
		char c = **text;

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return value;
	}
}

/* One line of /proc/self/maps: START-END perms offset dev inode [name]. */
static void note_line(const char *line)
{
	const char *text = line;
	uint64_t start = parse_hex(&text);
	uint64_t end = *text == '-' ? (text++, parse_hex(&text)) : 0;

	if (end <= start || start >> 47)
		return; /* [vsyscall] lies in the upper half */
	if (strstr(line, "[stack]"))
		start -= STACK_RESERVE;
	region_add(start, end - start);
}

int region_note_own(void)
{
	char text[1024];
	size_t size = 0;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n = read(fd, text + size, sizeof(text) - 1 - size);
		char *end;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		size += (size_t)n;
		text[size] = 0;
		while ((end = memchr(text, '\n', size)) != NULL) {
			*end = 0;
			note_line(text);
			size -= (size_t)(end + 1 - text);
			memmove(text, end + 1, size + 1);
		}
		if (size == sizeof(text) - 1)
			size = 0; /* no line of ours is that long */
	}
	close(fd);
	return count ? 0 : -EIO;
}
