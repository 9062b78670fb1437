/* SPDX-License-Identifier: Apache-2.0 */
#include "stack.h"

#include "paging.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define PAGE	 4096ull
#define SIZE_MIN (128ull << 10)
#define SIZE_CAP (1ull << 30)	/* for RLIMIT_STACK unlimited: it cannot grow later */
#define TOUCHED	 (128ull << 10) /* by every program */
#define POPULATE (8ull << 20)	/* with --populate */

static uint64_t stack_size(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_STACK, &limit))
		return 8ull << 20;
	if (limit.rlim_cur > SIZE_CAP)
		return SIZE_CAP;
	if (limit.rlim_cur < SIZE_MIN)
		return SIZE_MIN;
	return (limit.rlim_cur + PAGE - 1) & ~(PAGE - 1);
}

int stack_map(bool executable, struct stack *stack, struct refusal *refusal)
{
	uint64_t size = stack_size(), filled;
	int protection = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0);
	void *at =
	    mmap(NULL, STACK_GUARD + size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (at == MAP_FAILED || mprotect((uint8_t *)at + STACK_GUARD, size, protection))
		return refuse(refusal, errno, "no memory for a stack of %llu bytes (RLIMIT_STACK)",
			      (unsigned long long)size);
	stack->low = (uint64_t)at + STACK_GUARD;
	stack->high = stack->low + size;
	filled = paging_populates ? POPULATE : TOUCHED;
	if (filled > size)
		filled = size;
	madvise((void *)(stack->high - filled), filled, MADV_POPULATE_WRITE); /* else faulted in: slower, not wrong */
	return 0;
}

/* Where the next bytes go, downwards. */
struct writer {
	uint8_t *memory;
	uint64_t low;	/* address of memory[0] */
	uint64_t limit; /* lowest address that may be written */
	uint64_t at;
	bool full;
};

static void *take(struct writer *writer, uint64_t size)
{
	if (size > writer->at - writer->limit) {
		writer->full = true;
		return NULL;
	}
	writer->at -= size;
	return writer->memory + (writer->at - writer->low);
}

static uint64_t push_bytes(struct writer *writer, const void *bytes, size_t size)
{
	void *to = take(writer, size);

	if (to)
		memcpy(to, bytes, size);
	return writer->at;
}

static uint64_t push_string(struct writer *writer, const char *text)
{
	return push_bytes(writer, text, strlen(text) + 1);
}

static size_t count_strings(char *const *strings)
{
	size_t n = 0;

	while (strings[n])
		n++;
	return n;
}

/* The strings of a vector, first one lowest, as Linux lays them out. */
static void push_strings(struct writer *writer, char *const *strings, size_t count)
{
	while (count)
		push_string(writer, strings[--count]);
}

/* Pointers to @count strings that lie one after the other from *@string on. Returns where to write next. */
static uint64_t *write_pointers(uint64_t *to, char *const *strings, size_t count, uint64_t *string)
{
	for (size_t i = 0; i < count; i++) {
		*to++ = *string;
		*string += strlen(strings[i]) + 1;
	}
	*to++ = 0;
	return to;
}

int stack_build(const struct stack_content *content, uint8_t *memory, uint64_t low, uint64_t high, uint64_t *pointer,
		struct refusal *refusal)
{
	size_t environment_count = count_strings(content->environment);
	size_t words = 1 + content->argument_count + 1 + environment_count + 1 + 2 * (content->auxiliary_count + 4);
	uint64_t room = (high - low) / 4 > SIZE_MIN ? (high - low) / 4 : SIZE_MIN;
	struct writer writer = {
	    .memory = memory, .low = low, .limit = high - low > room ? high - room : low, .at = high};
	uint64_t file_name, strings, platform, random;
	uint64_t *to;

	push_bytes(&writer, "\0\0\0\0\0\0\0", 8); /* Linux' end marker */
	file_name = push_string(&writer, content->file_name);
	push_strings(&writer, content->environment, environment_count);
	push_strings(&writer, content->arguments, content->argument_count);
	strings = writer.at;
	platform = push_string(&writer, content->platform);
	random = push_bytes(&writer, content->random, sizeof(content->random));
	if (!writer.full)
		take(&writer, writer.at % 16);
	if (words % 2)
		take(&writer, 8); /* the stack pointer is a multiple of 16 */
	to = take(&writer, words * sizeof(uint64_t));
	if (writer.full)
		return refuse(refusal, E2BIG,
			      "arguments and environment are too long: more than %llu bytes, a quarter of the stack",
			      (unsigned long long)room);
	*pointer = writer.at;
	*to++ = content->argument_count;
	to = write_pointers(to, content->arguments, content->argument_count, &strings);
	to = write_pointers(to, content->environment, environment_count, &strings);
	for (size_t i = 0; i < content->auxiliary_count; i++) {
		*to++ = content->auxiliary[i].type;
		*to++ = content->auxiliary[i].value;
	}
	*to++ = AT_RANDOM;
	*to++ = random;
	*to++ = AT_PLATFORM;
	*to++ = platform;
	*to++ = AT_EXECFN;
	*to++ = file_name;
	*to++ = AT_NULL;
	*to = 0;
	return 0;
}
