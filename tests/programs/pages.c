/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages MIB: touches each page of that much new memory, and tells how the kernel made it. What the tests compare is
 * the number of page faults that this costs.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The figure of /proc/self/smaps for the mapping that @address lies in, kB. */
static long figure(const void *address, const char *name)
{
	FILE *maps = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	char line[512];
	int here = 0;
	long kilobytes = -1;

	while (maps && kilobytes < 0 && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && strchr(line, '-') < strchr(line, ' '))
			here = (unsigned long)address >= start && (unsigned long)address < end;
		else if (here && !strncmp(line, name, strlen(name)))
			kilobytes = strtol(line + strlen(name) + 1, NULL, 10);
	}
	if (maps)
		fclose(maps);
	return kilobytes;
}

int main(int argc, char **argv)
{
	size_t size = (argc > 1 ? strtoul(argv[1], NULL, 10) : 64) << 20;
	uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return 1;
	for (size_t at = 0; at < size; at += 4096)
		memory[at] = (uint8_t)(at >> 12);
	for (size_t at = 0; at < size; at += 4096)
		if (memory[at] != (uint8_t)(at >> 12) || memory[at + 1])
			return 2;
	printf("resident %ld kB, huge %ld kB\n", figure(memory, "Rss"), figure(memory, "AnonHugePages"));
	return 0;
}
