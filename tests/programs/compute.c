// SPDX-License-Identifier: Apache-2.0
/*
 * Doubles, AVX2 and a heap of 1 GiB: every page is written, then read back in another order. Prints a digest that must
 * be the same wherever it runs.
 */
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define HEAP (1UL << 30)
#define PAGE 4096UL

__attribute__((target("avx2"))) static uint64_t sum_with_avx2(const uint32_t *words, size_t count)
{
	__m256i sum = _mm256_setzero_si256();
	uint64_t lanes[4];
	size_t i;

	for (i = 0; i < count; i += 8) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(words + i));

		sum = _mm256_add_epi64(sum, _mm256_mul_epu32(v, _mm256_srli_epi64(v, 32)));
	}
	_mm256_storeu_si256((__m256i *)lanes, sum);
	return lanes[0] + 3 * lanes[1] + 5 * lanes[2] + 7 * lanes[3];
}

static double integrate(void)
{
	double sum = 0;
	int i;

	for (i = 1; i <= 200000; i++)
		sum += sin(i * 1e-3) * exp(-i * 1e-5) / sqrt(i);
	return sum;
}

int main(void)
{
	uint64_t digest = 14695981039346656037UL;
	uint8_t *heap = malloc(HEAP);
	uint32_t words[8192];
	uint64_t page;
	size_t i;

	if (!heap) {
		perror("malloc of 1 GiB");
		return 1;
	}
	for (page = 0; page < HEAP / PAGE; page++)
		*(uint64_t *)(heap + page * PAGE) = page * 0x9e3779b97f4a7c15UL;
	for (page = 0; page < HEAP / PAGE; page++) /* 40503 is odd, so this visits every page */
		digest = (digest ^ *(uint64_t *)(heap + page * 40503 % (HEAP / PAGE) * PAGE)) * 1099511628211UL;
	for (i = 0; i < 8192; i++)
		words[i] = (uint32_t)(i * 2654435761U);
	if (!__builtin_cpu_supports("avx2")) {
		puts("no AVX2 here");
		return 2;
	}
	printf("heap %016lx\navx2 %016lx\ndouble %a\n", digest, sum_with_avx2(words, 8192), integrate());
	free(heap);
	return 0;
}
