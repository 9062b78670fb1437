/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations whose instructions are counted (plugin.c), run on the HRT and in the Linux partition, each by one
 * core.
 *
 * operations names	print their names, in the order of their numbers
 * operations run	do each some hundred times between markers
 * operations boot FILE	load an aerokernel into the first partition and boot it
 */
#define _GNU_SOURCE
#include "marker.h"

#include <errno.h>
#include <fcntl.h>
#include <hvm/device.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 300

enum operation { NOTHING, GETPID, SIGPROCMASK, YIELD, WAKE, EVENT, HANDOFF, BARRIER, CREATE_JOIN, OPERATIONS };
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
};

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
		puts(names[i]);
	return 0;
}
