/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "../partition_memory.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hvm/device.h>

#define MIB (1ull << 20)

static const uint64_t wanted[6] = {0, 3 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0};

/* A file plays the device. */
static int make_device(void)
{
	int fd = memfd_create("device", MFD_CLOEXEC);

	CHECK_EQUAL(ftruncate(fd, HVM_MAP_MEMORY + 64 * MIB), 0);
	return fd;
}

static void there_is_none_before_it_is_used(void)
{
	CHECK_EQUAL(partition_memory_map(wanted), -ENOMEM);
	CHECK(!partition_memory_was_used());
}

static void it_begins_on_a_huge_page_and_is_known_again(void)
{
	uint64_t at;

	CHECK_EQUAL(partition_memory_use(make_device()), 0);
	at = (uint64_t)partition_memory_map(wanted);
	CHECK_EQUAL(at % (2 * MIB), 0);
	CHECK(partition_memory_is(at, 3 * MIB));
	CHECK(!partition_memory_is(at, 3 * MIB + 4096));
	mprotect((void *)(at + MIB), 4096, PROT_READ);
	CHECK(!partition_memory_is(at, 3 * MIB));
	CHECK(partition_memory_is(at + 2 * MIB, MIB));
	munmap((void *)at, 3 * MIB);
}

/* As the device does by itself, the file's mapping is kept from the child. */
static void a_child_of_fork_has_a_copy_of_its_own(void)
{
	volatile uint8_t *at = (volatile uint8_t *)partition_memory_map(wanted);
	int status;
	pid_t pid;

	madvise((void *)at, 3 * MIB, MADV_DONTFORK);
	at[0] = 1;
	at[3 * MIB - 1] = 2;
	pid = fork();
	if (pid == 0) {
		bool same = at[0] == 1 && at[3 * MIB - 1] == 2;

		at[0] = 3;
		_exit(same && !partition_memory_is((uint64_t)at, 3 * MIB) ? 7 : 8);
	}
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	CHECK_EQUAL(at[0], 1);
	munmap((void *)at, 3 * MIB);
}

void test_partition_memory(void)
{
	RUN(there_is_none_before_it_is_used);
	RUN(it_begins_on_a_huge_page_and_is_known_again);
	RUN(a_child_of_fork_has_a_copy_of_its_own);
}
