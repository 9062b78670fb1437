/* SPDX-License-Identifier: Apache-2.0 */
/* The address space that the program and its proxy share. */
#include "calls.h"

#include "heap.h"
#include "paging.h"
#include "partition_memory.h"
#include "raw.h"
#include "region.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>

int64_t call_brk(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)server;
	(void)nr;
	return (int64_t)heap_set_end(arg[0]);
}

/* Of the proxy's own. Linux refuses a range beyond all addresses, each call with an errno of its own. */
static bool is_taken(uint64_t start, uint64_t size)
{
	uint64_t end;

	return !__builtin_add_overflow(start, size, &end) && region_is_own(start, size);
}

/* munmap, mprotect, madvise, remap_file_pages: (address, size, ...) */
int64_t call_range(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)server;
	if (arg[1] && is_taken(arg[0], arg[1]))
		return nr == SYS_munmap ? -EINVAL : -ENOMEM;
	return raw_call(nr, arg);
}

int64_t call_mprotect(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	int64_t result = call_range(server, nr, arg);

	if (!result && arg[2] & PROT_WRITE)
		paging_fill(arg[0], arg[1]);
	return result;
}

/* Linux gives back no memory of a device; what was given back reads as zero (MADV_FREE may keep it). */
int64_t call_madvise(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	int64_t result = call_range(server, nr, arg);

	if (result != -EINVAL || (arg[2] != MADV_DONTNEED && arg[2] != MADV_FREE) || arg[0] % HVM_PAGE_SIZE ||
	    !partition_memory_is(arg[0], arg[1]))
		return result;
	if (arg[2] == MADV_DONTNEED)
		memset((void *)arg[0], 0, (arg[1] + HVM_PAGE_SIZE - 1) & ~(uint64_t)(HVM_PAGE_SIZE - 1));
	return 0;
}

int64_t call_mmap(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	(void)server;
	(void)nr;
	if (arg[3] & MAP_FIXED && is_taken(arg[0], arg[1]))
		return -ENOMEM;
	return paging_map(arg);
}

int64_t call_mremap(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	int64_t result;

	(void)server;
	if (is_taken(arg[0], arg[1]) || (arg[3] & MREMAP_FIXED && is_taken(arg[4], arg[2])))
		return -ENOMEM;
	result = raw_call(nr, arg);
	if (result == -EFAULT && arg[2] > arg[1] && partition_memory_is(arg[0], arg[1]))
		return partition_memory_grow(arg, paging_map);
	if (result >= 0 && arg[2] > arg[1])
		paging_fill_growth((uint64_t)result, arg[1], arg[2]);
	return result;
}

/* Linux would put the segment over whatever is there. */
int64_t call_attach(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	struct shmid_ds segment;
	int64_t result;

	(void)server;
	if ((int)arg[2] & SHM_REMAP) {
		result = shmctl((int)arg[0], IPC_STAT, &segment) ? -errno : 0;
		if (result)
			return result;
		if (is_taken(arg[1] & ~(uint64_t)(HVM_PAGE_SIZE - 1), segment.shm_segsz))
			return -EINVAL;
	}
	return raw_call(nr, arg);
}
