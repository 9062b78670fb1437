/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

bool memory_read(uint64_t from, void *to, size_t size)
{
	struct iovec local = {to, size};
	struct iovec remote = {(void *)from, size};

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

bool memory_write(uint64_t to, const void *from, size_t size)
{
	struct iovec local = {(void *)from, size};
	struct iovec remote = {(void *)to, size};

	return process_vm_writev(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)size;
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
