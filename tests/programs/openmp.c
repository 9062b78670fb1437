// SPDX-License-Identifier: Apache-2.0
/* An OpenMP loop over all threads that the runtime chooses; sums of integers, so that their order does not matter. */
#include <omp.h>
#include <stdint.h>
#include <stdio.h>

#define COUNT 2000000

int main(void)
{
	uint64_t sum = 0;
	int threads = 0;

#pragma omp parallel
	{
#pragma omp single
		threads = omp_get_num_threads();
	}
	for (int round = 0; round < 10; round++) {
#pragma omp parallel for reduction(+ : sum)
		for (uint64_t i = 1; i <= COUNT; i++)
			sum += (i * 2654435761u ^ i >> 3) % 1000;
	}
	printf("threads %d processors %d sum %llu\n", threads, omp_get_num_procs(), (unsigned long long)sum);
	return 0;
}
