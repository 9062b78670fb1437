/* SPDX-License-Identifier: Apache-2.0 */
#include "interpreter.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Put before what is wrong with the interpreter that it is one, and which. */
static int blame(const char *path, int error, struct refusal *refusal)
{
	char text[REFUSAL_TEXT_MAX];

	memcpy(text, refusal->text, sizeof(text));
	return refuse(refusal, error, "its interpreter %.140s cannot be used: %s", path, text);
}

static int read_path(const struct executable *program, const struct elf_program *elf, char path[PATH_MAX],
		     struct refusal *refusal)
{
	if (!executable_read(program, path, elf->interpreter_size, elf->interpreter_offset))
		return refuse(refusal, EIO, "its interpreter's path cannot be read");
	if (path[elf->interpreter_size - 1] != 0 || path[0] == 0)
		return refuse(refusal, ENOEXEC, "it is damaged: its interpreter's path is empty or has no end");
	return 0;
}

static bool is_script(const struct executable *file)
{
	char head[2];

	return executable_read(file, head, sizeof(head), 0) && head[0] == '#' && head[1] == '!';
}

static int check(const struct executable *file, const char *path, struct elf_program *elf, struct refusal *refusal)
{
	if (is_script(file))
		return refuse(refusal, ELIBBAD,
			      "its interpreter %.140s is a script; needed: a dynamic linker, an ELF file", path);
	return executable_check(file, elf, refusal) ? blame(path, ELIBBAD, refusal) : 0;
}

/* Open and check what @elf of @program names. */
static int open_checked(const struct executable *program, const struct elf_program *elf, char path[PATH_MAX],
			struct executable *file, struct elf_program *found, struct refusal *refusal)
{
	if (read_path(program, elf, path, refusal))
		return -1;
	if (executable_open(path, file, refusal)) {
		if (refusal->error == ENOENT)
			return refuse(
			    refusal, ENOENT,
			    "it is linked dynamically, and the VM does not have its interpreter %.140s: launch "
			    "the VM with a root file system (linux: rootfs), or link it with -static",
			    path);
		return blame(path, refusal->error, refusal);
	}
	if (!check(file, path, found, refusal))
		return 0;
	close(file->fd);
	return -1;
}

int interpreter_check(const struct executable *program, const struct elf_program *elf, struct refusal *refusal)
{
	struct executable file;
	struct elf_program found;
	char path[PATH_MAX];

	if (!elf->interpreter_size)
		return 0;
	if (open_checked(program, elf, path, &file, &found, refusal))
		return -1;
	close(file.fd);
	return 0;
}

int interpreter_map(const struct executable *program, const struct elf_program *elf, struct image *image,
		    struct refusal *refusal)
{
	struct executable file;
	struct elf_program found;
	char path[PATH_MAX];
	int err;

	if (open_checked(program, elf, path, &file, &found, refusal))
		return -1;
	err = image_map(file.fd, &found, IMAGE_INTERPRETER, image, refusal) ? blame(path, refusal->error, refusal) : 0;
	close(file.fd);
	return err;
}
