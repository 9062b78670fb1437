/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes die, by kill -9 and execve, at random instants of calls: each time all cores are free afterwards, and what
 * runs in another process beside them comes to no harm. The argument: how often (default 30).
 */
#include "call.h"

#include <fcntl.h>
#include <hvm/device.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define FREE_LIMIT_S 5
#define INSTANT_US   30000

static unsigned int times = 30;

static struct hvm_info info(void)
{
	static int device = -1;
	struct hvm_info first = {.index = 0};

	if (device < 0)
		device = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	CHECK(ioctl(device, HVM_IOC_INFO, &first) == 0);
	return first;
}

static uint64_t work_on(uint64_t number)
{
	char *memory = malloc(100000);

	memset(memory, (int)number, 100000);
	number += (uint64_t)getppid();
	free(memory);
	return number;
}

static void *call_on(void *hvm)
{
	for (;;)
		CHECK_OK(hvm_call(hvm, HVM_WORK(work_on, 1), NULL));
	return NULL;
}

static void *change_memory(void *unused)
{
	(void)unused;
	for (;;) {
		void *memory =
		    mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		munmap(memory, 1 << 20);
	}
	return NULL;
}

/* Attaches, calls, submits, forks until it is killed. @begun: written to when it begins. */
static _Noreturn void live(int begun, unsigned int core_count)
{
	struct hvm *hvm = NULL;
	pthread_t thread;
	char byte = 0;

	CHECK_OK(hvm_open(&hvm, NULL));
	CHECK(write(begun, &byte, 1) == 1);
	for (unsigned int round = 0;; round++) {
		struct hvm_future future[16];
		int err = hvm_attach(hvm, 1 + round % core_count);

		CHECK_OK(err);
		if (round == 0) {
			pthread_create(&thread, NULL, change_memory, NULL);
			pthread_create(&thread, NULL, call_on, hvm);
			for (;;) {
				for (int i = 0; i < 16; i++)
					CHECK_OK(hvm_submit(hvm, HVM_WORK(work_on, i), &future[i]));
				for (int i = 0; i < 16; i++)
					CHECK_OK(hvm_wait(hvm, &future[i], NULL));
			}
		}
	}
}

static void await_free(void)
{
	double end = seconds() + FREE_LIMIT_S;

	while (info().cores_free < info().core_count && seconds() < end)
		usleep(1000);
	CHECK_THAT(info().cores_free == info().core_count, "%u of %u cores are free", info().cores_free,
		   info().core_count);
	CHECK(info().parked_cores == 0);
}

static void killed(const char *argument)
{
	unsigned int random = 7;

	(void)argument;
	for (unsigned int i = 0; i < times; i++) {
		int begun[2], status;
		pid_t child;
		char byte;

		CHECK(pipe(begun) == 0);
		child = fork();
		if (child == 0)
			live(begun[1], info().core_count);
		CHECK(read(begun[0], &byte, 1) == 1);
		usleep((unsigned int)rand_r(&random) % INSTANT_US); /* the instant is what is tested */
		CHECK(kill(child, SIGKILL) == 0);
		CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		close(begun[0]);
		close(begun[1]);
		await_free();
	}
}

static void replaced(const char *argument)
{
	unsigned int random = 9;

	(void)argument;
	for (unsigned int i = 0; i < times / 3 + 1; i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			struct hvm *hvm = attached(0);
			pthread_t thread;

			pthread_create(&thread, NULL, call_on, hvm);
			usleep((unsigned int)rand_r(&random) % INSTANT_US);
			close(STDOUT_FILENO);
			execl("/proc/self/exe", "call-deaths", "nothing", (char *)NULL);
			_exit(1);
		}
		CHECK(waitpid(child, &status, 0) == child && status == 0);
		await_free();
	}
}

/* Two processes, a core each: one dies, the other's calls go on. */
static void beside(const char *argument)
{
	struct hvm *hvm = attached(1);
	unsigned int random = 11;

	(void)argument;
	for (unsigned int i = 0; i < times / 3 + 1; i++) {
		int begun[2], status;
		pid_t child;
		char byte;
		double end;

		CHECK(pipe(begun) == 0);
		child = fork();
		if (child == 0)
			live(begun[1], 1);
		CHECK(read(begun[0], &byte, 1) == 1);
		end = seconds() + 1e-6 * (rand_r(&random) % INSTANT_US);
		do
			CHECK(called(hvm, HVM_WORK(work_on, i)) == i + (uint64_t)getppid());
		while (seconds() < end);
		CHECK(kill(child, SIGKILL) == 0);
		CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		close(begun[0]);
		close(begun[1]);
		CHECK(called(hvm, HVM_WORK(work_on, i)) == i + (uint64_t)getppid());
	}
	hvm_close(hvm);
	await_free();
}

static void nothing(const char *argument)
{
	(void)argument;
}

int main(int argc, char **argv)
{
	static const struct part parts[] = {
	    {"killed", killed},
	    {"replaced", replaced},
	    {"beside", beside},
	    {"nothing", nothing},
	};

	if (argc > 2)
		times = (unsigned int)atoi(argv[2]);
	return RUN_PARTS(parts, argc, argv);
}
