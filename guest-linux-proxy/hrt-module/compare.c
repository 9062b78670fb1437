/* SPDX-License-Identifier: Apache-2.0 */
/* The fourth function that GCC expects of every program; the aerokernel has the others (guest-hrt/src/memory.c). */
#include <stddef.h>
#include <stdint.h>

int memcmp(const void *a, const void *b, size_t size);

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < size; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}
