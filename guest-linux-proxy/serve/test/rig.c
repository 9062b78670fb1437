/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

#include "test.h"

static char name[64];
const char *rig_file = name;
const char *hrt_partition;

static struct {
	struct serve serve;
	struct table table;
	struct memory memory;
	struct watch watch;
	pthread_t thread;
	uint32_t terminated;
	bool well;
} rig;

uint64_t test_crash(uint64_t address, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	(void)b, (void)c, (void)d, (void)e, (void)f;
	__asm__ volatile("mov (%0), %0" : "+r"(address)); /* no sanitizer looks at it */
	return address;
}

/* TSan delivers signals at atomic operations only. */
uint64_t test_forever(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	static uint64_t rounds;

	(void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
	for (;;)
		hvm_store_relaxed(&rounds, 1ull);
}

uint64_t test_fill(uint64_t memory, uint64_t bytes, uint64_t value, uint64_t d, uint64_t e, uint64_t f)
{
	(void)d, (void)e, (void)f;
	memset((void *)memory, (int)value, bytes);
	return bytes;
}

static void *run(void *unused)
{
	(void)unused;
	rig.well = watch_run(&rig.watch);
	return NULL;
}

static void make_file(void)
{
	int fd;

	snprintf(name, sizeof(name), "/tmp/hvm-serve-test-%d", (int)getpid());
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && !ftruncate(fd, WINDOW_SIZE));
	close(fd);
}

static void remove_file(void)
{
	unlink(name);
}

static bool fill_table(struct table *table)
{
	return builtin_add(table) && table_add(table, "crash", "(address)", test_crash) &&
	       table_add(table, "forever", "()", test_forever) &&
	       table_add(table, "fill", "(memory, bytes, value)", test_fill);
}

void rig_begin(unsigned int idle_ms, uint32_t limit_ms)
{
	if (!*name) {
		make_file();
		atexit(remove_file);
	}
	rig.table = (struct table){0};
	rig.terminated = 0;
	CHECK(fill_table(&rig.table));
	CHECK(memory_map(&rig.memory, name));
	CHECK(serve_begin(&rig.serve, rig.memory.at, rig.memory.size, &rig.table, limit_ms));
	rig.watch = (struct watch){&rig.serve, &native_runner, idle_ms, &rig.terminated};
	CHECK_EQUAL(pthread_create(&rig.thread, NULL, run, NULL), 0);
}

void rig_await(void)
{
	pthread_join(rig.thread, NULL);
	CHECK(rig.well);
	munmap(rig.memory.at, rig.memory.size);
}

void rig_end(void)
{
	hvm_store_relaxed(&rig.terminated, 1);
	rig_await();
}

struct serve *rig_serve(void)
{
	return &rig.serve;
}

/* xorshift64* (Vigna, 2016) */
