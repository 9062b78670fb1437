/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

#include "descriptor.h"
#include "heap.h"

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

static int check_file(const char *path, uint64_t *size, struct refusal *refusal)
{
	struct stat status;

	if (stat(path, &status)) {
		int error = errno;

		/* ENOTDIR: a part of the path is no folder, so the file cannot be there either. */
		return refuse(refusal, error == ENOTDIR ? ENOENT : error, "%s: %s (as the VM sees it)", path,
			      strerrordesc_np(error));
	}
	if (S_ISDIR(status.st_mode))
		return refuse(refusal, EISDIR, "%s: it is a folder", path);
	if (!S_ISREG(status.st_mode))
		return refuse(refusal, EACCES, "%s: it is not a regular file", path);
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS))
		return refuse(refusal, EACCES, "%s: it is not executable for this user (mode %04o, owner %u): chmod +x",
			      path, status.st_mode & 07777, status.st_uid);
	*size = (uint64_t)status.st_size;
	return 0;
}

/* Read @size bytes, or to the end of the file. */
static ssize_t read_at(int fd, void *buffer, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (uint8_t *)buffer + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static int check_elf(int fd, uint64_t size, struct elf_program *elf, struct refusal *refusal)
{
	static uint8_t table[ELF_HEADERS_MAX * sizeof(Elf64_Phdr)];
	uint8_t head[sizeof(Elf64_Ehdr)];
	Elf64_Ehdr header;
	ssize_t n = read_at(fd, head, sizeof(head), 0);

	if (n < 0)
		return refuse(refusal, errno, "it cannot be read: %s", strerrordesc_np(errno));
	if (elf_check_header(head, (size_t)n, size, &header, refusal))
		return -1;
	n = (ssize_t)(header.e_phnum * sizeof(Elf64_Phdr));
	if (read_at(fd, table, (size_t)n, header.e_phoff) != n)
		return refuse(refusal, EIO, "its program headers cannot be read");
	return elf_check_segments(&header, table, size, elf, refusal);
}

static int build_stack(struct program *program, bool executable, int argument_count, char *const *arguments,
		       char *const *environment, struct refusal *refusal)
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
	    {AT_BASE, 0},
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
	if (stack_map(executable, &program->stack, refusal))
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

static int open_program(struct program *program, struct refusal *refusal)
{
	int fd = open(program->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return refuse(refusal, errno, "%s: it cannot be opened for reading: %s", program->path,
			      strerrordesc_np(errno));
	program->fd = descriptor_guard(fd);
	if (program->fd < 0)
		return refuse(refusal, -program->fd, "no free file descriptor (RLIMIT_NOFILE)");
	return 0;
}

int program_load(struct program *program, int argument_count, char *const *arguments, char *const *environment,
		 struct refusal *refusal)
{
	struct elf_program elf;
	uint64_t size;

	if (find(arguments[0], program->path, refusal) || check_file(program->path, &size, refusal) ||
	    open_program(program, refusal))
		return -1;
	if (check_elf(program->fd, size, &elf, refusal) || image_map(program->fd, &elf, &program->image, refusal))
		return blame(program->path, refusal);
	heap_init(program->image.end, program->image.data_end - program->image.data_start);
	if (build_stack(program, elf.executable_stack, argument_count, arguments, environment, refusal))
		return -1;
	resolve_file(program);
	name_process(program->path);
	return 0;
}
