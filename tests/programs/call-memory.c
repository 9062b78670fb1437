/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions on HRT cores see the process's memory as its own threads do, while those change it. With an argument:
 * seconds that each of the parts "together..." takes.
 */
#define _GNU_SOURCE
#include "call.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define NODES 1000000u
#define PAGE  4096ul
#define PAGES 64ul
#define HUGE  (2ul << 20)

static struct hvm *hvm;

/* ---- a list that grows ---- */

struct node {
	struct node *next;
	uint64_t value;
};

static struct node list;

static uint64_t follow(struct node *from, uint64_t nodes)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < nodes; i++) {
		struct node *next;

		while (!(next = __atomic_load_n(&from->next, __ATOMIC_ACQUIRE)))
			;
		from = next;
		sum += from->value;
	}
	return sum;
}

static void append(const char *argument)
{
	struct hvm_future future;
	struct node *last = &list;
	uint64_t sum = 0;

	(void)argument;
	CHECK_OK(hvm_submit(hvm, HVM_WORK(follow, &list, NODES), &future));
	for (uint64_t i = 1; i <= NODES; i++) {
		struct node *node = malloc(sizeof(*node));

		*node = (struct node){.value = i};
		__atomic_store_n(&last->next, node, __ATOMIC_RELEASE);
		last = node;
	}
	CHECK_OK(hvm_wait(hvm, &future, &sum));
	CHECK(sum == (uint64_t)NODES * (NODES + 1) / 2);
}

/* ---- pages ---- */

static uint64_t *map(unsigned long size, int protection)
{
	void *memory = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED);
	return memory;
}

/* The first word of each page. */
static uint64_t sum_pages(const volatile uint64_t *memory, uint64_t pages)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < pages; i++)
		sum += memory[i * PAGE / 8];
	return sum;
}

static uint64_t fill_pages(volatile uint64_t *memory, uint64_t pages, uint64_t value)
{
	for (uint64_t i = 0; i < pages; i++)
		memory[i * PAGE / 8] = value;
	return value;
}

static void fresh(const char *argument)
{
	uint64_t *memory = map(PAGES * PAGE, PROT_READ | PROT_WRITE);

	(void)argument;
	CHECK(called(hvm, HVM_WORK(sum_pages, memory, PAGES)) == 0);
	called(hvm, HVM_WORK(fill_pages, memory, PAGES, 3));
	CHECK(sum_pages(memory, PAGES) == 3 * PAGES);
	CHECK(madvise(memory, PAGES * PAGE, MADV_DONTNEED) == 0);
	CHECK(called(hvm, HVM_WORK(sum_pages, memory, PAGES)) == 0);
	munmap(memory, PAGES * PAGE);
}

static void files(const char *argument)
{
	char name[] = "/tmp/call-memory-XXXXXX";
	int fd = mkstemp(name);
	uint64_t word = 5, *memory;
	struct hvm_failure failure;
	struct hvm_work work;

	(void)argument;
	CHECK(fd >= 0 && ftruncate(fd, PAGES * PAGE) == 0);
	memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(memory != MAP_FAILED);
	for (uint64_t i = 0; i < PAGES; i++)
		CHECK(pwrite(fd, &word, sizeof(word), (off_t)(i * PAGE)) == sizeof(word));
	CHECK(called(hvm, HVM_WORK(sum_pages, memory, PAGES)) == 5 * PAGES);
	called(hvm, HVM_WORK(fill_pages, memory, PAGES, 9));
	CHECK(pread(fd, &word, sizeof(word), 7 * PAGE) == sizeof(word) && word == 9);
	CHECK(ftruncate(fd, PAGE) == 0);
	work = *HVM_WORK(sum_pages, memory, PAGES);
	work.failure = &failure;
	CHECK_ERROR(hvm_call(hvm, &work, NULL), -EFAULT);
	CHECK(failure.signal == SIGBUS && failure.address == (uint64_t)memory + PAGE);
	munmap(memory, PAGES * PAGE);
	close(fd);
	unlink(name);
}

static int fault_at(const void *function, uint64_t *memory, uint64_t *at)
{
	struct hvm_failure failure = {.address = 0};
	struct hvm_work work = *HVM_WORK(function, memory, 1, 1);
	int err;

	work.failure = &failure;
	err = hvm_call(hvm, &work, NULL);
	*at = failure.address;
	return err;
}

/* What Linux takes away is gone for the HRT at once, and comes back when Linux gives it. */
static void changes(const char *argument)
{
	uint64_t *memory = map(PAGE, PROT_READ | PROT_WRITE), at;

	(void)argument;
	for (int i = 0; i < 100; i++) {
		called(hvm, HVM_WORK(fill_pages, memory, 1, 1));
		CHECK(mprotect(memory, PAGE, PROT_READ) == 0);
		CHECK(called(hvm, HVM_WORK(sum_pages, memory, 1)) == 1);
		CHECK_ERROR(fault_at(fill_pages, memory, &at), -EFAULT);
		CHECK(at == (uint64_t)memory);
		CHECK(mprotect(memory, PAGE, PROT_NONE) == 0);
		CHECK_ERROR(fault_at(sum_pages, memory, &at), -EFAULT);
		CHECK(mprotect(memory, PAGE, PROT_READ | PROT_WRITE) == 0);
		CHECK(called(hvm, HVM_WORK(sum_pages, memory, 1)) == 1);
		CHECK(munmap(memory, PAGE) == 0);
		CHECK_ERROR(fault_at(sum_pages, memory, &at), -EFAULT);
		CHECK(mmap(memory, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		      memory);
		CHECK(called(hvm, HVM_WORK(sum_pages, memory, 1)) == 0);
	}
	munmap(memory, PAGE);
}

/* ---- together: one thread changes memory while functions use it ---- */

static uint64_t *stage;
static uint32_t stop;
static double until;

static bool goes_on(void)
{
	return seconds() < until;
}

/* Pages hold what they held, or nothing if that was dropped; never anything else. */
static uint64_t check_pages(uint64_t pages)
{
	uint64_t rounds = 0;

	for (; !__atomic_load_n(&stop, __ATOMIC_ACQUIRE); rounds++)
		for (uint64_t i = 0; i < pages; i++) {
			uint64_t found = __atomic_load_n(&stage[i * PAGE / 8], __ATOMIC_RELAXED);

			if (found && found != ~i)
				return i + 1;
			__atomic_store_n(&stage[i * PAGE / 8], ~i, __ATOMIC_RELAXED);
		}
	return rounds ? 0 : ~0ull;
}

static void change_together(unsigned int core, void (*change)(uint64_t *page))
{
	struct hvm_work work = *HVM_WORK(check_pages, PAGES);
	struct hvm_future future;
	uint64_t result = 1;
	unsigned int random = 1;

	work.core = (int)core;
	__atomic_store_n(&stop, 0, __ATOMIC_RELEASE);
	CHECK_OK(hvm_submit(hvm, &work, &future));
	while (goes_on())
		change(stage + (unsigned int)rand_r(&random) % PAGES * PAGE / 8);
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	CHECK_OK(hvm_wait(hvm, &future, &result));
	CHECK_THAT(result == 0, "page %llu held what was written there", (unsigned long long)result - 1);
}

static void drop(uint64_t *page)
{
	uint64_t *used;

	CHECK(madvise(page, PAGE, MADV_DONTNEED) == 0);
	used = map(PAGE, PROT_READ | PROT_WRITE); /* the page goes to somebody else at once */
	memset(used, 0xaa, PAGE);
	munmap(used, PAGE);
}

static void replace(uint64_t *page)
{
	CHECK(mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page);
}

/* Another physical page, by way of another address. */
static void move(uint64_t *page)
{
	uint64_t *other = map(PAGE, PROT_READ | PROT_WRITE);

	*other = ~((uint64_t)(page - stage) * 8 / PAGE);
	CHECK(mremap(other, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page) == page);
}

static void copy_on_write(uint64_t *page)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		*page = 0xbad; /* the child's own */
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void migrate(uint64_t *page)
{
	FILE *file = fopen("/proc/sys/vm/compact_memory", "w");

	(void)page;
	if (!file || fputs("1\n", file) < 0 || fclose(file))
		sched_yield(); /* not as a user */
}

/* 4 KiB pages become a huge one under the function's hands, and the reverse. */
static void collapse(uint64_t *page)
{
	uint64_t *huge = (uint64_t *)((uint64_t)page & ~(HUGE - 1));

	madvise(huge, HUGE, 25); /* MADV_COLLAPSE: refused while somebody looks on, and before Linux 6.1 */
	madvise(huge, PAGE, MADV_NOHUGEPAGE);
	madvise(huge, HUGE, MADV_HUGEPAGE);
}

static void together(void (*change)(uint64_t *page), const char *time)
{
	uint64_t *memory = map(2 * HUGE, PROT_READ | PROT_WRITE);

	stage = (uint64_t *)(((uint64_t)memory + HUGE - 1) & ~(HUGE - 1));
	madvise(stage, HUGE, change == collapse ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	until = seconds() + (time ? atof(time) : 0.5);
	change_together(0, change);
	munmap(memory, 2 * HUGE);
}

static void together_dropped(const char *time)
{
	together(drop, time);
}

static void together_replaced(const char *time)
{
	together(replace, time);
}

static void together_moved(const char *time)
{
	together(move, time);
}

static void together_forked(const char *time)
{
	together(copy_on_write, time);
}

static void together_compacted(const char *time)
{
	together(migrate, time);
}

static void together_collapsed(const char *time)
{
	together(collapse, time);
}

/* ---- what is in use goes away: a failure, and no more ---- */

static _Noreturn void read_on(const volatile uint64_t *memory)
{
	for (;;)
		(void)*memory;
}

static void *unmap_later(void *memory)
{
	usleep(10000);
	munmap(memory, PAGE);
	return NULL;
}

/* Of the stack that the function runs on, though not what it needs to call. */
static uint64_t unmap_own_stack(void)
{
	volatile char deep[128 << 10];
	uint64_t page = ((uint64_t)deep + PAGE) & ~(PAGE - 1);

	munmap((void *)page, PAGE);
	*(volatile char *)page = 1;
	return (uint64_t)deep[0];
}

static void away(const char *argument)
{
	uint64_t *memory = map(PAGE, PROT_READ | PROT_WRITE), at;
	struct hvm_failure failure;
	struct hvm_work work = *HVM_WORK(read_on, memory);
	pthread_t thread;

	(void)argument;
	*memory = 1;
	work.failure = &failure;
	pthread_create(&thread, NULL, unmap_later, memory);
	CHECK_ERROR(hvm_call(hvm, &work, NULL), -EFAULT);
	CHECK(failure.address == (uint64_t)memory);
	pthread_join(thread, NULL);
	CHECK_ERROR(fault_at(unmap_own_stack, NULL, &at), -EFAULT);
	CHECK(called(hvm, HVM_WORK(sum_pages, &list.value, 1)) == list.value);
	CHECK_OK(hvm_detach(hvm));
	CHECK_OK(hvm_attach(hvm, 1));
	CHECK(called(hvm, HVM_WORK(sum_pages, &list.value, 1)) == list.value);
}

int main(int argc, char **argv)
{
	static const struct part parts[] = {
	    {"append", append},
	    {"fresh", fresh},
	    {"files", files},
	    {"changes", changes},
	    {"together-dropped", together_dropped},
	    {"together-replaced", together_replaced},
	    {"together-moved", together_moved},
	    {"together-forked", together_forked},
	    {"together-compacted", together_compacted},
	    {"together-collapsed", together_collapsed},
	    {"away", away},
	};

	hvm = attached(1);
	return RUN_PARTS(parts, argc, argv);
}
