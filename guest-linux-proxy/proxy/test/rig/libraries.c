/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared libraries: one that is linked, one that is opened, thread-local data and constructors in both, functions that
 * are resolved late, and a fault inside one.
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

const char *linked_answer(int number);
void linked_crash(void);

typedef const char *answer_function(int number);

static int count(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	*(int *)data += info->dlpi_phnum > 0;
	return 0;
}

static int tell_auxiliary(void)
{
	const Elf64_Ehdr *interpreter = (const Elf64_Ehdr *)getauxval(AT_BASE);
	int objects = 0;

	printf("base %d, headers %d, objects %d\n", memcmp(interpreter->e_ident, ELFMAG, SELFMAG) == 0,
	       getauxval(AT_PHDR) != 0, dl_iterate_phdr(count, &objects) == 0 && objects >= 4);
	return 0;
}

static int open_plugin(const char *path)
{
	void *library = dlopen(path, RTLD_LAZY);
	answer_function *answer;

	if (!library) {
		printf("dlopen: %s\n", dlerror());
		return 1;
	}
	answer = (answer_function *)dlsym(library, "plugin_answer");
	printf("%s %s\n", answer(1), answer(2));
	printf("closed %d\n", dlclose(library));
	printf("missing %s\n", dlopen("/nowhere/library.so", RTLD_NOW) ? "found" : dlerror());
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "crash") == 0)
		linked_crash();
	printf("%s %s %.10f\n", linked_answer(1), linked_answer(2), cos((double)argc));
	return tell_auxiliary() || (argc > 1 && open_plugin(argv[1]));
}
