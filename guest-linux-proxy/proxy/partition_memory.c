/* SPDX-License-Identifier: Apache-2.0 */
#include "partition_memory.h"

#include "mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <hvm/device.h>

#define PAGE  4096ull
#define CHUNK (2ull << 20)

#define PIECES 1024 /* of partition memory that a child of fork can get copies of */

static int device = -1;
static char device_name[64]; /* as /proc/self/maps has it */
static bool used;

struct piece {
	uint64_t start, end;
	int protection;
};

/* What a child of fork is to get, and where from: the parent's memory, which is not in the child's address space. */
static struct piece pieces[PIECES];
static unsigned int piece_count;
static int parent_memory = -1;

static bool is_ours(const struct mapping *mapping)
{
	return mapping->offset >= HVM_MAP_MEMORY && strcmp(mapping->name, device_name) == 0;
}

static bool note(const struct mapping *mapping, void *context)
{
	(void)context;
	if (is_ours(mapping))
		pieces[piece_count++] = (struct piece){
		    .start = mapping->start,
		    .end = mapping->end,
		    .protection =
			PROT_READ | (mapping->writable ? PROT_WRITE : 0) | (mapping->executable ? PROT_EXEC : 0),
		};
	return piece_count < PIECES;
}

static void before_fork(void)
{
	piece_count = 0;
	if (!partition_memory_was_used() || mapping_each(note, NULL) || !piece_count)
		return;
	parent_memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
}

static void after_fork(void)
{
	if (parent_memory >= 0)
		close(parent_memory);
	parent_memory = -1;
}

/* A private copy, of Linux's memory. Where it cannot be had the child has none, and faults. */
static void copy(const struct piece *piece)
{
	size_t size = piece->end - piece->start, done = 0;
	uint8_t *to = mmap((void *)piece->start, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (to == MAP_FAILED)
		return;
	while (done < size) {
		ssize_t n = pread(parent_memory, to + done, size - done, (off_t)(piece->start + done));

		if (n <= 0) {
			munmap(to, size);
			return;
		}
		done += (size_t)n;
	}
	mprotect(to, size, piece->protection);
}

static void in_child(void)
{
	for (unsigned int i = 0; parent_memory >= 0 && i < piece_count; i++)
		copy(&pieces[i]);
	after_fork();
	device = -1; /* the parent's job */
}

int partition_memory_use(int fd)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, device_name, sizeof(device_name) - 1);
	if (n < 0)
		return -errno;
	device_name[n] = 0;
	device = fd;
	return -pthread_atfork(before_fork, after_fork, in_child);
}

bool partition_memory_was_used(void)
{
	return __atomic_load_n(&used, __ATOMIC_RELAXED);
}

static uint64_t round_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) & ~(to - 1);
}

/* Have its page-table entries made: 2 MiB each, and 4 KiB each behind the last whole chunk. */
static void touch(uint64_t start, uint64_t size)
{
	uint64_t whole = size & ~(CHUNK - 1);

	for (uint64_t at = 0; at < size; at += at < whole ? CHUNK : PAGE)
		(void)*(volatile uint8_t *)(start + at);
}

int64_t partition_memory_map(const uint64_t arg[6])
{
	uint64_t size = round_up(arg[1], PAGE), room = size + CHUNK - PAGE, start;
	uint8_t *at;

	if (device < 0)
		return -ENOMEM;
	at = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return -ENOMEM;
	start = round_up((uint64_t)at, CHUNK);
	if (mmap((void *)start, size, (int)arg[2], MAP_SHARED | MAP_FIXED, device, HVM_MAP_MEMORY) == MAP_FAILED) {
		munmap(at, room);
		return -ENOMEM;
	}
	if (start > (uint64_t)at)
		munmap(at, start - (uint64_t)at);
	if (start + size < (uint64_t)at + room)
		munmap((void *)(start + size), (uint64_t)at + room - start - size);
	__atomic_store_n(&used, true, __ATOMIC_RELAXED);
	touch(start, size);
	return (int64_t)start;
}

struct lookup {
	uint64_t at, end; /* what is left to find */
	bool found;
};

static bool look(const struct mapping *mapping, void *context)
{
	struct lookup *lookup = context;

	if (lookup->at >= mapping->end)
		return true;
	if (lookup->at < mapping->start || !mapping->writable || !is_ours(mapping))
		return false;
	lookup->at = mapping->end;
	lookup->found = lookup->at >= lookup->end;
	return !lookup->found;
}

bool partition_memory_is(uint64_t address, uint64_t size)
{
	struct lookup lookup = {.at = address, .end = address + size};

	return partition_memory_was_used() && mapping_each(look, &lookup) == 0 && lookup.found;
}

int64_t partition_memory_grow(const uint64_t arg[6], int64_t (*map)(const uint64_t arg[6]))
{
	const uint64_t wanted[6] = {0, arg[2], PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0};
	int64_t to;

	if (!(arg[3] & MREMAP_MAYMOVE) || arg[3] & MREMAP_FIXED)
		return -ENOMEM;
	to = map(wanted);
	if (to < 0)
		return to;
	memcpy((void *)to, (const void *)arg[0], arg[1]);
	munmap((void *)arg[0], round_up(arg[1], PAGE));
	return to;
}
