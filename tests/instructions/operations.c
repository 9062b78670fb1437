/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations whose instructions are counted (plugin.c), run on the HRT and in the Linux partition, each by one
 * core.
 *
 * operations names	print their names, in the order of their numbers, each behind the number of that beside which it
 * is put and the vCPU that does it operations run	do each some hundred times between markers operations boot FILE
 * load an aerokernel into the first partition and boot it
 */
#define _GNU_SOURCE
#include "marker.h"

#include <errno.h>
#include <fcntl.h>
#include <hrt.h>
#include <hvm/device.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 300

enum operation {
	NOTHING,
	GETPID,
	SIGPROCMASK,
	YIELD,
	WAKE,
	EVENT,
	HANDOFF,
	BARRIER,
	CREATE_JOIN,
	HRT_EVENT,
	HRT_BARRIER,
	HRT_CREATE_JOIN,
	HRT_FIBER,
	MERGE,
	OPERATIONS
};
_Static_assert(OPERATIONS <= MARKER_OPERATIONS, "the plugin knows fewer");

static const char *const names[OPERATIONS] = {
    [NOTHING] = "nothing",
    [GETPID] = "getpid",
    [SIGPROCMASK] = "rt_sigprocmask",
    [YIELD] = "sched_yield, alone",
    [WAKE] = "futex wake, nobody waits",
    [EVENT] = "event there and back (semaphores)",
    [HANDOFF] = "mutex and condition hand-off, there and back",
    [BARRIER] = "barrier of two threads",
    [CREATE_JOIN] = "thread create and join",
    [HRT_EVENT] = "hrt.h: event there and back",
    [HRT_BARRIER] = "hrt.h: barrier of two threads",
    [HRT_CREATE_JOIN] = "hrt.h: thread create and join",
    [HRT_FIBER] = "hrt.h: fiber there and back",
    [MERGE] = "merge of an address space (in Linux)",
};

/* What the HRT's own primitives are held against in the Linux partition. */
static enum operation beside_of(enum operation operation)
{
	switch (operation) {
	case HRT_EVENT:
		return EVENT;
	case HRT_BARRIER:
		return BARRIER;
	case HRT_CREATE_JOIN:
	case MERGE:
		return CREATE_JOIN;
	default:
		return operation;
	}
}

/* Done by Linux for the HRT: its cost is put in the HRT's place. */
static bool is_of_linux(enum operation operation)
{
	return operation == MERGE;
}

static void no_calls(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		MARKER_BEGIN(NOTHING);
		MARKER_END(NOTHING);
	}
}

static void calls(void)
{
	sigset_t set;
	int word = 0;

	sigemptyset(&set);
	for (int i = 0; i < ROUNDS; i++) {
		MARKER_BEGIN(GETPID);
		syscall(SYS_getpid);
		MARKER_END(GETPID);
		MARKER_BEGIN(SIGPROCMASK);
		syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
		MARKER_END(SIGPROCMASK);
		MARKER_BEGIN(YIELD);
		syscall(SYS_sched_yield);
		MARKER_END(YIELD);
		MARKER_BEGIN(WAKE);
		syscall(SYS_futex, &word, 129 /* FUTEX_WAKE_PRIVATE */, 1, NULL, NULL, 0);
		MARKER_END(WAKE);
	}
}

static sem_t ping, pong;

static void *answer(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		sem_wait(&ping);
		sem_post(&pong);
	}
	return unused;
}

static void events(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		MARKER_BEGIN(EVENT);
		sem_post(&ping);
		sem_wait(&pong);
		MARKER_END(EVENT);
	}
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int turn;

static void take_turn(int mine)
{
	pthread_mutex_lock(&mutex);
	while (turn != mine)
		pthread_cond_wait(&turned, &mutex);
	turn = !mine;
	pthread_cond_signal(&turned);
	pthread_mutex_unlock(&mutex);
}

static void *second_turns(void *unused)
{
	for (int i = 0; i < ROUNDS; i++)
		take_turn(1);
	return unused;
}

static void first_turns(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		MARKER_BEGIN(HANDOFF);
		take_turn(0);
		MARKER_END(HANDOFF);
	}
}

static pthread_barrier_t barrier;

static void *meet_silently(void *unused)
{
	for (int i = 0; i < ROUNDS; i++)
		pthread_barrier_wait(&barrier);
	return unused;
}

static void meet(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		MARKER_BEGIN(BARRIER);
		pthread_barrier_wait(&barrier);
		MARKER_END(BARRIER);
	}
}

static void *nothing(void *unused)
{
	return unused;
}

static void create_and_join(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_t thread;

		MARKER_BEGIN(CREATE_JOIN);
		if (pthread_create(&thread, NULL, nothing, NULL))
			abort();
		pthread_join(thread, NULL);
		MARKER_END(CREATE_JOIN);
	}
}

static struct hrt_event there = HRT_EVENT_INIT, back = HRT_EVENT_INIT;

static void *answer_by_event(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		hrt_event_wait(&there);
		hrt_event_wake(&back);
	}
	return unused;
}

static void ask_by_event(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		MARKER_BEGIN(HRT_EVENT);
		hrt_event_wake(&there);
		hrt_event_wait(&back);
		MARKER_END(HRT_EVENT);
	}
}

static struct hrt_barrier meeting;

static void *meet_there(void *unused)
{
	for (int i = 0; i < ROUNDS; i++)
		hrt_barrier_wait(&meeting);
	return unused;
}

static void meet_here(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		MARKER_BEGIN(HRT_BARRIER);
		hrt_barrier_wait(&meeting);
		MARKER_END(HRT_BARRIER);
	}
}

static void create_and_join_from_pool(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct hrt_thread *thread;

		MARKER_BEGIN(HRT_CREATE_JOIN);
		if (hrt_thread_create(&thread, nothing, NULL))
			abort();
		hrt_thread_join(thread);
		MARKER_END(HRT_CREATE_JOIN);
	}
}

static void yield_for_ever(void *unused)
{
	(void)unused;
	for (;;)
		hrt_fiber_yield();
}

static void run_a_fiber(void)
{
	struct hrt_fiber *fiber;

	if (hrt_fiber_create(&fiber, 0, yield_for_ever, NULL))
		abort();
	for (int i = 0; i < ROUNDS; i++) {
		MARKER_BEGIN(HRT_FIBER);
		hrt_fiber_run(fiber);
		MARKER_END(HRT_FIBER);
	}
	hrt_fiber_destroy(fiber);
}

/* What hvm_attach asks of hvm.ko before its workers start. A program on the HRT has the core, and is refused. */
static void merge(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct hvm_job_create create = {.cores = 1, .slots = 8};
		int device = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);

		MARKER_BEGIN(MERGE);
		ioctl(device, HVM_IOC_JOB_CREATE, &create);
		MARKER_END(MERGE);
		close(device);
	}
}

static void beside(void *(*other)(void *), void (*first)(void))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, other, NULL))
		abort();
	first();
	pthread_join(thread, NULL);
}

static int run(void)
{
	sem_init(&ping, 0, 0);
	sem_init(&pong, 0, 0);
	pthread_barrier_init(&barrier, NULL, 2);
	no_calls();
	calls();
	beside(answer, events);
	beside(second_turns, first_turns);
	beside(meet_silently, meet);
	create_and_join();
	hrt_barrier_init(&meeting, 2);
	beside(answer_by_event, ask_by_event);
	beside(meet_there, meet_here);
	create_and_join_from_pool();
	run_a_fiber();
	merge();
	return 0;
}

static int boot(const char *file)
{
	static char image[HVM_IMAGE_MAX];
	int from = open(file, O_RDONLY), device = open(HVM_DEVICE_PATH, O_RDWR);
	ssize_t size = from < 0 ? -1 : read(from, image, sizeof(image));
	struct hvm_info info = {.index = 0};
	struct hvm_load load = {.image = (uint64_t)image, .size = (uint64_t)size};
	struct hvm_partition_request request = {.flags = 0};

	if (size <= 0 || device < 0 || ioctl(device, HVM_IOC_INFO, &info)) {
		perror(size <= 0 ? file : HVM_DEVICE_PATH);
		return 1;
	}
	memcpy(load.name, info.name, sizeof(load.name));
	memcpy(request.name, info.name, sizeof(request.name));
	if (ioctl(device, HVM_IOC_LOAD, &load) || ioctl(device, HVM_IOC_BOOT, &request)) {
		perror("boot of the partition");
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "boot"))
		return boot(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "run"))
		return run();
	if (argc != 2 || strcmp(argv[1], "names"))
		return 2;
	for (int i = 0; i < OPERATIONS; i++)
		printf("%d\t%d\t%s\n", beside_of((enum operation)i), !is_of_linux((enum operation)i), names[i]);
	return 0;
}
