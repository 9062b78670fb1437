/* SPDX-License-Identifier: Apache-2.0 */
/*
 * partmem: large private memory does all that programs do with it, wherever it comes from; prints what went wrong, and
 * at the end where the last piece came from. partmem MIB: only takes that much, and checks it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MIB  (1ul << 20)
#define PAGE 4096ul

static bool ok = true;

static void check(bool condition, const char *what)
{
	if (condition)
		return;
	printf("wrong: %s (errno %d)\n", what, errno);
	ok = false;
}

static uint8_t *take(size_t size)
{
	uint8_t *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED) {
		printf("wrong: no %zu MiB\n", size / MIB);
		exit(1);
	}
	return at;
}

static bool is_zero(const uint8_t *at, size_t size)
{
	while (size--)
		if (*at++)
			return false;
	return true;
}

static void fill(uint8_t *at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(i * 7 + (i >> 12));
}

static bool is_filled(const uint8_t *at, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (at[i] != (uint8_t)(i * 7 + (i >> 12)))
			return false;
	return true;
}

/* Whether /proc/self/maps has @address as memory of the device. */
static bool is_the_partitions(const void *address)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start, end;
	char line[512];
	bool is = false;

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && (unsigned long)address >= start &&
		    (unsigned long)address < end)
			is = strstr(line, "/dev/hvm") != NULL;
	if (maps)
		fclose(maps);
	return is;
}

static void give_back_and_protect(void)
{
	uint8_t *at = take(6 * MIB);

	check(is_zero(at, 6 * MIB), "new memory is not zero");
	fill(at, 6 * MIB);
	check(!madvise(at + MIB, MIB, MADV_DONTNEED) && is_zero(at + MIB, MIB), "MADV_DONTNEED");
	check(is_filled(at, 0, MIB) && is_filled(at, 2 * MIB, 6 * MIB), "what lies around MADV_DONTNEED");
	check(!munmap(at + 3 * MIB, PAGE), "munmap of a page");
	check(is_filled(at, 2 * MIB, 3 * MIB) && is_filled(at, 3 * MIB + PAGE, 6 * MIB), "what lies around munmap");
	check(!mprotect(at + 4 * MIB, PAGE, PROT_READ), "mprotect");
	errno = 0;
	check(read(open("/dev/zero", O_RDONLY), at + 4 * MIB, 8) < 0 && errno == EFAULT,
	      "a read into read-only memory");
	check(!mprotect(at + 4 * MIB, PAGE, PROT_READ | PROT_WRITE), "mprotect back");
	at[4 * MIB] = 0;
	check(!at[4 * MIB] && is_filled(at, 4 * MIB + 1, 6 * MIB), "what lies around mprotect");
	check(!munmap(at, 6 * MIB), "munmap of the rest");
}

static void move_and_grow(void)
{
	uint8_t *at = take(4 * MIB);

	fill(at, 4 * MIB);
	at = mremap(at, 4 * MIB, 5 * MIB, MREMAP_MAYMOVE);
	check(at != MAP_FAILED && is_filled(at, 0, 4 * MIB) && is_zero(at + 4 * MIB, MIB), "mremap to more");
	at = mremap(at, 5 * MIB, 2 * MIB, 0);
	check(at != MAP_FAILED && is_filled(at, 0, 2 * MIB), "mremap to less");
	check(!munmap(at, 2 * MIB), "munmap");
}

/* What takes the pages themselves gets them, or is told EFAULT: partition memory is no pages. */
static bool pin(const int ends[2], uint8_t *at)
{
	struct iovec piece = {at, PAGE};
	ssize_t n = vmsplice(ends[1], &piece, 1, 0);

	if (n < 0)
		return errno == EFAULT;
	return read(ends[0], at + PAGE, (size_t)n) == n && !memcmp(at, at + PAGE, (size_t)n);
}

/* System calls read and write it, those that the proxy makes in its own way included. */
static void pass_to_calls(void)
{
	uint8_t *at = take(2 * MIB);
	struct timespec *time = (struct timespec *)(at + PAGE - 8);
	struct rusage *usage = (struct rusage *)(at + 3 * PAGE);
	int ends[2];

	fill(at, MIB);
	check(!pipe(ends) && write(ends[1], at + 1, 5000) == 5000 && read(ends[0], at + MIB + 3, 5000) == 5000 &&
		  !memcmp(at + 1, at + MIB + 3, 5000),
	      "through a pipe");
	check(pin(ends, at + MIB), "vmsplice");
	check(!clock_gettime(CLOCK_PROCESS_CPUTIME_ID, time) && time->tv_nsec >= 0 && time->tv_nsec < 1000000000,
	      "clock_gettime");
	check(!getrusage(RUSAGE_SELF, usage), "getrusage");
	strcpy((char *)at, "/proc/self/exe");
	check(readlink((char *)at, (char *)at + 100, 200) > 0 && strstr((char *)at + 100, "partmem"), "readlink");
	fill(at, 2 * MIB);
	check(pread(open("/proc/self/mem", O_RDONLY), at + MIB + PAGE, MIB - PAGE, (off_t)(uintptr_t)at) ==
		      MIB - PAGE &&
		  !memcmp(at, at + MIB + PAGE, MIB - PAGE),
	      "/proc/self/mem");
	check(!munmap(at, 2 * MIB), "munmap");
}

static void take_and_check(size_t size)
{
	uint8_t *at = take(size);

	fill(at, size);
	check(is_filled(at, 0, size), "what was written");
	printf("%s\n", is_the_partitions(at) ? "partition" : "linux");
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		take_and_check(strtoul(argv[1], NULL, 10) * MIB);
		return !ok;
	}
	for (int i = 0; i < 3; i++) {
		give_back_and_protect();
		move_and_grow();
		pass_to_calls();
	}
	take_and_check(3 * MIB + 5);
	return !ok;
}
