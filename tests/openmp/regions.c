/* SPDX-License-Identifier: Apache-2.0 */
/* An OpenMP program as its users build it, linked with libgomp.so.1: what its regions may do, wherever they run. */
#include <errno.h>
#include <fcntl.h>
#include <omp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(what)                                                                                                    \
	do {                                                                                                           \
		if (!(what)) {                                                                                         \
			fprintf(stderr, "%s:%d: does not hold: %s (errno %d)\n", __FILE__, __LINE__, #what, errno);    \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

static __thread int own = 5;
static int persistent;
#pragma omp threadprivate(persistent)

static unsigned int ring(void)
{
	uint16_t selector;

	__asm__("mov %%cs, %0" : "=r"(selector));
	return selector & 3;
}

static void where(const char *argument)
{
	unsigned int rings = 0;
	int threads = 0;

	(void)argument;
#pragma omp parallel reduction(| : rings)
	{
		rings |= ring();
#pragma omp single
		threads = omp_get_num_threads();
	}
	printf("ring %u, then %u; %d threads of %d\n", ring(), rings, threads, omp_get_max_threads());
}

/* Each rank has its thread's memory, rank 0 the caller's, and keeps it. */
static void memory(const char *argument)
{
	int team = 0;

	(void)argument;
	own = 7;
	errno = 33;
#pragma omp parallel reduction(+ : team)
	{
		char *text = malloc(100);

		team++;
		snprintf(text, 100, "rank %d", omp_get_thread_num());
		persistent = omp_get_thread_num() + 100;
		CHECK(own == (omp_get_thread_num() ? 5 : 7));
		CHECK(omp_get_thread_num() || errno == 33);
		CHECK(close(-1) == -1 && errno == EBADF);
		CHECK(atoi(text + 5) == omp_get_thread_num());
		free(text);
	}
	CHECK(errno == EBADF && persistent == 100);
#pragma omp parallel
	CHECK(persistent == omp_get_thread_num() + 100);
	CHECK(team == omp_get_max_threads());
}

/* OMP_STACKSIZE is 8 MiB if nobody says anything else. */
static void stack(const char *argument)
{
	long sum = 0;

	(void)argument;
#pragma omp parallel reduction(+ : sum)
	{
		volatile char big[6 << 20];

		for (size_t i = 0; i < sizeof(big); i += 4096)
			big[i] = 1;
		for (size_t i = 0; i < sizeof(big); i += 4096)
			sum += big[i];
	}
	CHECK(sum == (6 << 20) / 4096 * omp_get_max_threads());
}

static omp_lock_t lock;
static long locked, critical;

static void count(void)
{
	for (int i = 0; i < 3000; i++) {
		omp_set_lock(&lock);
		locked++;
		omp_unset_lock(&lock);
#pragma omp critical(counting)
		critical++;
	}
}

static void *count_in_thread(void *unused)
{
	count();
	return unused;
}

/* Between ranks on HRT cores and a thread of Linux. */
static void locks(const char *argument)
{
	pthread_t thread;

	(void)argument;
	omp_init_lock(&lock);
	CHECK(!pthread_create(&thread, NULL, count_in_thread, NULL));
#pragma omp parallel
	count();
	CHECK(!pthread_join(thread, NULL));
	CHECK(locked == 3000 * (omp_get_max_threads() + 1));
	CHECK(critical == locked);
}

static int team_of_region(void)
{
	int team = 0;

#pragma omp parallel reduction(+ : team)
	team++;
	return team;
}

static void *region_of_thread(void *team)
{
	for (int i = 0; i < 200; i++)
		*(int *)team = team_of_region();
	return NULL;
}

static void threads(const char *argument)
{
	int here = 0, there = 0;
	pthread_t thread;

	(void)argument;
	CHECK(!pthread_create(&thread, NULL, region_of_thread, &there));
	region_of_thread(&here);
	CHECK(!pthread_join(thread, NULL));
	CHECK(here == omp_get_max_threads() && there == here);
}

static void forked(const char *argument)
{
	int team = team_of_region(), status;
	pid_t child;

	(void)argument;
	child = fork();
	if (!child)
		_exit(team_of_region() == team && ring() == 3 ? 0 : 1);
	for (int i = 0; i < 200; i++)
		CHECK(team_of_region() == team);
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void constructs(const char *argument)
{
	long sum = 0, tasks = 0;
	int last = 0;

	(void)argument;
	for (int round = 0; round < 20; round++) {
#pragma omp parallel for schedule(dynamic, 3) reduction(+ : sum)
		for (int i = 0; i < 1000; i++)
			sum += i;
#pragma omp parallel for schedule(guided) ordered
		for (int i = 0; i < 100; i++) {
#pragma omp ordered
			last = i;
		}
		CHECK(last == 99);
#pragma omp parallel
		{
#pragma omp single
			for (int i = 0; i < 100; i++)
#pragma omp task shared(tasks)
				__atomic_fetch_add(&tasks, 1, __ATOMIC_RELAXED);
#pragma omp barrier
			CHECK(__atomic_load_n(&tasks, __ATOMIC_RELAXED) == (round + 1) * 100);
		}
	}
	CHECK(sum == 20 * 499500);
}

struct crowd {
	uint32_t at_once, most;
};

/* In @path: how many ranks run at a time, of all programs that have it. */
static void crowd(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	struct crowd *all;

	CHECK(fd >= 0 && !ftruncate(fd, sizeof(*all)));
	all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(all != MAP_FAILED);
	for (int i = 0; i < 300; i++) {
#pragma omp parallel
		{
			uint32_t now = __atomic_add_fetch(&all->at_once, 1, __ATOMIC_SEQ_CST), before = all->most;

			while (now > before && !__atomic_compare_exchange_n(&all->most, &before, now, false,
									    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
				;
#pragma omp barrier
			__atomic_fetch_sub(&all->at_once, 1, __ATOMIC_SEQ_CST);
		}
	}
	printf("most %u\n", all->most);
}

static void fault(const char *argument)
{
	(void)argument;
	puts("before");
	fflush(stdout);
#pragma omp parallel
	{
		if (omp_get_thread_num() == omp_get_num_threads() - 1)
			*(volatile int *)(uintptr_t)(omp_get_level() * 40) = 1;
#pragma omp barrier
	}
	puts("after");
}

static void target(const char *argument)
{
	int x = 0;

	(void)argument;
#pragma omp target map(tofrom : x)
	x++;
	printf("x is %d\n", x);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(const char *argument);
	} parts[] = {
	    {"where", where},	{"memory", memory}, {"stack", stack},		{"locks", locks}, {"threads", threads},
	    {"forked", forked}, {"crowd", crowd},   {"constructs", constructs}, {"fault", fault}, {"target", target},
	};

	for (size_t i = 0; argc > 1 && i < sizeof(parts) / sizeof(*parts); i++)
		if (!strcmp(argv[1], parts[i].name)) {
			parts[i].run(argc > 2 ? argv[2] : NULL);
			printf("ok %s\n", argv[1]);
			return 0;
		}
	return 2;
}
