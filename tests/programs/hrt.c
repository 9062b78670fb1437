/* SPDX-License-Identifier: Apache-2.0 */
/* The primitives of hrt.h, part by part. What it prints is the same on HRT cores and on plain Linux. */
#define _GNU_SOURCE
#include <errno.h>
#include <hrt.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MANY   12 /* threads, more than cores */
#define ROUNDS 300
#define S      1000000000ull

static void require(int ok, const char *what)
{
	if (ok)
		return;
	printf("wrong: %s\n", what);
	exit(1);
}

static void start(struct hrt_thread **thread, void *(*function)(void *), void *argument)
{
	require(hrt_thread_create(thread, function, argument) == 0, "hrt_thread_create");
}

static void run_many(void *(*function)(void *), int count)
{
	struct hrt_thread *threads[MANY];

	for (int i = 0; i < count; i++)
		start(&threads[i], function, (void *)(long)i);
	for (int i = 0; i < count; i++)
		hrt_thread_join(threads[i]);
}

/* Threads. */

static void *twice(void *number)
{
	errno = (int)(long)number; /* of its own */
	hrt_thread_yield();
	require(errno == (int)(long)number, "errno is a thread's own");
	return (void *)(2 * (long)number);
}

static void threads(void)
{
	struct hrt_thread *all[MANY];
	long sum = 0;

	for (int round = 0; round < ROUNDS; round++) {
		for (long i = 0; i < MANY; i++)
			start(&all[i], twice, (void *)i);
		for (long i = 0; i < MANY; i++)
			sum += (long)hrt_thread_join(all[i]);
	}
	require(hrt_thread_self() != NULL && hrt_thread_self() == hrt_thread_self(), "self");
	printf("threads %ld\n", sum);
}

/* Mutual exclusion and conditions: a bounded buffer among more threads than cores. */

static struct hrt_mutex lock = HRT_MUTEX_INIT;
static struct hrt_condition changed = HRT_CONDITION_INIT;
static long counter, in_buffer, produced, consumed;

static void *count_up(void *unused)
{
	for (int i = 0; i < 20 * ROUNDS; i++) {
		hrt_mutex_lock(&lock);
		counter++;
		if (i % 64 == 0)
			hrt_thread_yield(); /* with the lock held */
		hrt_mutex_unlock(&lock);
	}
	return unused;
}

static void mutex(void)
{
	run_many(count_up, MANY);
	require(hrt_mutex_trylock(&lock), "trylock of a free mutex");
	require(!hrt_mutex_trylock(&lock), "trylock of one that is held");
	hrt_mutex_unlock(&lock);
	printf("mutex %ld\n", counter);
}

static void *produce_or_consume(void *number)
{
	bool produces = (long)number % 2;

	for (int i = 0; i < ROUNDS; i++) {
		hrt_mutex_lock(&lock);
		while (produces ? in_buffer == 2 : in_buffer == 0)
			hrt_condition_wait(&changed, &lock);
		in_buffer += produces ? 1 : -1;
		*(produces ? &produced : &consumed) += 1;
		hrt_condition_broadcast(&changed);
		hrt_mutex_unlock(&lock);
	}
	return NULL;
}

static void condition(void)
{
	uint64_t deadline = hrt_now() + 2000000;

	run_many(produce_or_consume, MANY);
	hrt_mutex_lock(&lock);
	while (hrt_condition_wait_until(&changed, &lock, deadline) != -ETIMEDOUT)
		;
	require(hrt_now() >= deadline, "a timeout comes not too early");
	hrt_mutex_unlock(&lock);
	printf("condition %ld %ld %ld\n", produced, consumed, in_buffer);
}

/* Events. */

static struct hrt_event ping = HRT_EVENT_INIT, pong = HRT_EVENT_INIT, gate = HRT_EVENT_INIT;
static long passed;

static void *answer(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		hrt_event_wait(&ping);
		hrt_event_wake(&pong);
	}
	return unused;
}

static void *pass(void *unused)
{
	__atomic_fetch_add(&passed, 1, __ATOMIC_SEQ_CST);
	hrt_event_wait(&gate);
	__atomic_fetch_add(&passed, 1, __ATOMIC_SEQ_CST);
	return unused;
}

/* Nobody is lost: those who were too late for one hear the next. */
static void wake_all(void)
{
	struct hrt_thread *all[MANY];

	for (int i = 0; i < MANY; i++)
		start(&all[i], pass, NULL);
	while (__atomic_load_n(&passed, __ATOMIC_SEQ_CST) < 2 * MANY) {
		hrt_event_wake_all(&gate);
		hrt_thread_yield();
	}
	for (int i = 0; i < MANY; i++)
		hrt_thread_join(all[i]);
}

static void event(void)
{
	struct hrt_thread *other;

	start(&other, answer, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		hrt_event_wake(&ping);
		hrt_event_wait(&pong);
	}
	hrt_thread_join(other);
	require(hrt_event_wait_until(&ping, hrt_now() + 2000000) == -ETIMEDOUT, "timeout");
	require(hrt_event_wait_until(&ping, 0) == -ETIMEDOUT, "timeout that is over");
	for (int i = 0; i < 65535; i++)
		require(hrt_event_wake(&ping) == 0, "wakes are remembered");
	require(hrt_event_wake(&ping) == -EOVERFLOW, "not more than 65535");
	require(hrt_event_wait_until(&ping, 0) == 0, "one is taken");
	wake_all();
	printf("event %ld\n", passed);
}

/* Barriers. */

static struct hrt_barrier meeting;
static long arrivals, last_ones;

static void *meet(void *unused)
{
	for (long i = 1; i <= ROUNDS; i++) {
		__atomic_fetch_add(&arrivals, 1, __ATOMIC_RELAXED);
		if (hrt_barrier_wait(&meeting))
			__atomic_fetch_add(&last_ones, 1, __ATOMIC_RELAXED);
		require(__atomic_load_n(&arrivals, __ATOMIC_RELAXED) >= i * MANY, "all have come");
	}
	return unused;
}

static void barrier(void)
{
	hrt_barrier_init(&meeting, MANY);
	run_many(meet, MANY);
	printf("barrier %ld %ld\n", arrivals, last_ones);
}

/* Fibers. */

struct generator {
	long value;
	double root;
};

static void generate(void *argument)
{
	struct generator *generator = argument;

	for (long i = 0; i < 100; i++) {
		double x = (double)i / 3;

		generator->value = i * i;
		hrt_fiber_yield();
		require(x == (double)i / 3, "registers of a fiber are its own");
		generator->root += x;
	}
}

static void deep(void *depth)
{
	volatile char bytes[2000];

	memset((char *)bytes, 1, sizeof(bytes));
	if ((long)depth > 0)
		deep((void *)((long)depth - 1));
}

static void inner(void *count)
{
	hrt_fiber_yield();
	++*(long *)count;
}

static void outer(void *count)
{
	struct hrt_fiber *fiber;

	require(hrt_fiber_create(&fiber, 0, inner, count) == 0, "a fiber in a fiber");
	require(!hrt_fiber_run(fiber), "the inner one yields to the outer one");
	hrt_fiber_yield();
	require(hrt_fiber_run(fiber), "the inner one ends");
	hrt_fiber_destroy(fiber);
	++*(long *)count;
}

static void run_to_end(size_t stack, void (*function)(void *), void *argument)
{
	struct hrt_fiber *fiber;

	require(hrt_fiber_create(&fiber, stack, function, argument) == 0, "hrt_fiber_create");
	while (!hrt_fiber_run(fiber))
		;
	require(hrt_fiber_run(fiber), "it stays ended");
	hrt_fiber_destroy(fiber);
}

static void fibers(void)
{
	struct generator generators[MANY] = {{0, 0}};
	struct hrt_fiber *all[MANY];
	long sum = 0, count = 0;
	int left = MANY;

	for (int i = 0; i < MANY; i++)
		require(hrt_fiber_create(&all[i], 0, generate, &generators[i]) == 0, "hrt_fiber_create");
	while (left)
		for (int i = 0; i < MANY; i++) {
			if (!all[i])
				continue;
			sum += generators[i].value;
			if (hrt_fiber_run(all[i])) {
				hrt_fiber_destroy(all[i]);
				all[i] = NULL;
				left--;
			}
		}
	run_to_end(8ul << 20, deep, (void *)3000);
	run_to_end(0, outer, &count);
	require(hrt_fiber_create(&all[0], SIZE_MAX, deep, NULL) == -ENOMEM, "a stack that is too large");
	hrt_fiber_yield(); /* outside: nothing */
	printf("fibers %ld %ld %.17g\n", sum, count, generators[MANY - 1].root);
}

/* Tasks. */

struct fibonacci {
	int n;
	long result;
};

static void fibonacci(void *argument)
{
	struct fibonacci *task = argument, a = {task->n - 1, 0}, b = {task->n - 2, 0};
	struct hrt_group group = HRT_GROUP_INIT;

	if (task->n < 2) {
		task->result = task->n;
		return;
	}
	require(hrt_task_submit(&group, fibonacci, &a) == 0, "hrt_task_submit");
	fibonacci(&b);
	hrt_task_wait(&group);
	task->result = a.result + b.result;
}

static long done;

static void do_one(void *unused)
{
	(void)unused;
	__atomic_fetch_add(&done, 1, __ATOMIC_RELAXED);
}

static void tasks(void)
{
	struct fibonacci first = {17, 0};
	struct hrt_group group = HRT_GROUP_INIT;

	fibonacci(&first);
	for (int i = 0; i < 10000; i++)
		require(hrt_task_submit(&group, do_one, NULL) == 0, "hrt_task_submit");
	hrt_task_wait(&group);
	require(done == 10000, "all tasks ended");
	hrt_task_wait(&group); /* none is left */
	printf("tasks %ld %ld\n", first.result, done);
}

/* Interrupts of a thread that computes, and of one that waits. */

static volatile long interrupted, ready, stop;
static struct hrt_thread *interrupted_thread;
static struct hrt_event never = HRT_EVENT_INIT;

static void interrupt(void *argument)
{
	errno = EIO; /* kept from the program */
	interrupted += (long)argument;
	interrupted_thread = hrt_thread_self();
	if (interrupted == ROUNDS)
		stop = 1;
}

static void *compute(void *unused)
{
	double sum = 0;
	long i;

	errno = 0;
	ready = 1;
	for (i = 0; !stop; i++)
		sum += 1.0 / 3;
	require(errno == 0, "errno survives an interrupt");
	/* The same additions again, without interrupts. */
	for (double again = 0; i >= 0; i--) {
		if (i == 0)
			require(again == sum, "registers survive an interrupt");
		again += 1.0 / 3;
	}
	return unused;
}

static void *wait_for_event(void *unused)
{
	ready = 1;
	hrt_event_wait(&never);
	return unused;
}

static void send(struct hrt_thread *thread, long wanted)
{
	int result;

	while (!ready)
		hrt_thread_yield();
	for (long i = 0; i < wanted; i++) {
		long before = interrupted;

		while ((result = hrt_thread_interrupt(thread, interrupt, (void *)1)) == -EAGAIN)
			hrt_thread_yield();
		require(result == 0, "hrt_thread_interrupt");
		while (interrupted == before)
			hrt_thread_yield();
	}
}

static void interrupts(void)
{
	struct hrt_thread *thread;

	start(&thread, compute, NULL);
	send(thread, ROUNDS);
	hrt_thread_join(thread);
	require(interrupted_thread == thread, "on the thread itself");
	printf("interrupts %ld", interrupted);
	ready = interrupted = 0;
	start(&thread, wait_for_event, NULL);
	send(thread, 20);
	hrt_event_wake(&never);
	hrt_thread_join(thread);
	printf(" %ld", interrupted);
	ready = 1;
	interrupted = 0;
	send(hrt_thread_self(), 20);
	printf(" %ld\n", interrupted);
}

/* Clocks, as Linux itself tells them by a system call. */

static uint64_t ns(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * S + (uint64_t)time->tv_nsec;
}

static void compare(clockid_t clock, const char *what)
{
	struct timespec before, between, after, resolution, linux_resolution;

	for (int i = 0; i < 100; i++) {
		clock_gettime(clock, &before);
		syscall(SYS_clock_gettime, clock, &between);
		clock_gettime(clock, &after);
		require(ns(&before) <= ns(&between) && ns(&between) <= ns(&after), what);
	}
	clock_getres(clock, &resolution);
	syscall(SYS_clock_getres, clock, &linux_resolution);
	require(ns(&resolution) == ns(&linux_resolution), "clock_getres");
}

static time_t (*const seconds)(time_t *) = time;

static void clocks(void)
{
	struct timespec time;
	struct timeval day;

	compare(CLOCK_MONOTONIC, "CLOCK_MONOTONIC");
	compare(CLOCK_REALTIME, "CLOCK_REALTIME");
	compare(CLOCK_BOOTTIME, "CLOCK_BOOTTIME");
	gettimeofday(&day, NULL);
	syscall(SYS_clock_gettime, CLOCK_REALTIME, &time);
	require(day.tv_sec <= time.tv_sec && seconds(NULL) <= time.tv_sec + 1, "gettimeofday, time");
	require(clock_gettime(12345, &time) == -1 && errno == EINVAL, "an unknown clock");
	printf("clocks\n");
}

/* Only clocks and cores: --stats counts no system call for them. */
static void quiet(void)
{
	struct timespec time;
	uint64_t last = 0;

	for (int i = 0; i < 1000; i++) {
		clock_gettime(CLOCK_MONOTONIC, &time);
		require(ns(&time) >= last, "monotonic");
		last = ns(&time);
		sched_getcpu();
		hrt_thread_yield();
	}
	printf("quiet\n");
}

/* Cores. */

static struct hrt_core_local *per_core;

static void *count_on_core(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		__atomic_fetch_add((long *)hrt_core_local_mine(per_core), 1, __ATOMIC_RELAXED);
		hrt_thread_yield();
	}
	return unused;
}

/* On each core that the process may use, getcpu by object and by system call. */
static void *look_from_cores(void *unused)
{
	cpu_set_t all, one;
	unsigned int by_call;

	sched_getaffinity(0, sizeof(all), &all);
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(i, &one);
		require(sched_setaffinity(0, sizeof(one), &one) == 0, "sched_setaffinity");
		require(syscall(SYS_getcpu, &by_call, NULL, NULL) == 0 && by_call == (unsigned int)i, "getcpu");
		require(sched_getcpu() == i && hrt_core_number() == (uint32_t)i, "sched_getcpu");
	}
	sched_setaffinity(0, sizeof(all), &all);
	return unused;
}

static void cores(void)
{
	long sum = 0;
	uint32_t last = 0;

	per_core = hrt_core_local_create(100);
	require(per_core && (uint64_t)hrt_core_local_mine(per_core) % HRT_CACHE_LINE == 0, "a line of its own");
	run_many(count_on_core, MANY);
	for (int i = 0; i < CPU_SETSIZE; i++) {
		cpu_set_t all;

		sched_getaffinity(0, sizeof(all), &all);
		if (CPU_ISSET(i, &all)) {
			sum += *(long *)hrt_core_local_of(per_core, (uint32_t)i);
			last++;
		}
	}
	require(last == hrt_core_count(), "hrt_core_count");
	hrt_core_local_destroy(per_core);
	require(hrt_core_local_create(SIZE_MAX) == NULL, "too much memory");
	run_many(look_from_cores, 1);
	printf("cores %ld\n", sum);
}

/* A signal that comes while threads wait in the library. */

static volatile sig_atomic_t signals;

static void handle(int number)
{
	signals += number == SIGUSR1;
}

static void *signal_main(void *main_thread)
{
	for (int i = 0; i < 20; i++) {
		int before = signals;

		pthread_kill(*(pthread_t *)main_thread, SIGUSR1);
		while (signals == before)
			hrt_thread_yield();
	}
	hrt_event_wake(&never);
	return NULL;
}

static void with_signals(void)
{
	struct hrt_thread *thread;
	pthread_t main_thread = pthread_self();

	signal(SIGUSR1, handle);
	start(&thread, signal_main, &main_thread);
	hrt_event_wait(&never);
	hrt_thread_join(thread);
	printf("signals %d\n", (int)signals);
}

/* A child has the object, and a library without the parent's threads. */
static void forked(void)
{
	struct fibonacci task = {10, 0};
	int status;
	pid_t child;

	threads();
	fibonacci(&task);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		threads();
		fibonacci(&task);
		clocks();
		exit(fflush(stdout) ? 1 : 7);
	}
	require(child > 0 && waitpid(child, &status, 0) == child, "fork");
	printf("child %d\n", WEXITSTATUS(status));
}

static void where(void)
{
	printf("%s\n", hrt_available() ? "hrt" : "linux");
}

/* A crash is reported where the program was, not in the object. */
static void crash(void)
{
	hrt_event_wait((struct hrt_event *)8);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
	    {"threads", threads}, {"mutex", mutex},   {"condition", condition},	 {"event", event},
	    {"barrier", barrier}, {"fibers", fibers}, {"tasks", tasks},		 {"interrupts", interrupts},
	    {"clocks", clocks},	  {"cores", cores},   {"signals", with_signals}, {"quiet", quiet},
	    {"where", where},	  {"crash", crash},   {"forked", forked},
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (argc == 2 && !strcmp(argv[1], parts[i].name)) {
			parts[i].run();
			return 0;
		}
	fprintf(stderr, "usage: hrt PART\n");
	return 2;
}
