/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * The program's side is always the local one: that is copied as by read(2) and write(2), while the remote side must
 * consist of pages that Linux manages, which partition memory does not.
 */
bool memory_read(uint64_t from, void *to, size_t size)
{
	struct iovec program = {(void *)from, size};
	struct iovec own = {to, size};

	return syscall(SYS_process_vm_writev, getpid(), &program, 1, &own, 1, 0) == (ssize_t)size;
}

bool memory_write(uint64_t to, const void *from, size_t size)
{
	struct iovec program = {(void *)to, size};
	struct iovec own = {(void *)from, size};

	return syscall(SYS_process_vm_readv, getpid(), &program, 1, &own, 1, 0) == (ssize_t)size;
}

long memory_read_string(uint64_t from, char *to, size_t size)
{
	size_t used = 0;

	while (used < size) {
		size_t chunk = 4096 - (from + used) % 4096; /* the next page may be missing, and need not be there */
		char *end;

		if (chunk > size - used)
			chunk = size - used;
		if (!memory_read(from + used, to + used, chunk))
			return -1;
		end = memchr(to + used, 0, chunk);
		if (end)
			return end - to;
		used += chunk;
	}
	return -1;
}
