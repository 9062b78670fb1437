/* SPDX-License-Identifier: Apache-2.0 */
/* Damaged headers by the hundred thousand: whatever is accepted must keep the promises of struct elf_program. */
#include "elf_builder.h"
#include "test.h"

#include "../elf.h"

#include <sys/mman.h>

#define ROUNDS 200000

static const uint64_t interesting[] = {
    0,
    1,
    0xfff,
    0x1000,
    0x1001,
    0x403000,
    0x7fffffff,
    1ull << 32,
    1ull << 47,
    0x7ffffffff000,
    0x7fffffffffffffff,
    0x8000000000000000,
    UINT64_MAX,
    UINT64_MAX - 0xfff,
};

static void damage(uint8_t *bytes, size_t size, uint64_t *seed)
{
	unsigned int count = 1 + (unsigned int)(test_random(seed) % 4);

	for (unsigned int i = 0; i < count; i++) {
		uint64_t value = interesting[test_random(seed) % (sizeof(interesting) / sizeof(*interesting))];
		size_t at = test_random(seed) % size;
		size_t width = (size_t)1 << test_random(seed) % 4;

		if (test_random(seed) % 3 == 0)
			value = test_random(seed);
		at &= ~(width - 1);
		memcpy(bytes + at, &value, width);
	}
}

static void keeps_its_promises(const struct elf_program *program, uint64_t file_size)
{
	uint64_t end = program->position_independent ? 0 : ELF_ADDRESS_MIN;

	CHECK(program->segment_count >= 1 && program->segment_count <= ELF_SEGMENTS_MAX);
	CHECK(program->align >= 4096 && (program->align & (program->align - 1)) == 0);
	CHECK(program->low < program->high && program->high <= ELF_ADDRESS_END);
	for (unsigned int i = 0; i < program->segment_count; i++) {
		const struct elf_segment *segment = &program->segment[i];

		CHECK((segment->address & ~0xfffull) >= (end & ~0xfffull));
		CHECK(segment->memory_size > 0 && segment->file_size <= segment->memory_size);
		CHECK(segment->offset + segment->file_size >= segment->offset);
		CHECK(segment->offset + segment->file_size <= file_size);
		CHECK((segment->address ^ segment->offset) % 4096 == 0);
		CHECK((segment->protection & ~(PROT_READ | PROT_WRITE | PROT_EXEC)) == 0);
		end = (segment->address + segment->memory_size + 4095) & ~0xfffull;
		CHECK(end > segment->address && end <= program->high);
	}
	CHECK(program->entry >= program->low && program->entry < program->high);
	if (program->interpreter_size) {
		CHECK(program->interpreter_size >= 2 && program->interpreter_size <= 4096);
		CHECK(program->interpreter_offset <= file_size);
		CHECK(program->interpreter_size <= file_size - program->interpreter_offset);
	}
	CHECK(!program->headers || (program->headers >= program->low && program->headers < program->high));
}

static void fuzz(uint64_t seed)
{
	unsigned int accepted = 0, refused = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct built file = i % 2 ? built_program() : built_dynamic_program();
		struct elf_program program;
		struct refusal refusal;
		Elf64_Ehdr header;
		size_t size = sizeof(file);
		/* Exactly as large as announced, so that the sanitizer sees every byte read beyond. */
		uint8_t *bytes, *table;

		damage((uint8_t *)&file, sizeof(file), &seed);
		if (test_random(&seed) % 16 == 0)
			size = test_random(&seed) % sizeof(file);
		bytes = malloc(size ? size : 1);
		memcpy(bytes, &file, size);
		refusal.text[0] = 0;
		if (elf_check_header(bytes, size, BUILDER_FILE_SIZE, &header, &refusal)) {
			CHECK(refusal.text[0] != 0);
			refused++;
			free(bytes);
			continue;
		}
		table = calloc(header.e_phnum, sizeof(Elf64_Phdr));
		memcpy(table, file.segment, (header.e_phnum < 4 ? header.e_phnum : 4) * sizeof(Elf64_Phdr));
		if (elf_check_segments(&header, table, BUILDER_FILE_SIZE, &program, &refusal)) {
			CHECK(refusal.text[0] != 0);
			refused++;
		} else {
			keeps_its_promises(&program, BUILDER_FILE_SIZE);
			accepted++;
		}
		free(table);
		free(bytes);
	}
	/* A fuzzer that only ever sees one answer tests nothing. */
	CHECK(accepted > ROUNDS / 100);
	CHECK(refused > ROUNDS / 100);
}

static void damaged_headers_are_refused_or_keep_their_promises(void)
{
	fuzz(1);
	fuzz(0x9e3779b97f4a7c15);
}

void test_elf_fuzz(void)
{
	RUN(damaged_headers_are_refused_or_keep_their_promises);
}
