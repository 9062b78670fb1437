/* SPDX-License-Identifier: Apache-2.0 */
#include "exec.h"

#include "calls.h"
#include "device.h"
#include "executable.h"
#include "interpreter.h"
#include "memory.h"
#include "paging.h"
#include "process.h"
#include "report.h"
#include "script.h"
#include "stats.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STRING_MAX  (128u << 10)	    /* MAX_ARG_STRLEN */
#define STRINGS_MAX (6ull << 20)	    /* three quarters of _STK_LIM */
#define ROOM	    (16 + 2 * SCRIPT_DEPTH) /* for arguments before the program's: the proxy's own, the scripts' */

/*
 * What the new program gets. In a mapping of its own: a child of vfork leaves it to its parent, whose allocator may be
 * in use meanwhile.
 */
struct exec_memory {
	char *pointer[ROOM + STRINGS_MAX / sizeof(char *)]; /* arguments, NULL, environment, NULL */
	char bytes[STRINGS_MAX];
	char path[PATH_MAX];
	char name[PATH_MAX + 32]; /* AT_EXECFN */
	char number[3][12], mask[20];
	struct script script[SCRIPT_DEPTH];
};

struct exec {
	struct exec_memory *memory;
	char **arguments, **environment; /* in memory->pointer */
	char **end;
	uint64_t used, limit; /* bytes */
	int fd;		      /* the program */
};

static uint64_t strings_limit(void)
{
	struct rlimit stack;
	uint64_t limit = STRINGS_MAX;

	if (!getrlimit(RLIMIT_STACK, &stack) && stack.rlim_cur / 4 < limit)
		limit = stack.rlim_cur / 4;
	return limit > STRING_MAX ? limit : STRING_MAX;
}

/* A string's pointer counts against the limit as well. */
static int add_string(struct exec *exec, uint64_t address)
{
	uint64_t left = exec->limit - exec->used, room = left < STRING_MAX ? left : STRING_MAX;
	char *to = exec->memory->bytes + exec->used;
	long length;

	if (left <= sizeof(char *))
		return -E2BIG;
	length = memory_read_string(address, to, room);
	if (length < 0)
		return memory_read(address, to, room) ? -E2BIG : -EFAULT;
	*exec->end++ = to;
	exec->used += (uint64_t)length + 1;
	exec->limit -= sizeof(char *);
	return exec->used > exec->limit ? -E2BIG : 0;
}

/* A vector of strings of the program; no address, no strings. */
static int add_vector(struct exec *exec, uint64_t vector)
{
	for (; vector; vector += sizeof(uint64_t)) {
		uint64_t address;
		int err;

		if (!memory_read(vector, &address, sizeof(address)))
			return -EFAULT;
		if (!address)
			break;
		err = add_string(exec, address);
		if (err)
			return err;
	}
	return 0;
}

static int read_vectors(struct exec *exec, uint64_t arguments, uint64_t environment)
{
	int err;

	exec->limit = strings_limit();
	exec->arguments = exec->end = exec->memory->pointer + ROOM;
	err = add_vector(exec, arguments);
	if (err)
		return err;
	if (exec->end == exec->arguments) /* a program has a name, as since Linux 5.18 */
		*exec->end++ = exec->memory->bytes + STRINGS_MAX - 1;
	exec->environment = ++exec->end;
	return add_vector(exec, environment);
}

/* Linux refuses what is no regular file, or may not be executed, with the same word. */
static int check_file(int fd, int directory, const char *path, int flags)
{
	struct statvfs system;
	struct stat status;

	if (fstat(fd, &status) || fstatvfs(fd, &system))
		return -errno;
	if (!S_ISREG(status.st_mode) || system.f_flag & ST_NOEXEC)
		return -EACCES;
	return faccessat(directory, path, X_OK, AT_EACCESS | flags) ? -errno : 0;
}

static int open_file(int directory, const char *path, int flags)
{
	int follow = flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0, fd, err;
	char link[40];

	if (*path == 0 && flags & AT_EMPTY_PATH) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", directory);
		path = link;
		flags = follow = 0;
	}
	/* A FIFO must not wait for its writer. */
	fd = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | follow);
	if (fd < 0)
		return errno == ENXIO || errno == ENODEV ? -EACCES : -errno;
	err = check_file(fd, directory, path, flags & AT_SYMLINK_NOFOLLOW);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* The interpreter, its argument and the script's name in the place of the first argument. */
static void name_interpreter(struct exec *exec, struct script *script, char *name)
{
	*exec->arguments = name;
	if (script->argument[0])
		*--exec->arguments = script->argument;
	*--exec->arguments = script->interpreter;
}

static int check_program(int fd)
{
	struct executable file = {.fd = fd};
	struct refusal refusal;
	struct elf_program elf;
	struct stat status;

	if (fstat(fd, &status))
		return -errno;
	file.size = (uint64_t)status.st_size;
	if (executable_check(&file, &elf, &refusal) || interpreter_check(&file, &elf, &refusal))
		return -refusal.error;
	return 0;
}

/* /proc/self/exe is the program, not its proxy. */
static const char *real_path(const struct server *server, const char *path)
{
	return call_names_own_executable((uint64_t)path) ? server->job->program->file : path;
}

/* From the script in exec->fd to its interpreter. */
static int follow_script(struct exec *exec, const struct server *server, const char *head, size_t size,
			 unsigned int depth, char *name)
{
	struct script *script = &exec->memory->script[depth];

	if (depth == SCRIPT_DEPTH)
		return -ELOOP;
	if (!script_parse(head, size, script))
		return -ENOEXEC;
	name_interpreter(exec, script, name);
	close(exec->fd);
	exec->fd = open_file(AT_FDCWD, real_path(server, script->interpreter), 0);
	return exec->fd < 0 ? exec->fd : 0;
}

/* The ELF program behind the scripts, in exec->fd. */
static int find_program(struct exec *exec, const struct server *server, int directory, int flags)
{
	char *name = exec->memory->name;

	exec->fd = open_file(directory, real_path(server, exec->memory->path), flags);
	if (exec->fd < 0)
		return exec->fd;
	for (unsigned int depth = 0;; depth++) {
		char head[SCRIPT_LINE];
		ssize_t size = pread(exec->fd, head, sizeof(head), 0);
		int err;

		if (size < 0)
			return -errno;
		if (!script_is(head, (size_t)size))
			return check_program(exec->fd);
		err = follow_script(exec, server, head, (size_t)size, depth, name);
		if (err)
			return err;
		name = exec->memory->script[depth].interpreter;
	}
}

/* The path that the program gave, and the name that the new one learns. */
static int read_path(struct exec *exec, int directory, uint64_t address, int flags)
{
	struct exec_memory *memory = exec->memory;
	long length = memory_read_string(address, memory->path, sizeof(memory->path));

	if (length < 0)
		return memory_read(address, memory->path, sizeof(memory->path)) ? -ENAMETOOLONG : -EFAULT;
	if (length == 0 && !(flags & AT_EMPTY_PATH))
		return -ENOENT;
	if (memory->path[0] == '/' || directory == AT_FDCWD)
		strcpy(memory->name, memory->path);
	else
		snprintf(memory->name, sizeof(memory->name), "/dev/fd/%d%s%s", directory, length ? "/" : "",
			 memory->path);
	return 0;
}

static void pass(int fd, bool over)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, over ? 0 : FD_CLOEXEC);
}

/* The descriptors that the new proxy gets by number. */
static void pass_descriptors(const struct exec *exec, const struct job *job, bool over)
{
	pass(exec->fd, over);
	pass(job->fd, over);
	pass(report_descriptor(), over);
}

/* The proxy's own arguments, before the program's. */
static char **add_own(struct exec *exec, const struct job *job, uint64_t mask)
{
	struct exec_memory *memory = exec->memory;
	int fds[3] = {job->fd, exec->fd, report_descriptor()};
	char *own[16] = {"hvm-proxy",	   "--join-fd",	 memory->number[0], "--program-fd", memory->number[1],
			 "--program-name", memory->name, "--signal-mask",   memory->mask};
	size_t n = 9;

	snprintf(memory->mask, sizeof(memory->mask), "%#llx", (unsigned long long)mask);
	for (int i = 0; i < 3; i++)
		snprintf(memory->number[i], sizeof(memory->number[i]), "%d", fds[i]);
	if (fds[2] >= 0) {
		own[n++] = "--report-fd";
		own[n++] = memory->number[2];
	}
	/* Of a child of vfork, too: the job whose thread it borrows is another's. */
	if (job->child || getpid() != job->pid)
		own[n++] = "--child";
	else if (stats_enabled)
		own[n++] = "--stats";
	if (report_is_quiet())
		own[n++] = "--quiet";
	if (paging_populates)
		own[n++] = "--populate";
	own[n++] = "--";
	return memcpy(exec->arguments - n, own, n * sizeof(*own));
}

/* Become the new program's proxy. */
static int execute(struct exec *exec, struct server *server)
{
	struct job *job = server->job;
	bool ours = getpid() == job->pid;
	char **arguments = add_own(exec, job, hvm_load_relaxed(&server->slot->signal_mask));
	int err;

	/* What arrives from now on is pending for the new program. */
	signal_close(server);
	/* A child of vfork has its own descriptors, and leaves the job to its parent. */
	if (ours) {
		process_hold();
		device_job_keep(job->fd, true);
	}
	pass_descriptors(exec, job, true);
	execve("/proc/self/exe", arguments, exec->environment);
	err = -errno;
	pass_descriptors(exec, job, false);
	if (ours) {
		device_job_keep(job->fd, false);
		process_let_go();
	}
	signal_open(server);
	return err;
}

int64_t exec_program(struct server *server, int directory, uint64_t path, uint64_t arguments, uint64_t environment,
		     int flags)
{
	struct exec exec = {.fd = -1};
	int err;

	exec.memory = mmap(NULL, sizeof(*exec.memory), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (exec.memory == MAP_FAILED)
		return -ENOMEM;
	server->exec_memory = exec.memory;
	err = read_path(&exec, directory, path, flags);
	if (!err && flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		err = -EINVAL;
	if (!err)
		err = read_vectors(&exec, arguments, environment);
	if (!err)
		err = find_program(&exec, server, directory, flags);
	if (!err)
		err = execute(&exec, server);
	if (exec.fd >= 0)
		close(exec.fd);
	exec_forget(server);
	return err;
}

void exec_forget(struct server *server)
{
	if (server->exec_memory)
		munmap(server->exec_memory, sizeof(struct exec_memory));
	server->exec_memory = NULL;
}
