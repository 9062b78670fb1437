/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two processes meet at a futex in a file that both map. Usage: meet wait|wake FILE
 * One of them runs on the HRT and one in the Linux partition.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int64_t futex(uint32_t *word, int operation, uint32_t value)
{
	return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

int main(int argc, char **argv)
{
	int fd = argc == 3 ? open(argv[2], O_RDWR | O_CREAT, 0600) : -1;
	uint32_t *word;

	if (fd < 0 || ftruncate(fd, 4096))
		return 2;
	word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (word == MAP_FAILED)
		return 3;
	if (!strcmp(argv[1], "wait")) {
		printf("waiting\n");
		fflush(stdout);
		while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0)
			if (futex(word, FUTEX_WAIT, 0) && errno != EAGAIN && errno != EINTR)
				return 4;
		printf("met %u\n", *word);
		return 0;
	}
	/* Whoever waits is asleep once a wake finds it. */
	while (futex(word, FUTEX_WAKE, 1) != 1)
		usleep(1000);
	__atomic_store_n(word, 7, __ATOMIC_RELEASE);
	futex(word, FUTEX_WAKE, 1);
	printf("woken\n");
	return 0;
}
