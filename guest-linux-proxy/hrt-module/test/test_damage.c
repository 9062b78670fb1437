/* SPDX-License-Identifier: Apache-2.0 */
/* Damaged modules by the thousand: refused with a reason, or an image that keeps its promises. */
#include "test.h"

#include "module_file.h"

#define ROUNDS 20000

static const uint64_t interesting[] = {
    0,
    1,
    8,
    0xff,
    0xfff,
    0x1000,
    0x7fffffff,
    0xffffffff,
    1ull << 26,
    1ull << 30,
    1ull << 32,
    1ull << 61,
    0x7fffffffffffffff,
    0x8000000000000000,
    UINT64_MAX,
    UINT64_MAX - 7,
};

/* xorshift64* (Vigna 2016). */
static uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

/* Most blows into headers and tables, which are at the beginning; the dynamic section is behind. */
static uint64_t place(uint64_t size, uint64_t *seed)
{
	uint64_t end = random_next(seed) % 2 ? size : size < 1536 ? size : 1536;

	return random_next(seed) % end;
}

static void damage(struct sample *file, uint64_t *seed)
{
	unsigned int blows = 1 + (unsigned int)(random_next(seed) % 6);

	for (unsigned int i = 0; i < blows; i++) {
		uint64_t value = interesting[random_next(seed) % (sizeof(interesting) / sizeof(*interesting))];
		uint64_t width = 1ull << random_next(seed) % 4;
		uint64_t at = place(file->size, seed) & ~(width - 1);

		if (random_next(seed) % 3 == 0)
			value = random_next(seed);
		if (random_next(seed) % 3 == 0)
			value = file->bytes[at] + 1 - random_next(seed) % 3;
		if (at + width <= file->size)
			memcpy(file->bytes + at, &value, width);
	}
}

static void keeps_its_promises(const struct module_image *image, const struct hvm_module_symbol *symbols,
			       uint32_t count)
{
	CHECK(image->size > 0 && image->size <= HVM_MODULE_IMAGE_MAX);
	CHECK(image->size <= image->memory_size && image->memory_size <= HVM_MODULE_SPAN);
	CHECK(count > 0 && count <= HVM_MODULE_SYMBOLS);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t offset = symbols[i].address - HVM_MODULE_VA;

		CHECK(symbols[i].name[0] && memchr(symbols[i].name, 0, HVM_SYMBOL_MAX));
		CHECK(offset < image->memory_size && symbols[i].size <= image->memory_size - offset);
	}
}

/* True if it was loaded. */
static bool attempt(const struct sample *file)
{
	struct module_problem problem = {.error = 0};
	struct hvm_module_symbol *symbols;
	struct module_image image;
	uint32_t count;
	bool loaded;

	loaded = module_image_read(&image, file->bytes, file->size, &problem) == 0 &&
		 module_image_relocate(&image, HVM_MODULE_VA, &problem) == 0 &&
		 module_image_functions(&image, HVM_MODULE_VA, &symbols, &count, &problem) == 0;
	if (loaded) {
		keeps_its_promises(&image, symbols, count);
		free(symbols);
	} else {
		CHECK(problem.error > 0 && problem.text[0]);
	}
	module_image_free(&image);
	return loaded;
}

static void attack(const char *name, uint64_t seed)
{
	struct sample good = sample_read(name);
	unsigned int loaded = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct sample file = {.size = good.size};

		if (random_next(&seed) % 16 == 0)
			file.size = 1 + random_next(&seed) % good.size;
		file.bytes = malloc(file.size);
		memcpy(file.bytes, good.bytes, file.size);
		damage(&file, &seed);
		loaded += attempt(&file);
		free(file.bytes);
	}
	free(good.bytes);
	/* An attack that only ever sees one answer tests nothing. */
	CHECK(loaded > ROUNDS / 100 && loaded < ROUNDS - ROUNDS / 100);
}

static void damaged_modules_are_refused_or_keep_their_promises(void)
{
	attack("good.so", 1);
	attack("sysv.so", 0x9e3779b97f4a7c15);
}

void test_damage(void)
{
	RUN(damaged_modules_are_refused_or_keep_their_promises);
}
