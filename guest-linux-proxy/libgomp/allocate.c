/* SPDX-License-Identifier: Apache-2.0 */
/* omp.h's memory: all of it is the process's heap. Allocators with traits are not made: omp_null_allocator says so. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"

#define DEFAULT_ALLOCATOR 1 /* omp_default_mem_alloc */

static __thread uintptr_t default_allocator = DEFAULT_ALLOCATOR;

ENTRY(uintptr_t, omp_init_allocator, uintptr_t space, int count, const void *traits)
{
	(void)space, (void)count, (void)traits;
	return 0;
}

ENTRY(uintptr_t, omp_init_allocator_, const void *space, const void *count, const void *traits)
{
	(void)space, (void)count, (void)traits;
	return 0;
}
SAME(omp_init_allocator_8_, omp_init_allocator_);

ENTRY(void, omp_destroy_allocator, uintptr_t allocator)
{
	(void)allocator;
}

ENTRY(void, omp_destroy_allocator_, const void *allocator)
{
	(void)allocator;
}

ENTRY(void, omp_set_default_allocator, uintptr_t allocator)
{
	default_allocator = allocator ? allocator : DEFAULT_ALLOCATOR;
}

ENTRY(void, omp_set_default_allocator_, const uintptr_t *allocator)
{
	omp_set_default_allocator(*allocator);
}

ENTRY(uintptr_t, omp_get_default_allocator, void)
{
	return default_allocator;
}
SAME(omp_get_default_allocator_, omp_get_default_allocator);

ENTRY(void *, omp_aligned_alloc, size_t alignment, size_t size, uintptr_t allocator)
{
	void *memory;

	(void)allocator;
	if (alignment <= sizeof(void *))
		return malloc(size);
	return posix_memalign(&memory, alignment, size) ? NULL : memory;
}

ENTRY(void *, omp_alloc, size_t size, uintptr_t allocator)
{
	(void)allocator;
	return malloc(size);
}

ENTRY(void *, omp_aligned_calloc, size_t alignment, size_t count, size_t size, uintptr_t allocator)
{
	size_t bytes;
	void *memory;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	memory = omp_aligned_alloc(alignment, bytes, allocator);
	return memory ? memset(memory, 0, bytes) : NULL;
}

ENTRY(void *, omp_calloc, size_t count, size_t size, uintptr_t allocator)
{
	(void)allocator;
	return calloc(count, size);
}

ENTRY(void *, omp_realloc, void *memory, size_t size, uintptr_t allocator, uintptr_t from)
{
	(void)allocator, (void)from;
	return realloc(memory, size);
}

ENTRY(void, omp_free, void *memory, uintptr_t allocator)
{
	(void)allocator;
	free(memory);
}

/* Variables of the allocate clause. */
ENTRY(void *, GOMP_alloc, size_t alignment, size_t size, uintptr_t allocator)
{
	return omp_aligned_alloc(alignment, size, allocator);
}

ENTRY(void, GOMP_free, void *memory, uintptr_t allocator)
{
	omp_free(memory, allocator);
}
