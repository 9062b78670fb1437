// SPDX-License-Identifier: Apache-2.0
/* POSIX threads in the ways that its argument names; prints what must be the same wherever it runs. */
#define _GNU_SOURCE
#include <errno.h>
#include <fenv.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ADDITIONS 20000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn = PTHREAD_COND_INITIALIZER;
static long sum;
static __thread long own = 7;

static void create(pthread_t *thread, void *(*function)(void *), void *argument)
{
	int err = pthread_create(thread, NULL, function, argument);

	if (err) {
		printf("pthread_create: %s\n", strerror(err));
		exit(1);
	}
}

static void *add(void *argument)
{
	own += (long)(intptr_t)argument;
	for (int i = 0; i < ADDITIONS; i++) {
		pthread_mutex_lock(&mutex);
		sum++;
		pthread_mutex_unlock(&mutex);
	}
	return (void *)(intptr_t)own;
}

/* Created and joined again and again, both adding. */
static int part_rounds(int rounds)
{
	long owns = 0;

	for (int i = 0; i < rounds; i++) {
		pthread_t thread;
		void *result;

		create(&thread, add, (void *)(intptr_t)i);
		add((void *)0);
		pthread_join(thread, &result);
		owns += (long)(intptr_t)result;
	}
	printf("sum %ld of threads' own %ld of main's own %ld\n", sum, owns, own);
	return sum != 2L * rounds * ADDITIONS;
}

static int whose_turn;

static void *answer(void *argument)
{
	int rounds = *(int *)argument;

	pthread_mutex_lock(&mutex);
	for (int i = 0; i < rounds; i++) {
		while (whose_turn != 1)
			pthread_cond_wait(&turn, &mutex);
		whose_turn = 0;
		pthread_cond_broadcast(&turn);
	}
	pthread_mutex_unlock(&mutex);
	return NULL;
}

/* Two threads in turn, by a condition variable. */
static int part_turns(int rounds)
{
	pthread_t thread;

	create(&thread, answer, &rounds);
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < rounds; i++) {
		whose_turn = 1;
		pthread_cond_broadcast(&turn);
		while (whose_turn != 0)
			pthread_cond_wait(&turn, &mutex);
	}
	pthread_mutex_unlock(&mutex);
	pthread_join(thread, NULL);
	printf("%d turns\n", rounds);
	return 0;
}

static void *identify(void *argument)
{
	long *tid = argument;

	*tid = syscall(SYS_gettid);
	return NULL;
}

static int part_identity(void)
{
	pthread_t thread;
	long tid = 0;

	create(&thread, identify, &tid);
	pthread_join(thread, NULL);
	printf("main is the process %d, the other is not %d\n", syscall(SYS_gettid) == getpid(), tid != getpid());
	return 0;
}

static void *end_last(void *argument)
{
	pthread_join(*(pthread_t *)argument, NULL);
	puts("main ended first");
	return NULL;
}

static int part_main_ends_first(void)
{
	static pthread_t main_thread;
	pthread_t thread;

	main_thread = pthread_self();
	create(&thread, end_last, &main_thread);
	pthread_exit(NULL);
}

static void *loop(void *unused)
{
	(void)unused;
	for (;;)
		__asm__ volatile("");
	return NULL;
}

static __attribute__((noinline)) void *crash_in_thread(void *unused)
{
	(void)unused;
	*(volatile int *volatile)NULL = 1;
	return NULL;
}

/* The process ends while another thread is in the middle of something. */
static int part_end(void *(*function)(void *), int by_exit)
{
	pthread_t thread;

	create(&thread, function, NULL);
	if (by_exit)
		return 5;
	pthread_join(thread, NULL);
	return 0;
}

static pthread_barrier_t barrier;

static void *meet(void *argument)
{
	pthread_barrier_wait(&barrier);
	return argument;
}

/* So many threads alive at once, and together at a barrier. */
static int part_alive(int count)
{
	pthread_t *threads = calloc((size_t)count, sizeof(*threads));
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	pthread_barrier_init(&barrier, NULL, (unsigned int)count + 1);
	for (int i = 0; i < count; i++) {
		int err = pthread_create(&threads[i], &attributes, meet, (void *)(intptr_t)i);

		if (err) {
			printf("pthread_create: %s\n", strerror(err));
			return 1;
		}
	}
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < count; i++) {
		void *result;

		pthread_join(threads[i], &result);
		if (result != (void *)(intptr_t)i)
			return 1;
	}
	printf("%d threads met\n", count);
	return 0;
}

/* Computes and holds doubles in registers while others do, too: nobody's may change. */
static void *integrate(void *argument)
{
	double step = *(double *)argument, area = 0;

	for (double x = 0; x < 1; x += step)
		area += x * x * step;
	*(double *)argument = area;
	return NULL;
}

static int part_doubles(int count)
{
	double *values = calloc((size_t)count, sizeof(*values));
	pthread_t *threads = calloc((size_t)count, sizeof(*threads));

	for (int i = 0; i < count; i++) {
		values[i] = 1.0 / (1 << 20) / (1 + i % 3);
		create(&threads[i], integrate, &values[i]);
	}
	for (int i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		printf("%.17g\n", values[i]);
	}
	return 0;
}

/* Nothing but beginning and ending. */
static void *begin_and_end(void *argument)
{
	return argument;
}

static int part_many(int count)
{
	for (int i = 0; i < count; i++) {
		pthread_t thread;
		void *result;

		create(&thread, begin_and_end, (void *)(intptr_t)i);
		pthread_join(thread, &result);
		if (result != (void *)(intptr_t)i)
			return 1;
	}
	printf("%d threads came and went\n", count);
	return 0;
}

static long long now_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static struct timespec timespec_of(long long ns)
{
	return (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
}

static uint32_t word;

static long wait_futex(int operation, uint32_t value, const struct timespec *timeout)
{
	return syscall(SYS_futex, &word, operation, value, timeout, NULL, FUTEX_BITSET_MATCH_ANY) < 0 ? errno : 0;
}

static void tell(const char *what, long err, long long start, long long least)
{
	printf("%s: %s, %s\n", what, err ? strerror((int)err) : "ok",
	       now_ns(CLOCK_MONOTONIC) - start >= least ? "not too early" : "too early");
}

#define MS 1000000ll

static void wait_until(const char *what, int operation, clockid_t clock, long long from_now)
{
	long long start = now_ns(CLOCK_MONOTONIC);
	struct timespec at = timespec_of(now_ns(clock) + from_now);
	long err = wait_futex(operation, 0, &at);

	tell(what, err, start, from_now);
}

/* Waits that end by their timeout, and those that have no valid one. */
static int part_timeouts(void)
{
	const struct timespec ten = timespec_of(10 * MS), bad = {.tv_nsec = 1000000000}, before = {.tv_sec = -1};
	long long start = now_ns(CLOCK_MONOTONIC);
	long err = wait_futex(FUTEX_WAIT_PRIVATE, 0, &ten);

	tell("10 ms", err, start, 10 * MS);
	start = now_ns(CLOCK_MONOTONIC);
	err = wait_futex(FUTEX_WAIT, 0, &ten);
	tell("10 ms, shared", err, start, 10 * MS);
	wait_until("until, monotonic", FUTEX_WAIT_BITSET_PRIVATE, CLOCK_MONOTONIC, 10 * MS);
	wait_until("until, real time", FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, CLOCK_REALTIME, 10 * MS);
	wait_until("in the past", FUTEX_WAIT_BITSET_PRIVATE, CLOCK_MONOTONIC, -10 * MS);
	tell("another value", wait_futex(FUTEX_WAIT_PRIVATE, 1, &ten), start, 0);
	tell("too many nanoseconds", wait_futex(FUTEX_WAIT_PRIVATE, 0, &bad), start, 0);
	tell("negative", wait_futex(FUTEX_WAIT_PRIVATE, 0, &before), start, 0);
	tell("no address", wait_futex(FUTEX_WAIT_PRIVATE, 0, (const struct timespec *)8), start, 0);
	return 0;
}

static void sleep_until(const char *what, clockid_t clock, int flags, long long ns)
{
	long long start = now_ns(CLOCK_MONOTONIC), least = ns;
	struct timespec time;

	if (flags & TIMER_ABSTIME)
		ns += now_ns(clock);
	time = timespec_of(ns);
	tell(what, clock_nanosleep(clock, flags, &time, NULL), start, least);
}

static int part_sleeps(void)
{
	const struct timespec bad = {.tv_nsec = -1}, nothing = {0};
	long long start = now_ns(CLOCK_MONOTONIC);

	sleep_until("monotonic", CLOCK_MONOTONIC, 0, 10 * MS);
	sleep_until("real time", CLOCK_REALTIME, 0, 10 * MS);
	sleep_until("until, monotonic", CLOCK_MONOTONIC, TIMER_ABSTIME, 10 * MS);
	sleep_until("until, real time", CLOCK_REALTIME, TIMER_ABSTIME, 10 * MS);
	sleep_until("long ago", CLOCK_MONOTONIC, TIMER_ABSTIME, -10 * MS);
	tell("no time", nanosleep(&nothing, NULL) ? errno : 0, start, 0);
	tell("negative", nanosleep(&bad, NULL) ? errno : 0, start, 0);
	tell("no address", syscall(SYS_nanosleep, 8, NULL) ? errno : 0, start, 0);
	tell("no clock", clock_nanosleep(77, 0, &nothing, NULL), start, 0);
	return 0;
}

/* Sleepers in the order of their times, though started in the other. */
static void *sleep_and_count(void *argument)
{
	static int order;
	struct timespec time = timespec_of((long long)(intptr_t)argument * MS);

	nanosleep(&time, NULL);
	return (void *)(intptr_t)__atomic_fetch_add(&order, 1, __ATOMIC_RELAXED);
}

static int part_sleepers(int count)
{
	pthread_t *threads = calloc((size_t)count, sizeof(*threads));

	for (int i = 0; i < count; i++)
		create(&threads[i], sleep_and_count, (void *)(intptr_t)(200 * (count - i)));
	for (int i = 0; i < count; i++) {
		void *result;

		pthread_join(threads[i], &result);
		printf("sleeper %d was number %d\n", i, (int)(intptr_t)result);
	}
	return 0;
}

/* A waiter with a timeout that is woken long before; and one by the default clock. */
static void *wake_soon(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&mutex);
	whose_turn = 1;
	pthread_cond_broadcast(&turn);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static int part_woken(int rounds)
{
	int late = 0;

	for (int i = 0; i < rounds; i++) {
		clockid_t clock = i % 2 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
		struct timespec at = timespec_of(now_ns(clock) + 100000 * MS);
		pthread_t thread;

		whose_turn = 0;
		create(&thread, wake_soon, NULL);
		pthread_mutex_lock(&mutex);
		while (whose_turn != 1)
			late |= pthread_cond_clockwait(&turn, &mutex, clock, &at);
		pthread_mutex_unlock(&mutex);
		pthread_join(thread, NULL);
	}
	printf("%d rounds, %d\n", rounds, late);
	return 0;
}

static pthread_mutex_t robust;

static int holds, comes;

static void *lock_and_end(void *unused)
{
	pthread_mutex_lock(&robust);
	__atomic_store_n(&holds, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&comes, __ATOMIC_ACQUIRE))
		sched_yield();
	return unused;
}

static void *wait_for_owner(void *unused)
{
	int err;

	while (!__atomic_load_n(&holds, __ATOMIC_ACQUIRE))
		sched_yield();
	__atomic_store_n(&comes, 1, __ATOMIC_RELEASE);
	err = pthread_mutex_lock(&robust);
	printf("waiter: %s\n", strerror(err));
	pthread_mutex_consistent(&robust);
	pthread_mutex_unlock(&robust);
	return unused;
}

/* Mutexes of threads that end, with and without somebody who waits. */
static int part_robust(void)
{
	pthread_mutexattr_t attributes;
	pthread_t thread, waiter;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &attributes);
	for (int i = 0; i < 20; i++) {
		holds = comes = 0;
		create(&thread, lock_and_end, NULL);
		create(&waiter, wait_for_owner, NULL);
		pthread_join(thread, NULL);
		pthread_join(waiter, NULL);
	}
	comes = 1;
	create(&thread, lock_and_end, NULL);
	pthread_join(thread, NULL);
	printf("main: %s\n", strerror(pthread_mutex_lock(&robust)));
	return 0;
}

static void *tell_rounding(void *unused)
{
	printf("rounds upward %d\n", fegetround() == FE_UPWARD);
	return unused;
}

static int part_rounding(void)
{
	pthread_t thread;

	fesetround(FE_UPWARD);
	create(&thread, tell_rounding, NULL);
	pthread_join(thread, NULL);
	return 0;
}

/* Memory that was given back reads as zero, whoever wrote to it before: this program, or Linux for it. */
static int part_discards(int rounds)
{
	size_t size = 1 << 20;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int pipes[2], wrong = 0;

	if (memory == MAP_FAILED || pipe(pipes))
		return 1;
	for (int i = 0; i < rounds; i++) {
		madvise(memory, size, MADV_DONTNEED);
		madvise(memory, size, MADV_DONTNEED);
		wrong += memory[4096 * 7] != 0 || memory[4096 * 9] != 0;
		madvise(memory, size, MADV_DONTNEED);
		if (i % 3 == 0)
			memory[4096 * 7] = 1;
		if (i % 3 == 1 && (write(pipes[1], "x", 1) != 1 || read(pipes[0], memory + 4096 * 9, 1) != 1))
			return 1;
	}
	printf("%d of %d wrong\n", wrong, rounds);
	return wrong;
}

/* Pinned threads run where they may, and move when they must. */
static cpu_set_t only(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)core, &set);
	return set;
}

static void *tell_core(void *argument)
{
	for (int i = 0; i < 200; i++) {
		cpu_set_t set = only(i & 1);

		if (sched_setaffinity(0, sizeof(set), &set) || sched_getcpu() != (i & 1))
			return NULL;
		if (i % 8 == 0)
			getppid();
	}
	return argument;
}

static volatile int finished, moved_to = -1;

static void *tell_where(void *argument)
{
	while (!finished)
		moved_to = sched_getcpu();
	return argument;
}

static int part_affinity(int count)
{
	pthread_t *threads = calloc((size_t)count, sizeof(*threads)), thread;
	cpu_set_t set, none;
	int wrong = 0;

	create(&thread, tell_where, NULL);
	for (int i = 0; i < 20; i++) {
		set = only(i & 1);
		wrong += pthread_setaffinity_np(thread, sizeof(set), &set) != 0;
		while (moved_to != (i & 1))
			sched_yield();
	}
	finished = 1;
	pthread_join(thread, NULL);
	for (int i = 0; i < count; i++)
		create(&threads[i], tell_core, &threads[i]);
	for (int i = 0; i < count; i++) {
		void *result;

		pthread_join(threads[i], &result);
		wrong += result != &threads[i];
	}
	set = only(1);
	wrong += sched_setaffinity(0, sizeof(set), &set) != 0 || sched_getcpu() != 1;
	wrong += sched_getaffinity(0, sizeof(set), &set) != 0 || CPU_COUNT(&set) != 1;
	CPU_ZERO(&none);
	wrong += sched_setaffinity(0, sizeof(none), &none) != -1 || errno != EINVAL;
	printf("%d wrong\n", wrong);
	return wrong;
}

/* Each stores and then looks for the other's store; one has the barrier for both, so that one of them must see it. */
static int mine, others;
static volatile int go, saw_mine, done;

static void *store_and_look(void *argument)
{
	for (int round = 1; round <= *(int *)argument; round++) {
		while (go != round)
			sched_yield();
		__atomic_store_n(&others, 1, __ATOMIC_RELAXED);
		__asm__ volatile("" ::: "memory");
		saw_mine = __atomic_load_n(&mine, __ATOMIC_RELAXED);
		done = round;
	}
	return NULL;
}

static int part_membarrier(int rounds)
{
	pthread_t thread;
	int wrong = 0;

	printf("unregistered: %d\n", (int)syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
	printf("register: %d\n", (int)syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
	create(&thread, store_and_look, &rounds);
	for (int round = 1; round <= rounds; round++) {
		int saw_other;

		mine = others = 0;
		__atomic_store_n(&go, round, __ATOMIC_SEQ_CST);
		__atomic_store_n(&mine, 1, __ATOMIC_RELAXED);
		wrong += syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0;
		saw_other = __atomic_load_n(&others, __ATOMIC_RELAXED);
		while (done != round)
			sched_yield();
		wrong += !saw_other && !saw_mine;
	}
	pthread_join(thread, NULL);
	printf("%d wrong, no such command: %d\n", wrong, (int)syscall(SYS_membarrier, 1 << 20, 0, 0));
	return wrong;
}

static void tell_call(const char *what, long result)
{
	printf("%s: %ld %s\n", what, result, result < 0 ? strerror(errno) : "ok");
}

/* Flags that are no thread's, and arguments that are none at all. */
static int part_clone(void)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, more[4];
	} args = {.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD};
	int thread = (int)args.flags;

	args.exit_signal = 17;
	tell_call("exit signal", syscall(SYS_clone3, &args, 64));
	args.exit_signal = 0;
	args.stack = 4096;
	tell_call("stack without size", syscall(SYS_clone3, &args, 64));
	tell_call("too small", syscall(SYS_clone3, &args, 63));
	tell_call("too large", syscall(SYS_clone3, &args, 4097));
	args.more[3] = 1;
	tell_call("unknown words", syscall(SYS_clone3, &args, sizeof(args)));
	tell_call("no address", syscall(SYS_clone3, 8, 64));
	tell_call("thread area beyond the end", syscall(SYS_clone, thread | CLONE_SETTLS, 4096, 0, 0, 1ull << 60));
	return 0;
}

/* One thread computes while others wait in the kernel on its core and become ready: all must get on. */

static void *ask_often(void *argument)
{
	for (int i = 0; i < 200; i++) {
		getppid();
		sched_yield();
	}
	__atomic_fetch_add(&finished, 1, __ATOMIC_RELAXED);
	return argument;
}

static int part_fair(int count)
{
	pthread_t *threads = calloc((size_t)count, sizeof(*threads));

	for (int i = 0; i < count; i++)
		create(&threads[i], ask_often, NULL);
	while (finished < count)
		; /* never enters the kernel */
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("%d got on\n", finished);
	return 0;
}

/* Everything at once, until it is killed: locks, calls, threads that come and go. */
static void *churn(void *unused)
{
	(void)unused;
	for (;;) {
		pthread_t thread;
		double step = 0.01;

		getppid();
		add((void *)0);
		if (!pthread_create(&thread, NULL, integrate, &step))
			pthread_join(thread, NULL);
	}
	return NULL;
}

static int part_churn(int count)
{
	pthread_t thread;

	for (int i = 1; i < count; i++)
		create(&thread, churn, NULL);
	puts("churning");
	fflush(stdout);
	churn(NULL);
	return 0;
}

int main(int argc, char **argv)
{
	const char *part = argc > 1 ? argv[1] : "";
	int number = argc > 2 ? atoi(argv[2]) : 1;

	if (!strcmp(part, "rounds"))
		return part_rounds(number);
	if (!strcmp(part, "turns"))
		return part_turns(number);
	if (!strcmp(part, "identity"))
		return part_identity();
	if (!strcmp(part, "main-ends-first"))
		return part_main_ends_first();
	if (!strcmp(part, "exit-while-looping"))
		return part_end(loop, 1);
	if (!strcmp(part, "crash"))
		return part_end(crash_in_thread, 0);
	if (!strcmp(part, "loop"))
		return part_end(loop, 0);
	if (!strcmp(part, "alive"))
		return part_alive(number);
	if (!strcmp(part, "doubles"))
		return part_doubles(number);
	if (!strcmp(part, "churn"))
		return part_churn(number);
	if (!strcmp(part, "many"))
		return part_many(number);
	if (!strcmp(part, "timeouts"))
		return part_timeouts();
	if (!strcmp(part, "sleeps"))
		return part_sleeps();
	if (!strcmp(part, "sleepers"))
		return part_sleepers(number);
	if (!strcmp(part, "woken"))
		return part_woken(number);
	if (!strcmp(part, "robust"))
		return part_robust();
	if (!strcmp(part, "rounding"))
		return part_rounding();
	if (!strcmp(part, "discards"))
		return part_discards(number);
	if (!strcmp(part, "affinity"))
		return part_affinity(number);
	if (!strcmp(part, "membarrier"))
		return part_membarrier(number);
	if (!strcmp(part, "clone"))
		return part_clone();
	if (!strcmp(part, "fair"))
		return part_fair(number);
	fprintf(stderr, "usage: threads rounds N|turns N|identity|main-ends-first|exit-while-looping|crash|loop|"
			"alive N|doubles N|churn N|many N|timeouts|sleeps|sleepers N|woken N|robust|rounding|discards "
			"N|clone|affinity N|membarrier N|fair N\n");
	return 2;
}
