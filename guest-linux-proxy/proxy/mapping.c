/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES (PATH_MAX + 256)

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

static const char *skip_field(const char *text)
{
	text += strcspn(text, " ");
	return text + strspn(text, " ");
}

/* START-END PERMISSIONS OFFSET DEVICE INODE [NAME] */
static bool parse(const char *text, struct mapping *mapping)
{
	mapping->start = parse_hex(&text);
	if (*text++ != '-')
		return false;
	mapping->end = parse_hex(&text);
	if (mapping->end <= mapping->start || strlen(text) < sizeof(" rwxp "))
		return false;
	mapping->writable = text[2] == 'w';
	mapping->executable = text[3] == 'x';
	text = skip_field(text + 1);
	mapping->offset = parse_hex(&text);
	mapping->name = skip_field(skip_field(skip_field(text)));
	return true;
}

int mapping_each(bool (*visit)(const struct mapping *mapping, void *context), void *context)
{
	char text[LINE_MAX_BYTES];
	size_t size = 0;
	bool more = true;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (more) {
		ssize_t n = read(fd, text + size, sizeof(text) - 1 - size);
		char *end;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		size += (size_t)n;
		text[size] = 0;
		while (more && (end = memchr(text, '\n', size)) != NULL) {
			struct mapping mapping;

			*end = 0;
			more = !parse(text, &mapping) || visit(&mapping, context);
			size -= (size_t)(end + 1 - text);
			memmove(text, end + 1, size + 1);
		}
		if (size == sizeof(text) - 1)
			size = 0; /* the kernel writes no line that long */
	}
	close(fd);
	return 0;
}
