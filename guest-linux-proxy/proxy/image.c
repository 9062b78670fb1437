/* SPDX-License-Identifier: Apache-2.0 */
#include "image.h"

#include "paging.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/random.h>

#define PAGE 4096ull

/*
 * Position-independent programs (not their interpreters) go into a range of their own, a third into the lower half: far
 * from ET_EXEC programs (below), from the proxy's heap (at two thirds) and from mmap's range (at the top).
 */
#define PIE_BASE       0x2aaaaaaaa000ull
#define PIE_RANDOM     0xfffffffull /* pages: 1 TiB */
#define PIE_TRIES      16
#define POPULATE_BYTES (64ull << 20) /* segments up to this size are read in at once: a fault on the HRT costs more */

static uint64_t page_down(uint64_t address)
{
	return address & ~(PAGE - 1);
}

static uint64_t page_up(uint64_t address)
{
	return (address + PAGE - 1) & ~(PAGE - 1);
}

static uint64_t random_base(uint64_t align)
{
	int persona = personality(0xffffffff);
	uint64_t pages = 0;

	if (persona == -1 || !(persona & ADDR_NO_RANDOMIZE))
		if (getrandom(&pages, sizeof(pages), 0) != sizeof(pages))
			pages = 0;
	return (PIE_BASE + (pages & PIE_RANDOM) * PAGE + align - 1) & ~(align - 1);
}

/* A free range for a program; 0 if none was found. */
static uint64_t find_program_base(uint64_t size, uint64_t align)
{
	for (unsigned int i = 0; i < PIE_TRIES; i++) {
		uint64_t base = random_base(align);
		void *at = mmap((void *)base, size, PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

		if (at != MAP_FAILED)
			munmap(at, size);
		if (at == (void *)base)
			return base;
	}
	return 0;
}

/* The same for an interpreter. */
static uint64_t find_interpreter_base(uint64_t size, uint64_t align)
{
	uint64_t room;
	void *at;

	if (__builtin_add_overflow(size, align - PAGE, &room))
		return 0;
	at = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return 0;
	munmap(at, room);
	return ((uint64_t)at + align - 1) & ~(align - 1);
}

/* What is found is unmapped again: the segments are placed with NOREPLACE. */
static int choose_bias(const struct elf_program *program, enum image_place place, uint64_t *bias,
		       struct refusal *refusal)
{
	/* p_vaddr of the first segment keeps its place within the alignment (System V ABI, 5.2) */
	uint64_t low = program->low & ~(program->align - 1);
	uint64_t size = program->high - low;
	uint64_t base;

	*bias = 0;
	if (!program->position_independent)
		return 0;
	base = place == IMAGE_PROGRAM ? find_program_base(size, program->align)
				      : find_interpreter_base(size, program->align);
	if (!base || base + size > ELF_ADDRESS_END)
		return refuse(refusal, ENOMEM, "it is too large: no free address range of %#llx bytes",
			      (unsigned long long)size);
	*bias = base - low;
	return 0;
}

static int map_range(uint64_t start, uint64_t size, int protection, int flags, int fd, uint64_t offset,
		     struct refusal *refusal)
{
	void *at = mmap((void *)start, size, protection, flags | MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, (off_t)offset);

	if (at == (void *)start)
		return 0;
	if (at != MAP_FAILED) {
		munmap(at, size);
		errno = EEXIST; /* a kernel that takes the address for a hint */
	}
	switch (errno) {
	case EEXIST:
		return refuse(
		    refusal, EEXIST,
		    "its addresses %#llx-%#llx are taken by its proxy: link it elsewhere, or with -static-pie",
		    (unsigned long long)start, (unsigned long long)(start + size));
	case ENOMEM:
		return refuse(
		    refusal, ENOMEM,
		    "it is too large: %#llx bytes of memory cannot be had (see the memory of the VM and RLIMIT_AS)",
		    (unsigned long long)size);
	case EPERM:
	case EACCES:
		return refuse(refusal, errno,
			      "the file system it lies on does not allow execution (mounted noexec), or its "
			      "addresses below vm.mmap_min_addr are not allowed");
	default:
		return refuse(refusal, errno, "its segment at %#llx cannot be mapped: %s", (unsigned long long)start,
			      strerrordesc_np(errno));
	}
}

/* Zero from the end of the file's bytes to the end of their last page, which the file filled with what follows. */
static int clear_tail(uint64_t from, uint64_t start, uint64_t size, int protection, struct refusal *refusal)
{
	bool writable = (protection & PROT_WRITE) != 0;

	if (!writable && mprotect((void *)start, size, protection | PROT_WRITE))
		return refuse(refusal, errno, "its segment at %#llx cannot be zeroed", (unsigned long long)start);
	memset((void *)from, 0, page_up(from) - from);
	if (!writable)
		mprotect((void *)start, size, protection);
	return 0;
}

static int map_segment(int fd, const struct elf_segment *segment, uint64_t bias, struct refusal *refusal)
{
	uint64_t address = segment->address + bias;
	uint64_t start = page_down(address);
	uint64_t file_end = address + segment->file_size;
	uint64_t end = page_up(address + segment->memory_size);
	uint64_t mapped = segment->file_size ? page_up(file_end) : start;
	int populate = paging_populates || segment->memory_size <= POPULATE_BYTES ? MAP_POPULATE : 0;

	if (segment->file_size) {
		if (map_range(start, mapped - start, segment->protection, populate, fd, page_down(segment->offset),
			      refusal))
			return -1;
		if (segment->memory_size > segment->file_size && file_end < mapped &&
		    clear_tail(file_end, start, mapped - start, segment->protection, refusal))
			return -1;
	}
	if (end > mapped)
		return map_range(mapped, end - mapped, segment->protection, MAP_ANONYMOUS | populate, -1, 0, refusal);
	return 0;
}

int image_map(int fd, const struct elf_program *program, enum image_place place, struct image *image,
	      struct refusal *refusal)
{
	uint64_t bias;

	if (choose_bias(program, place, &bias, refusal))
		return -1;
	*image = (struct image){
	    .bias = bias,
	    .entry = program->entry + bias,
	    .headers = program->headers ? program->headers + bias : 0,
	    .header_count = program->header_count,
	    .start = program->low + bias,
	    .end = program->high + bias,
	};
	for (unsigned int i = 0; i < program->segment_count; i++) {
		const struct elf_segment *segment = &program->segment[i];

		if (map_segment(fd, segment, bias, refusal))
			return -1;
		if (segment->protection & PROT_WRITE) {
			image->data_start = segment->address + bias;
			image->data_end = segment->address + segment->memory_size + bias;
		}
	}
	return 0;
}
