/* SPDX-License-Identifier: Apache-2.0 */
#include "script.h"

#include <string.h>

bool script_is(const char *head, size_t size)
{
	return size >= 2 && head[0] == '#' && head[1] == '!';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void copy(char to[SCRIPT_LINE], const char *from, const char *end)
{
	memcpy(to, from, (size_t)(end - from));
	to[end - from] = 0;
}

bool script_parse(const char *head, size_t size, struct script *script)
{
	const char *limit = head + (size < SCRIPT_LINE ? size : SCRIPT_LINE);
	const char *start = head + 2, *end = start, *name_end;
	bool whole;

	while (end < limit && *end != '\n' && *end != 0)
		end++;
	whole = end < limit || size < SCRIPT_LINE;
	while (start < end && is_blank(*start))
		start++;
	for (name_end = start; name_end < end && !is_blank(*name_end); name_end++)
		;
	/* A line that goes on behind what was read is good if the interpreter's name ended before. */
	if (name_end == start || (name_end == end && !whole))
		return false;
	copy(script->interpreter, start, name_end);
	while (name_end < end && is_blank(*name_end))
		name_end++;
	while (end > name_end && is_blank(end[-1]))
		end--;
	copy(script->argument, name_end, end);
	return true;
}
