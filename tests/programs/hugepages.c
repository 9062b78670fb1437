/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hugepages ROUNDS: threads write to and read from memory, and check it, while its huge pages are split, collapsed and
 * partly taken away under them: no write may be lost, no page of before may be seen.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1 */
#endif

#define HUGE	(2ul << 20)
#define PIECES	4
#define SIZE	(PIECES * HUGE)
#define THREADS 2
#define PAGE	4096ul
#define STEP	(32 * PAGE) /* pages that are looked at; each is two faults and a shootdown */

static uint8_t *memory;
static volatile bool ended;
static unsigned long checks[THREADS];

/* The lower half of each huge page is the threads': of each of its pages, one word is thread @number's. */
static volatile uint64_t *word(unsigned long number, unsigned long page)
{
	unsigned long at = page / (HUGE / 2 / PAGE) * HUGE + page % (HUGE / 2 / PAGE) * PAGE;

	return (volatile uint64_t *)(memory + at + 64 * number);
}

#define PAGES (SIZE / 2 / PAGE)

static void *write_and_check(void *argument)
{
	unsigned long number = (unsigned long)argument;

	for (uint64_t round = 1; !ended; round++) {
		for (unsigned long page = 0; page < PAGES; page++)
			*word(number, page) = round << 16 | page;
		for (unsigned long page = 0; page < PAGES; page++)
			if (*word(number, page) != (round << 16 | page)) {
				printf("thread %lu, round %lu: page %lu has %#lx\n", number, (unsigned long)round, page,
				       (unsigned long)*word(number, page));
				exit(1);
			}
		checks[number] = round;
	}
	return NULL;
}

static bool is_zero_then_fill(uint8_t *from, size_t size)
{
	for (size_t at = 0; at < size; at += STEP) {
		if (from[at] || from[at + PAGE - 1])
			return false;
		from[at] = from[at + PAGE - 1] = 1;
	}
	return true;
}

/* What happens to the upper half of a huge page splits it; each way leaves zeros there. */
static bool disturb(unsigned int round)
{
	uint8_t *huge = memory + round % PIECES * HUGE, *upper = huge + HUGE / 2;

	switch (round / PIECES % 4) {
	case 0:
		if (madvise(upper, HUGE / 2, MADV_DONTNEED))
			return false;
		break;
	case 1:
		if (munmap(upper, HUGE / 2) || mmap(upper, HUGE / 2, PROT_READ | PROT_WRITE,
						    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != upper)
			return false;
		break;
	case 2:
		if (mprotect(huge + PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) ||
		    mprotect(huge + PAGE, PAGE, PROT_READ | PROT_WRITE))
			return false;
		return true;
	default:
		if (mmap(upper, HUGE / 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
		    upper)
			return false;
		break;
	}
	/* One mapping again, or nothing can be collapsed. */
	return !madvise(upper, HUGE / 2, MADV_HUGEPAGE) && is_zero_then_fill(upper, HUGE / 2);
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 40;
	unsigned int collapsed = 0;
	pthread_t thread[THREADS];
	uint8_t *room = mmap(NULL, SIZE + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED)
		return 1;
	if (madvise(room, SIZE + HUGE, MADV_HUGEPAGE))
		return 1;
	memory = (uint8_t *)(((uintptr_t)room + HUGE - 1) & ~(HUGE - 1));
	for (unsigned long i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, write_and_check, (void *)i))
			return 1;
	for (unsigned int i = 0; i < rounds; i++) {
		if (!disturb(i)) {
			printf("round %u: not disturbed as it should be\n", i);
			return 1;
		}
		collapsed += madvise(memory + i % PIECES * HUGE, HUGE, MADV_COLLAPSE) == 0;
	}
	ended = true;
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	printf("%s, %s\n", collapsed >= rounds / 2 ? "collapsed" : "hardly ever collapsed",
	       checks[0] && checks[1] ? "checked" : "a thread had no turn");
	return 0;
}
