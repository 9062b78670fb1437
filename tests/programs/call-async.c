/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that nobody polls for, calls of all cores, events. */
#include "call.h"

#include <poll.h>
#include <pthread.h>

#define OUTSTANDING 10000
#define WAITERS	    8

static struct hvm *hvm;
static uint64_t sum;
static uint32_t gate;

static uint64_t add(uint64_t number)
{
	__atomic_fetch_add(&sum, number, __ATOMIC_RELAXED);
	return number + 1;
}

static uint64_t await_gate(uint32_t value)
{
	while (__atomic_load_n(&gate, __ATOMIC_ACQUIRE) != value)
		;
	return (uint64_t)hvm_core();
}

static void open_gate(uint32_t value)
{
	__atomic_store_n(&gate, value, __ATOMIC_RELEASE);
}

static void sleep_ms(unsigned int ms)
{
	usleep(1000 * ms);
}

/* More than the queues hold: what does not fit is told, and fits later. */
static void outstanding(const char *argument)
{
	static struct hvm_future future[OUTSTANDING];
	unsigned int full = 0;

	(void)argument;
	sum = 0;
	for (unsigned int i = 0; i < OUTSTANDING;) {
		int err = hvm_submit(hvm, HVM_WORK(add, i), &future[i]);

		CHECK(err == 0 || err == -EAGAIN);
		i += !err;
		full += err != 0;
	}
	for (unsigned int i = 0; i < OUTSTANDING; i++) {
		uint64_t result = 0;

		CHECK_OK(hvm_wait(hvm, &future[i], &result));
		CHECK(result == i + 1);
	}
	CHECK(sum == (uint64_t)OUTSTANDING * (OUTSTANDING - 1) / 2);
	(void)full;
}

static void batches(const char *argument)
{
	static struct hvm_future future[4096];
	static struct hvm_work work[4096];
	unsigned int begun = 0;
	int n;

	(void)argument;
	sum = 0;
	for (unsigned int i = 0; i < 4096; i++)
		work[i] = *HVM_WORK(add, 1);
	while (begun < 4096) {
		n = hvm_submit_many(hvm, work + begun, future + begun, 4096 - begun);
		CHECK(n > 0 || n == -EAGAIN);
		if (n > 0)
			begun += (unsigned int)n;
	}
	for (unsigned int i = 0; i < 4096; i++)
		CHECK_OK(hvm_wait(hvm, &future[i], NULL));
	CHECK(sum == 4096);
	CHECK(hvm_submit_many(hvm, work, future, 0) == 0);
}

/* Cores and waiters sleep between calls. */
static void asleep(const char *argument)
{
	struct hvm_future future;

	(void)argument;
	for (unsigned int i = 0; i < 50; i++) {
		struct hvm_work work = *HVM_WORK(usleep, 3000);
		uint64_t result = 1;

		work.core = i % 3 == 2 ? HVM_ANY_CORE : (int)(i % 3);
		sleep_ms(5);
		CHECK_OK(hvm_submit(hvm, &work, &future));
		CHECK_OK(hvm_wait(hvm, &future, &result));
		CHECK(result == 0);
	}
}

static void *wait_for(void *future)
{
	uint64_t result = 0;

	CHECK_OK(hvm_wait(hvm, future, &result));
	return (void *)result;
}

static void waiters(const char *argument)
{
	struct hvm_work work = *HVM_WORK(await_gate, 1);
	struct hvm_future future;
	pthread_t thread[WAITERS];

	(void)argument;
	open_gate(0);
	work.core = 1;
	CHECK_OK(hvm_submit(hvm, &work, &future));
	CHECK(!hvm_poll(&future));
	CHECK_ERROR(hvm_wait_for(hvm, &future, 3000000, NULL), -EINPROGRESS);
	for (unsigned int i = 0; i < WAITERS; i++)
		pthread_create(&thread[i], NULL, wait_for, &future);
	sleep_ms(20);
	open_gate(1);
	for (unsigned int i = 0; i < WAITERS; i++) {
		void *result;

		pthread_join(thread[i], &result);
		CHECK((uint64_t)result == 1);
	}
	CHECK(hvm_poll(&future) && future.error == 0 && future.result == 1);
}

/* Work for any core does not wait for one that is busy; work for that core does. */
static void stealing(const char *argument)
{
	struct hvm_future blocking, named, any[32];
	struct hvm_work work = *HVM_WORK(await_gate, 2), other = *HVM_WORK(add, 0);

	(void)argument;
	open_gate(0);
	work.core = other.core = 0;
	sleep_ms(20);
	CHECK_OK(hvm_submit(hvm, &work, &blocking));
	CHECK_OK(hvm_submit(hvm, &other, &named));
	for (unsigned int i = 0; i < 32; i++)
		CHECK_OK(hvm_submit(hvm, HVM_WORK(add, 0), &any[i]));
	for (unsigned int i = 0; i < 32; i++)
		CHECK_OK(hvm_wait(hvm, &any[i], NULL));
	CHECK(!hvm_poll(&blocking) && !hvm_poll(&named));
	CHECK(called(hvm, HVM_WORK(add, 0)) == 1);
	open_gate(2);
	CHECK_OK(hvm_wait(hvm, &blocking, NULL));
	CHECK_OK(hvm_wait(hvm, &named, NULL));
}

static void full(const char *argument)
{
	static struct hvm_future future[1000];
	struct hvm_work work = *HVM_WORK(add, 1);
	struct hvm_future blocking[2];
	unsigned int n = 0;

	(void)argument;
	open_gate(0);
	for (int i = 0; i < 2; i++) {
		struct hvm_work wait = *HVM_WORK(await_gate, 3);

		wait.core = i;
		CHECK_OK(hvm_submit(hvm, &wait, &blocking[i]));
	}
	work.core = 0;
	while (n < 1000 && hvm_submit(hvm, &work, &future[n]) == 0)
		n++;
	CHECK(n >= 255 && n <= 257);
	CHECK_ERROR(hvm_submit(hvm, &work, &future[n]), -EAGAIN);
	CHECK_OK(hvm_submit(hvm, HVM_WORK(add, 1), &future[n])); /* the other core's has room */
	work.core = 2;
	CHECK_ERROR(hvm_submit(hvm, &work, &future[n + 1]), -EINVAL);
	open_gate(3);
	for (unsigned int i = 0; i <= n; i++)
		CHECK_OK(hvm_wait(hvm, &future[i], NULL));
	for (int i = 0; i < 2; i++)
		CHECK_OK(hvm_wait(hvm, &blocking[i], NULL));
}

static pthread_barrier_t meeting;
static uint32_t arrived;

static uint64_t rank(uint64_t number, uint64_t count, uint64_t rounds)
{
	for (uint64_t i = 0; i < rounds; i++) {
		__atomic_fetch_add(&arrived, 1, __ATOMIC_ACQ_REL);
		while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < count * (i + 1))
			;
	}
	return number * 100 + count;
}

static uint64_t meet(void)
{
	return (uint64_t)pthread_barrier_wait(&meeting) != 0;
}

static uint64_t fail_in_rank(uint64_t number, uint64_t count, uint64_t bad)
{
	if (number == bad)
		*(volatile uint64_t *)(bad * 24) = 1;
	return await_gate((uint32_t)count + 1000);
}

static void ranks(const char *argument)
{
	struct hvm_work work = *HVM_WORK(fail_in_rank, 1);
	struct hvm_failure failure;
	uint64_t results[2] = {0};

	(void)argument;
	for (int i = 0; i < 200; i++) {
		arrived = 0;
		CHECK_OK(hvm_call_all(hvm, HVM_WORK(rank, 10), 0, results));
		CHECK(results[0] == 2 && results[1] == 102);
	}
	CHECK_OK(hvm_call_all(hvm, HVM_WORK(rank, 0), 1, results));
	CHECK(results[0] == 1);
	CHECK_ERROR(hvm_call_all(hvm, HVM_WORK(rank, 0), 3, results), -EINVAL);
	pthread_barrier_init(&meeting, NULL, 2);
	CHECK_OK(hvm_call_all(hvm, HVM_WORK(meet), 2, NULL));
	work.failure = &failure; /* the others would wait for it for ever */
	CHECK_ERROR(hvm_call_all(hvm, &work, 0, NULL), -EFAULT);
	CHECK(failure.core == 1 && failure.address == 24);
	work = *HVM_WORK(fail_in_rank, 7);
	work.limit_ns = 10000000;
	CHECK_ERROR(hvm_call_all(hvm, &work, 0, NULL), -ETIMEDOUT);
	arrived = 0;
	CHECK_OK(hvm_call_all(hvm, HVM_WORK(rank, 10), 0, NULL));
}

static uint64_t raise_later(uint64_t event, uint64_t us)
{
	usleep((useconds_t)us);
	return (uint64_t)hvm_raise(hvm, (int)event);
}

static void expect_event(int fd, bool wanted)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};
	uint64_t count = 0;

	CHECK(poll(&polled, 1, wanted ? 20000 : 0) == wanted);
	if (wanted)
		CHECK(read(fd, &count, sizeof(count)) == sizeof(count) && count >= 1);
}

static void events(const char *argument)
{
	int event[40], fd[40], n = 0, err;
	struct hvm_future future;

	(void)argument;
	CHECK_OK(hvm_event_open(hvm, &event[0], &fd[0]));
	CHECK_OK(hvm_event_open(hvm, &event[1], &fd[1]));
	for (unsigned int i = 0; i < 20; i++) {
		expect_event(fd[0], false);
		CHECK_OK(hvm_submit(hvm, HVM_WORK(raise_later, event[0], i % 2 ? 3000 : 0), &future));
		expect_event(fd[0], true);
		expect_event(fd[1], false);
		CHECK_OK(hvm_wait(hvm, &future, NULL));
	}
	CHECK_OK(hvm_raise(hvm, event[1]));
	expect_event(fd[1], true);
	hvm_event_close(hvm, event[0]);
	CHECK_ERROR(hvm_raise(hvm, event[0]), -EINVAL);
	CHECK_ERROR(hvm_raise(hvm, 1000), -EINVAL);
	CHECK_ERROR(hvm_raise(hvm, -1), -EINVAL);
	hvm_event_close(hvm, event[1]);
	close(fd[0]);
	close(fd[1]);
	while (n < 40 && (err = hvm_event_open(hvm, &event[n], &fd[n])) == 0)
		n++;
	CHECK(n == 32 && err == -EMFILE);
	while (n--) {
		hvm_event_close(hvm, event[n]);
		close(fd[n]);
	}
}

static _Noreturn void forever(void)
{
	for (;;)
		__asm__ volatile("");
}

static void *call_forever(void *unused)
{
	(void)unused;
	return (void *)(intptr_t)hvm_call(hvm, HVM_WORK(forever), NULL);
}

static void *wait_in_vain(void *future)
{
	return (void *)(intptr_t)hvm_wait(hvm, future, NULL);
}

/* All that is under way ends with -ESHUTDOWN, whoever waits for it and however. */
static void detaching(const char *argument)
{
	for (int i = 0; i < 5; i++) {
		struct hvm_work work = *HVM_WORK(forever);
		struct hvm_future future[20];
		pthread_t caller, waiter;
		void *result;

		(void)argument;
		work.core = 0;
		for (int j = 0; j < 20; j++)
			CHECK_OK(hvm_submit(hvm, &work, &future[j]));
		pthread_create(&caller, NULL, call_forever, NULL);
		pthread_create(&waiter, NULL, wait_in_vain, &future[0]);
		sleep_ms((unsigned int)i * 3);
		CHECK_OK(hvm_detach(hvm));
		pthread_join(waiter, &result);
		CHECK((intptr_t)result == -ESHUTDOWN);
		pthread_join(caller, &result);
		CHECK((intptr_t)result == -ESHUTDOWN || (intptr_t)result == -ENOTCONN);
		for (int j = 0; j < 20; j++)
			CHECK(hvm_poll(&future[j]) && future[j].error == -ESHUTDOWN);
		CHECK_ERROR(hvm_submit(hvm, &work, &future[0]), -ENOTCONN);
		CHECK_OK(hvm_attach(hvm, 2));
		CHECK(called(hvm, HVM_WORK(add, 1)) == 2);
	}
}

int main(int argc, char **argv)
{
	static const struct part parts[] = {
	    {"outstanding", outstanding}, {"batches", batches}, {"asleep", asleep}, {"waiters", waiters},
	    {"stealing", stealing},	  {"full", full},	{"ranks", ranks},   {"events", events},
	    {"detaching", detaching},
	};

	hvm = attached(2);
	return RUN_PARTS(parts, argc, argv);
}
