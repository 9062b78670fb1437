/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that the program shares with its proxy, and links that would name the proxy. */
#include "calls.h"

#include "descriptor.h"
#include "memory.h"
#include "raw.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int64_t call_descriptor(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)server;
	return descriptor_is_own(arg[0]) ? -EBADF : raw_call(nr, arg);
}

int64_t call_duplicate(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)server;
	return descriptor_is_own(arg[0]) || descriptor_is_own(arg[1]) ? -EBADF : raw_call(nr, arg);
}

int64_t call_close_range(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)server;
	(void)nr;
	return descriptor_close_range((unsigned int)arg[0], (unsigned int)arg[1], (unsigned int)arg[2]);
}

bool call_names_own_executable(uint64_t path)
{
	char text[40], with_pid[40];
	char first;

	/* Nearly every path is another one: look at one byte through the kernel only if it can be. */
	if (!memory_read(path, &first, 1) || first != '/' || memory_read_string(path, text, sizeof(text)) < 0)
		return false;
	if (strncmp(text, "/proc/", 6) != 0)
		return false;
	snprintf(with_pid, sizeof(with_pid), "/proc/%d/exe", getpid());
	return strcmp(text, "/proc/self/exe") == 0 || strcmp(text, "/proc/thread-self/exe") == 0 ||
	       strcmp(text, with_pid) == 0;
}

static int64_t tell_file(const struct server *server, uint64_t buffer, uint64_t size)
{
	const char *file = server->job->program->file;
	size_t length = strlen(file);

	if ((int)size <= 0)
		return -EINVAL;
	if (length > (size_t)(int)size)
		length = (size_t)(int)size; /* cut, without a word, as readlink does */
	return memory_write(buffer, file, length) ? (int64_t)length : -EFAULT;
}

int64_t call_readlink(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	return call_names_own_executable(arg[0]) ? tell_file(server, arg[1], arg[2]) : raw_call(nr, arg);
}

int64_t call_readlinkat(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	return call_names_own_executable(arg[1]) ? tell_file(server, arg[2], arg[3]) : raw_call(nr, arg);
}

/* The same call with argument @index replaced by the program's own path. */
static int64_t with_file(const struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS],
			 unsigned int index)
{
	uint64_t changed[HVM_SLOT_ARGS];

	memcpy(changed, arg, sizeof(changed));
	changed[index] = (uint64_t)server->job->program->file;
	return raw_call(nr, changed);
}

int64_t call_open(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	return call_names_own_executable(arg[0]) ? with_file(server, nr, arg, 0) : raw_call(nr, arg);
}

int64_t call_openat(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	return call_names_own_executable(arg[1]) ? with_file(server, nr, arg, 1) : raw_call(nr, arg);
}
