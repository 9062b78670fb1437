/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "../stack.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#define LOW  0x10000000ull
#define SIZE (1024ull << 10)

static uint8_t memory[SIZE] __attribute__((aligned(4096)));
static char *const no_strings[] = {NULL};
static const struct stack_auxiliary auxiliary[] = {{AT_PAGESZ, 4096}, {AT_ENTRY, 0x401000}, {AT_SECURE, 0}};

static struct stack_content content_of(size_t count, char *const *arguments, char *const *environment)
{
	return (struct stack_content){
	    .argument_count = count,
	    .arguments = arguments,
	    .environment = environment,
	    .file_name = "/bin/program",
	    .platform = "x86_64",
	    .random = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
	    .auxiliary_count = sizeof(auxiliary) / sizeof(*auxiliary),
	    .auxiliary = auxiliary,
	};
}

static const void *at(uint64_t address)
{
	CHECK(address >= LOW && address < LOW + SIZE);
	return memory + (address - LOW);
}

static uint64_t auxiliary_value(const uint64_t *vector, uint64_t type)
{
	for (; vector[0] != AT_NULL; vector += 2)
		if (vector[0] == type)
			return vector[1];
	fprintf(stderr, "auxiliary entry %llu is missing\n", (unsigned long long)type);
	exit(1);
}

static void lays_out_arguments_environment_and_auxiliary_vector(void)
{
	char *arguments[] = {"program", "one", "", "three words here"};
	char *environment[] = {"HOME=/root", "EMPTY=", NULL};
	struct stack_content content = content_of(4, arguments, environment);
	struct refusal refusal;
	const uint64_t *words;
	uint64_t pointer;

	CHECK_EQUAL(stack_build(&content, memory, LOW, LOW + SIZE, &pointer, &refusal), 0);
	CHECK_EQUAL(pointer % 16, 0);
	words = at(pointer);
	CHECK_EQUAL(words[0], 4);
	for (int i = 0; i < 4; i++)
		CHECK(strcmp(at(words[1 + i]), arguments[i]) == 0);
	CHECK_EQUAL(words[5], 0);
	for (int i = 0; i < 2; i++)
		CHECK(strcmp(at(words[6 + i]), environment[i]) == 0);
	CHECK_EQUAL(words[8], 0);
	CHECK_EQUAL(auxiliary_value(words + 9, AT_PAGESZ), 4096);
	CHECK_EQUAL(auxiliary_value(words + 9, AT_ENTRY), 0x401000);
	CHECK(strcmp(at(auxiliary_value(words + 9, AT_EXECFN)), "/bin/program") == 0);
	CHECK(strcmp(at(auxiliary_value(words + 9, AT_PLATFORM)), "x86_64") == 0);
	CHECK(memcmp(at(auxiliary_value(words + 9, AT_RANDOM)), content.random, 16) == 0);
}

static void argument_strings_lie_one_after_the_other(void)
{
	/* Programs that set their title (setproctitle) count on it. */
	char *arguments[] = {"a", "bc", "def"};
	char *environment[] = {"X=1", NULL};
	struct stack_content content = content_of(3, arguments, environment);
	struct refusal refusal;
	const uint64_t *words;
	uint64_t pointer;

	CHECK_EQUAL(stack_build(&content, memory, LOW, LOW + SIZE, &pointer, &refusal), 0);
	words = at(pointer);
	CHECK_EQUAL(words[2] - words[1], 2);
	CHECK_EQUAL(words[3] - words[2], 3);
	CHECK_EQUAL(words[5] - words[3], 4);
}

static void stack_pointer_is_aligned_for_every_number_of_words(void)
{
	char *arguments[9];

	for (int i = 0; i < 9; i++)
		arguments[i] = "x";
	for (size_t count = 1; count <= 9; count++) {
		struct stack_content content = content_of(count, arguments, no_strings);
		struct refusal refusal;
		uint64_t pointer;

		CHECK_EQUAL(stack_build(&content, memory, LOW, LOW + SIZE, &pointer, &refusal), 0);
		CHECK_EQUAL(pointer % 16, 0);
		CHECK_EQUAL(*(const uint64_t *)at(pointer), count);
	}
}

static void refuses_more_than_a_quarter_of_the_stack(void)
{
	char *large = malloc(SIZE / 4);
	char *arguments[] = {"program", large};
	struct stack_content content = content_of(2, arguments, no_strings);
	struct refusal refusal;
	uint64_t pointer;

	memset(large, 'x', SIZE / 4);
	large[SIZE / 4 - 1] = 0;
	CHECK_EQUAL(stack_build(&content, memory, LOW, LOW + SIZE, &pointer, &refusal), -1);
	CHECK_EQUAL(refusal.error, E2BIG);
	large[SIZE / 4 - 1024] = 0;
	CHECK_EQUAL(stack_build(&content, memory, LOW, LOW + SIZE, &pointer, &refusal), 0);
	free(large);
}

static void a_mapped_stack_has_a_guard_below(void)
{
	struct stack stack;
	struct refusal refusal;
	unsigned char resident;

	CHECK_EQUAL(stack_map(false, &stack, &refusal), 0);
	*(volatile char *)stack.low = 1;
	*(volatile char *)(stack.high - 1) = 1;
	CHECK_EQUAL(mincore((void *)(stack.low - STACK_GUARD), 4096, &resident), 0);
	CHECK_EQUAL(mprotect((void *)(stack.low - STACK_GUARD), STACK_GUARD, PROT_NONE), 0);
	munmap((void *)(stack.low - STACK_GUARD), stack.high - stack.low + STACK_GUARD);
}

void test_stack(void)
{
	RUN(lays_out_arguments_environment_and_auxiliary_vector);
	RUN(argument_strings_lie_one_after_the_other);
	RUN(stack_pointer_is_aligned_for_every_number_of_words);
	RUN(refuses_more_than_a_quarter_of_the_stack);
	RUN(a_mapped_stack_has_a_guard_below);
}
