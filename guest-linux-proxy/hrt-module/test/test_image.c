/* SPDX-License-Identifier: Apache-2.0 */
/* What gcc makes is laid out so that it runs, natively here; what no module may have is refused by its name. */
#include "test.h"

#include "module_file.h"

#include <elf.h>
#include <errno.h>
#include <sys/mman.h>

struct loaded {
	uint8_t *at;
	uint64_t size;
	struct hvm_module_symbol *symbols;
	uint32_t count;
};

static struct loaded load(const char *name)
{
	struct sample sample = sample_read(name);
	struct module_problem problem;
	struct module_image image;
	struct loaded loaded;

	CHECK(module_image_read(&image, sample.bytes, sample.size, &problem) == 0);
	loaded.size = image.memory_size;
	loaded.at =
	    mmap(NULL, image.memory_size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(loaded.at != MAP_FAILED);
	CHECK(module_image_relocate(&image, (uint64_t)loaded.at, &problem) == 0);
	CHECK(module_image_functions(&image, (uint64_t)loaded.at, &loaded.symbols, &loaded.count, &problem) == 0);
	CHECK(image.size <= image.memory_size);
	memcpy(loaded.at, image.bytes, image.size);
	module_image_free(&image);
	free(sample.bytes);
	return loaded;
}

static void unload(struct loaded *loaded)
{
	munmap(loaded->at, loaded->size);
	free(loaded->symbols);
}

static void *function(const struct loaded *loaded, const char *name)
{
	for (uint32_t i = 0; i < loaded->count; i++)
		if (!strcmp(loaded->symbols[i].name, name))
			return (void *)loaded->symbols[i].address;
	return NULL;
}

static void check_that_it_runs(const char *name)
{
	struct loaded loaded = load(name);
	long (*add)(long, long) = (long (*)(long, long))function(&loaded, "good_add");
	long (*call)(long) = (long (*)(long))function(&loaded, "good_call");
	char *(*zeroed)(void) = (char *(*)(void))function(&loaded, "good_zeroed");
	int (*is_absent)(void) = (int (*)(void))function(&loaded, "good_is_absent");

	CHECK(loaded.count == 4);
	CHECK(!function(&loaded, "good_hidden"));
	CHECK(add(1, 2) == 10);
	CHECK(call(5) == 22);
	CHECK((uint8_t *)zeroed() > loaded.at && (uint8_t *)zeroed() + 10000 <= loaded.at + loaded.size);
	for (int i = 0; i < 10000; i++)
		CHECK(zeroed()[i] == 0);
	CHECK(is_absent());
	unload(&loaded);
}

static void a_module_runs_where_it_was_relocated_for(void)
{
	check_that_it_runs("good.so");
}

static void the_older_hash_table_will_do(void)
{
	check_that_it_runs("sysv.so");
}

static void memcpy_and_its_like_are_linked_in(void)
{
	struct loaded loaded = load("memory.so");
	void (*copy)(void *, const void *) = (void (*)(void *, const void *))function(&loaded, "memory_copy");
	int (*differs)(const void *, const void *) =
	    (int (*)(const void *, const void *))function(&loaded, "memory_differs");
	char from[5000], to[5000];

	CHECK(loaded.count == 2);
	memset(from, 3, sizeof(from));
	memset(to, 0, sizeof(to));
	CHECK(differs(to, from) < 0);
	copy(to, from);
	CHECK(differs(to, from) == 0);
	unload(&loaded);
}

static void functions_have_their_sizes(void)
{
	struct loaded loaded = load("good.so");

	for (uint32_t i = 0; i < loaded.count; i++) {
		CHECK(loaded.symbols[i].size > 0);
		CHECK(loaded.symbols[i].address >= (uint64_t)loaded.at);
		CHECK(loaded.symbols[i].address + loaded.symbols[i].size <= (uint64_t)loaded.at + loaded.size);
	}
	unload(&loaded);
}

/* The text with which @sample is refused. */
static const char *refusal_of(const struct sample *sample)
{
	static struct module_problem problem;
	struct module_image image;
	struct hvm_module_symbol *symbols;
	uint32_t count;
	int result;

	problem.text[0] = 0;
	result = module_image_read(&image, sample->bytes, sample->size, &problem);
	if (!result)
		result = module_image_relocate(&image, HVM_MODULE_VA, &problem);
	if (!result)
		result = module_image_functions(&image, HVM_MODULE_VA, &symbols, &count, &problem);
	CHECK(result == -1);
	CHECK(problem.error == ENOEXEC);
	module_image_free(&image);
	free(sample->bytes);
	return problem.text;
}

static const char *refusal(const char *name)
{
	struct sample sample = sample_read(name);

	return refusal_of(&sample);
}

static const char *refusal_of_first(uint64_t size)
{
	struct sample sample = sample_read("good.so");

	sample.size = size;
	sample.bytes = realloc(sample.bytes, size ? size : 1);
	return refusal_of(&sample);
}

static void what_is_no_module_is_refused_by_its_name(void)
{
	CHECK_CONTAINS(refusal("needs.so"), "it needs \"somewhere_else\", which is not in it");
	CHECK_CONTAINS(refusal("library.so"), "it needs the library libc.so.6");
	CHECK_CONTAINS(refusal("thread-local.so"), "thread-local variables");
	CHECK_CONTAINS(refusal("constructor.so"), "it has constructors");
	CHECK_CONTAINS(refusal("destructor.so"), "it has destructors");
	CHECK_CONTAINS(refusal("chosen.so"), "(ifunc)");
	CHECK_CONTAINS(refusal("nothing.so"), "no global function");
	CHECK_CONTAINS(refusal("position.so"), "compile it with -fPIC");
	CHECK_CONTAINS(refusal("program"), "it is a program");
	CHECK_CONTAINS(refusal("object.o"), "it is an object file");
}

/* The entry that counts relative relocations is made one that announces packed ones. */
static void relocations_of_another_kind_are_refused(void)
{
	struct sample sample = sample_read("good.so");
	const uint64_t from = DT_RELACOUNT, to = DT_RELRSZ;
	uint8_t *entry = memmem(sample.bytes, sample.size, &from, sizeof(from));

	CHECK(entry);
	memcpy(entry, &to, sizeof(to));
	CHECK_CONTAINS(refusal_of(&sample), "-z pack-relative-relocs");
}

static void a_file_that_is_cut_off_is_refused(void)
{
	CHECK_CONTAINS(refusal_of_first(0), "it has 0 bytes");
	CHECK_CONTAINS(refusal_of_first(64), "it is cut off");
	CHECK_CONTAINS(refusal_of_first(4096), "it is cut off");
}

void test_image(void)
{
	RUN(a_module_runs_where_it_was_relocated_for);
	RUN(the_older_hash_table_will_do);
	RUN(memcpy_and_its_like_are_linked_in);
	RUN(functions_have_their_sizes);
	RUN(what_is_no_module_is_refused_by_its_name);
	RUN(relocations_of_another_kind_are_refused);
	RUN(a_file_that_is_cut_off_is_refused);
}
