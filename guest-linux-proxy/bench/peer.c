/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

double peer_spawn(const struct hrt *hrt, const char *self)
{
	uint64_t start = tsc_now();
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl(self, self, "--exit", (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		die("cannot run %s --exit: %s", self, pid < 0 ? strerror(errno) : "it failed");
	return tsc_to_ns(hrt, tsc_now() - start);
}

static double system_call(const struct hrt *hrt, long number, unsigned int rounds)
{
	uint64_t start = tsc_now();

	for (unsigned int i = 0; i < rounds; i++)
		syscall(number);
	return tsc_to_ns(hrt, tsc_now() - start) / rounds;
}

double peer_getppid(const struct hrt *hrt, unsigned int rounds)
{
	return system_call(hrt, SYS_getppid, rounds);
}

double peer_getpid(const struct hrt *hrt, unsigned int rounds)
{
	return system_call(hrt, SYS_getpid, rounds);
}

/* Set *@word to @value and wake whoever sleeps on it. */
static void hand_over(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void wait_for(uint32_t *word, uint32_t value)
{
	uint32_t seen;

	while ((seen = __atomic_load_n(word, __ATOMIC_ACQUIRE)) != value)
		syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0);
}

double peer_futex(const struct hrt *hrt, unsigned int rounds)
{
	/* Two lines: request and answer. */
	uint32_t *words = mmap(NULL, HVM_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint32_t *request = words, *answer = words + 16;
	uint64_t start;
	pid_t pid;

	if (words == MAP_FAILED)
		die("no memory: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0) {
		for (unsigned int i = 1; i <= rounds; i++) {
			wait_for(request, i);
			hand_over(answer, i);
		}
		_exit(0);
	}
	start = tsc_now();
	for (unsigned int i = 1; i <= rounds; i++) {
		hand_over(request, i);
		wait_for(answer, i);
	}
	start = tsc_now() - start;
	waitpid(pid, NULL, 0);
	munmap(words, HVM_PAGE_SIZE);
	return tsc_to_ns(hrt, start) / rounds;
}

/* Both ends of a hand-over by eventfd(2): take one, give one. */
static void take(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) != sizeof(count))
		die("eventfd: %s", strerror(errno));
}

static void give(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		die("eventfd: %s", strerror(errno));
}

double peer_eventfd(const struct hrt *hrt, unsigned int rounds)
{
	int request = eventfd(0, 0), answer = eventfd(0, 0);
	uint64_t start;
	pid_t pid = fork();

	if (pid < 0 || request < 0 || answer < 0)
		die("two processes with eventfds: %s", strerror(errno));
	if (pid == 0) {
		for (unsigned int i = 0; i < rounds; i++) {
			take(request);
			give(answer);
		}
		_exit(0);
	}
	start = tsc_now();
	for (unsigned int i = 0; i < rounds; i++) {
		give(request);
		take(answer);
	}
	start = tsc_now() - start;
	waitpid(pid, NULL, 0);
	close(request);
	close(answer);
	return tsc_to_ns(hrt, start) / rounds;
}
