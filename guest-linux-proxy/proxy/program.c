/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

#include "descriptor.h"
#include "executable.h"
#include "heap.h"
#include "interpreter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"

static bool is_executable_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) && faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

/* The first executable file of that name in PATH, as execvp(3) looks for it. */
static int search_path(const char *name, char path[PATH_MAX], struct refusal *refusal)
{
	const char *folders = getenv("PATH");
	bool denied = false;

	if (!folders)
		folders = DEFAULT_PATH;
	for (const char *folder = folders;; folder++) {
		int length = (int)strcspn(folder, ":");

		if (snprintf(path, PATH_MAX, "%.*s%s%s", length, folder, length ? "/" : "", name) < PATH_MAX) {
			if (is_executable_file(path))
				return 0;
			denied = denied || access(path, F_OK) == 0;
		}
		folder += length;
		if (*folder == 0)
			break;
	}
	if (denied)
		return refuse(refusal, EACCES, "%s: found in PATH, but not executable for this user", name);
	return refuse(refusal, ENOENT, "%s: no such program in PATH=%s", name, folders);
}

static int find(const char *name, char path[PATH_MAX], struct refusal *refusal)
{
	if (*name == 0)
		return refuse(refusal, ENOENT, "the program's name is empty");
	if (!strchr(name, '/'))
		return search_path(name, path, refusal);
	if (strlen(name) >= PATH_MAX)
		return refuse(refusal, ENAMETOOLONG, "the program's path has %zu bytes; allowed: %d", strlen(name),
			      PATH_MAX - 1);
	strcpy(path, name);
	return 0;
}

/* @interpreter: where it came to lie, zeroes for a static program. */
static int build_stack(struct program *program, const struct elf_program *elf, const struct image *interpreter,
		       int argument_count, char *const *arguments, char *const *environment, struct refusal *refusal)
{
	const struct stack_auxiliary auxiliary[] = {
	    {AT_SYSINFO_EHDR, getauxval(AT_SYSINFO_EHDR)}, /* this process's vDSO runs on HRT cores as well */
	    {AT_MINSIGSTKSZ, getauxval(AT_MINSIGSTKSZ)},
	    {AT_HWCAP, getauxval(AT_HWCAP)},
	    {AT_PAGESZ, 4096},
	    {AT_CLKTCK, getauxval(AT_CLKTCK)},
	    {AT_PHDR, program->image.headers},
	    {AT_PHENT, sizeof(Elf64_Phdr)},
	    {AT_PHNUM, program->image.header_count},
	    {AT_BASE, interpreter->bias},
	    {AT_FLAGS, 0},
	    {AT_ENTRY, program->image.entry},
	    {AT_UID, getuid()},
	    {AT_EUID, geteuid()},
	    {AT_GID, getgid()},
	    {AT_EGID, getegid()},
	    {AT_SECURE, 0},
	    {AT_HWCAP2, getauxval(AT_HWCAP2)},
	};
	struct stack_content content = {
	    .argument_count = (size_t)argument_count,
	    .arguments = arguments,
	    .environment = environment,
	    .file_name = program->path,
	    .platform = "x86_64",
	    .auxiliary_count = sizeof(auxiliary) / sizeof(*auxiliary),
	    .auxiliary = auxiliary,
	};

	if (getrandom(content.random, sizeof(content.random), 0) != sizeof(content.random))
		return refuse(refusal, errno, "no random bytes for its stack");
	if (stack_map(elf->executable_stack, &program->stack, refusal))
		return -1;
	return stack_build(&content, (uint8_t *)program->stack.low, program->stack.low, program->stack.high,
			   &program->stack_pointer, refusal);
}

/* The file's absolute path, as readlink("/proc/self/exe") answers. */
static void resolve_file(struct program *program)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", program->fd);
	n = readlink(link, program->file, sizeof(program->file) - 1);
	if (n < 0)
		strcpy(program->file, program->path);
	else
		program->file[n] = 0;
}

static void name_process(const char *path)
{
	const char *slash = strrchr(path, '/');

	prctl(PR_SET_NAME, slash ? slash + 1 : path); /* as exec does; ps and top show the program */
}

/* Put the path before what is wrong with the file. */
static int blame(const char *path, struct refusal *refusal)
{
	char text[REFUSAL_TEXT_MAX];

	memcpy(text, refusal->text, sizeof(text));
	return refuse(refusal, refusal->error, "%.140s: %s", path, text);
}

static int open_program(struct program *program, struct executable *file, struct refusal *refusal)
{
	if (executable_open(program->path, file, refusal))
		return -1;
	program->fd = file->fd = descriptor_guard(file->fd);
	if (program->fd < 0)
		return refuse(refusal, -program->fd, "no free file descriptor (RLIMIT_NOFILE)");
	return 0;
}

static int map_images(struct program *program, const struct executable *file, const struct elf_program *elf,
		      struct image *interpreter, struct refusal *refusal)
{
	memset(interpreter, 0, sizeof(*interpreter));
	if (image_map(file->fd, elf, IMAGE_PROGRAM, &program->image, refusal))
		return -1;
	program->start = program->image.entry;
	if (elf->interpreter_size) {
		if (interpreter_map(file, elf, interpreter, refusal))
			return -1;
		program->start = interpreter->entry;
	}
	return 0;
}

int program_load(struct program *program, int argument_count, char *const *arguments, char *const *environment,
		 struct refusal *refusal)
{
	struct image interpreter;
	struct executable file;
	struct elf_program elf;

	if (find(arguments[0], program->path, refusal) || open_program(program, &file, refusal))
		return -1;
	if (executable_check(&file, &elf, refusal) || map_images(program, &file, &elf, &interpreter, refusal))
		return blame(program->path, refusal);
	heap_init(program->image.end, program->image.data_end - program->image.data_start);
	if (build_stack(program, &elf, &interpreter, argument_count, arguments, environment, refusal))
		return -1;
	resolve_file(program);
	name_process(program->path);
	return 0;
}
