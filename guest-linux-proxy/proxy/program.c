/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

#include "descriptor.h"
#include "executable.h"
#include "heap.h"
#include "interpreter.h"
#include "script.h"
#include "vdso.h"

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
	    {AT_SYSINFO_EHDR, program->vdso},
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

/* The vector with the script's interpreter, its argument and the script's path in the place of the first one. */
static int name_interpreter(struct program_source *source, struct script *script, char *path, struct refusal *refusal)
{
	char **arguments = malloc(((size_t)source->argument_count + 3) * sizeof(*arguments));
	int n = 0;

	if (!arguments)
		return refuse(refusal, ENOMEM, "no memory for its arguments");
	arguments[n++] = script->interpreter;
	if (script->argument[0])
		arguments[n++] = script->argument;
	arguments[n++] = path;
	for (int i = 1; i < source->argument_count; i++)
		arguments[n++] = source->arguments[i];
	source->arguments = arguments;
	source->argument_count = n;
	return 0;
}

/* If @file is a script, go on to its interpreter, which may be another one. */
static int follow_scripts(struct executable *file, char *path, struct program_source *source, struct refusal *refusal)
{
	static struct script scripts[SCRIPT_DEPTH];

	for (unsigned int depth = 0;; depth++) {
		char head[SCRIPT_LINE];
		ssize_t size = pread(file->fd, head, sizeof(head), 0);

		if (size < 0 || !script_is(head, (size_t)size))
			return 0;
		if (depth == SCRIPT_DEPTH)
			return refuse(refusal, ELOOP, "%.140s: scripts that name scripts, more than %d", path,
				      SCRIPT_DEPTH);
		if (!script_parse(head, (size_t)size, &scripts[depth]))
			return refuse(refusal, ENOEXEC, "%.140s: it is a script whose first line names no interpreter",
				      path);
		if (name_interpreter(source, &scripts[depth], path, refusal))
			return -1;
		close(file->fd);
		path = scripts[depth].interpreter;
		if (executable_open(path, file, refusal))
			return -1;
	}
}

static int open_source(struct program *program, struct program_source *source, struct executable *file,
		       struct refusal *refusal)
{
	struct stat status;

	if (source->fd < 0) {
		if (find(source->arguments[0], program->path, refusal) ||
		    executable_open(program->path, file, refusal) ||
		    follow_scripts(file, program->path, source, refusal))
			return -1;
	} else {
		snprintf(program->path, sizeof(program->path), "%s",
			 source->name ? source->name : source->arguments[0]);
		file->fd = source->fd;
	}
	if (fstat(file->fd, &status))
		return refuse(refusal, errno, "%.140s: %s", program->path, strerrordesc_np(errno));
	file->size = (uint64_t)status.st_size;
	program->fd = file->fd = descriptor_guard(file->fd);
	if (program->fd < 0)
		return refuse(refusal, -program->fd, "no free file descriptor (RLIMIT_NOFILE)");
	return 0;
}

int program_load(struct program *program, const struct program_source *given, char *const *environment,
		 struct refusal *refusal)
{
	struct program_source source = *given;
	struct image interpreter;
	struct executable file;
	struct elf_program elf;

	if (open_source(program, &source, &file, refusal))
		return -1;
	if (executable_check(&file, &elf, refusal) || map_images(program, &file, &elf, &interpreter, refusal))
		return blame(program->path, refusal);
	heap_init(program->image.end, program->image.data_end - program->image.data_start);
	if (vdso_map(&program->vdso, refusal))
		return -1;
	if (build_stack(program, &elf, &interpreter, source.argument_count, source.arguments, environment, refusal))
		return -1;
	resolve_file(program);
	name_process(program->path);
	return 0;
}
