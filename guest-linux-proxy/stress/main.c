/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hvm-stress: what hvm.ko and the aerokernel must survive, tried in a guest. Each case ends with the partition READY
 *and every core free, or the program says which case broke what and exits 1.
 *
 *	hvm-stress [-s SEED] [-n ROUNDS] [CASE...]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <hvm/partition.h>

#include "stress.h"

static const char *current_case = "start";
unsigned int rounds = 50;
static uint64_t seed = 1;
static int admin;

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "hvm-stress: %s (seed %lu): ", current_case, seed);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

uint64_t random_number(void)
{
	static uint64_t state;

	if (!state)
		state = seed * 0x9e3779b97f4a7c15ull + 1;
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dull;
}

static void sleep_us(uint64_t us)
{
	struct timespec t = {.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000 * 1000)};

	nanosleep(&t, NULL);
}

struct hvm_info info(void)
{
	struct hvm_info i = {.index = 0};

	if (ioctl(admin, HVM_IOC_INFO, &i))
		die("HVM_IOC_INFO: %s", strerror(errno));
	return i;
}

void expect_ready(const char *after)
{
	struct hvm_ping ping = {.timeout_ns = 500000000};
	struct hvm_info i = info();

	if (i.state != HVM_READY || i.cores_free != i.core_count || i.jobs)
		die("after %s: state %u, %u of %u cores free, %u jobs", after, i.state, i.cores_free, i.core_count,
		    i.jobs);
	if (ioctl(admin, HVM_IOC_PING, &ping))
		die("after %s: ping: %s", after, strerror(errno));
}

/* Functions for the HRT. */

static uint64_t add(uint64_t a, uint64_t b)
{
	return a + b;
}

__attribute__((noreturn)) static uint64_t spin_for_ever(uint64_t a, uint64_t b)
{
	(void)b;
	for (;;)
		__atomic_fetch_add((uint64_t *)a, 1, __ATOMIC_RELAXED);
}

static uint64_t spin_deaf(uint64_t a, uint64_t b)
{
	__asm__ volatile("cli");
	spin_for_ever(a, b);
}

static uint64_t divide(uint64_t a, uint64_t b)
{
	return a / b;
}

static uint64_t load(uint64_t a, uint64_t b)
{
	(void)b;
	return *(volatile uint64_t *)a;
}

/* Write @b and 0x5a.. to every page of 16 at @a, and sum what the pages held before. */
static uint64_t exchange_pages(uint64_t a, uint64_t b)
{
	uint64_t sum = 0;

	for (int i = 0; i < 16; i++)
		sum += __atomic_exchange_n((uint64_t *)(a + (uint64_t)i * 4096), b, __ATOMIC_SEQ_CST);
	return sum;
}

static void expect_call_works(void)
{
	struct hrt hrt;

	hrt_open(&hrt, "");
	hrt_attach(&hrt);
	if (hrt_call(&hrt, add, 20, 22, 0, SERVE_POLLING) != 42)
		die("a call gives a wrong sum");
	hrt_detach(&hrt);
	close(hrt.admin);
}

static uint64_t *shared_word(void)
{
	uint64_t *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (word == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	*word = 0;
	return word;
}

/* A child whose HRT core runs @function for ever; returns when it runs. */
static pid_t start_victim(void *function, uint64_t *word)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0) {
		struct hrt hrt;

		hrt_open(&hrt, "");
		hrt_attach(&hrt);
		*word = 0;
		hrt_call(&hrt, function, (uint64_t)word, 0, 0, SERVE_POLLING);
		_exit(1);
	}
	return pid;
}

static void wait_for_word(const uint64_t *word, pid_t pid)
{
	for (int i = 0; i < 200000; i++) {
		if (__atomic_load_n(word, __ATOMIC_RELAXED))
			return;
		sleep_us(100);
	}
	kill(pid, SIGKILL);
	die("the victim's function never ran");
}

static void reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		die("the victim did not die of SIGKILL: status 0x%x", status);
}

/* kill -9 of the user of a core in an endless loop. */
static void case_kill_running(void)
{
	uint64_t *word = shared_word();

	for (unsigned int i = 0; i < rounds; i++) {
		pid_t pid = start_victim(spin_for_ever, word);

		wait_for_word(word, pid);
		sleep_us(random_number() % 3000);
		kill(pid, SIGKILL);
		reap(pid);
		*word = 0;
		expect_ready("kill -9 in an endless loop");
	}
	munmap(word, 4096);
}

/* kill -9 at any instant of the user's life: opening, merging, starting, calling. */
static void case_kill_any_time(void)
{
	uint64_t *word = shared_word();

	for (unsigned int i = 0; i < rounds; i++) {
		pid_t pid = start_victim(spin_for_ever, word);

		sleep_us(random_number() % 4000);
		kill(pid, SIGKILL);
		reap(pid);
		*word = 0;
		expect_ready("kill -9 at a random instant");
	}
	munmap(word, 4096);
}

/* A program that turned interrupts off: only force gets the core back. */
static void case_kill_deaf(void)
{
	uint64_t *word = shared_word();

	for (unsigned int i = 0; i < 3; i++) {
		pid_t pid = start_victim(spin_deaf, word);

		wait_for_word(word, pid);
		kill(pid, SIGKILL);
		reap(pid);
		*word = 0;
		if (!info().parked_cores)
			die("the core of a program without interrupts was not stopped by force");
		expect_call_works();
		expect_ready("a core was stopped by force and started again");
	}
	munmap(word, 4096);
}

/* A reboot under a running job: the job ends with ESHUTDOWN, the partition is READY. */
static void case_reboot_under_job(void)
{
	struct hvm_partition_request request = {.flags = 0};
	uint64_t *word = shared_word();
	pid_t pid = start_victim(spin_for_ever, word);

	wait_for_word(word, pid);
	if (!ioctl(admin, HVM_IOC_BOOT, &request) || errno != EBUSY)
		die("a reboot under a job was not refused with EBUSY");
	request.flags = HVM_BOOT_FORCE;
	if (ioctl(admin, HVM_IOC_BOOT, &request))
		die("forced reboot: %s", strerror(errno));
	expect_ready("a forced reboot");
	kill(pid, SIGKILL);
	reap(pid);
	expect_call_works();
	munmap(word, 4096);
}

/* What the HRT thread posted when the function could not go on. */
static struct hvm_request wait_for_exception(struct hrt *hrt, void *function, uint64_t a, uint64_t b)
{
	struct hvm_request request;

	hrt_call_post(hrt, function, a, b);
	for (;;) {
		struct hvm_fault fault;

		if (!hvm_slot_take(hrt->own, hrt->served, &request))
			continue;
		hrt->served = request.tag;
		if (request.nr != HVM_NR_PAGE_FAULT)
			return request;
		fault = (struct hvm_fault){.address = request.arg[0], .error = request.arg[1]};
		if (ioctl(hrt->job, HVM_IOC_FAULT, &fault)) {
			request.arg[3] = (uint64_t)errno;
			return request;
		}
		hvm_slot_answer(hrt->own, request.tag, 0);
	}
}

static void expect_exception(void *function, uint64_t a, uint64_t b, uint64_t nr, uint64_t arg0, uint64_t error)
{
	struct hvm_request request;
	struct hrt hrt;

	hrt_open(&hrt, "");
	hrt_attach(&hrt);
	request = wait_for_exception(&hrt, function, a, b);
	if (request.nr != nr || request.arg[0] != arg0 || (error && request.arg[3] != error))
		die("expected request 0x%lx of 0x%lx, got 0x%x of 0x%lx (%lu)", nr, arg0, request.nr, request.arg[0],
		    request.arg[3]);
	hrt_detach(&hrt);
	close(hrt.admin);
	expect_ready("an exception of a program");
}

static void case_exceptions(void)
{
	char *no_access = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	expect_exception(divide, 1, 0, HVM_NR_EXCEPTION, 0, 0);
	expect_exception(load, 0, 0, HVM_NR_PAGE_FAULT, 0, EFAULT);
	expect_exception(load, 1ull << 62, 0, HVM_NR_EXCEPTION, 13, 0);			  /* not canonical */
	expect_exception(load, HVM_DIRECT_VA + (1ull << 45), 0, HVM_NR_EXCEPTION, 14, 0); /* the kernel's half */
	expect_exception(load, (uint64_t)no_access, 0, HVM_NR_PAGE_FAULT, (uint64_t)no_access, EACCES);
	munmap(no_access, 4096);
}

/*
 * Pages change under the HRT in every way that Linux knows. The HRT always sees what the process sees: what it wrote is
 * there, what was dropped is zero, what a child has is the child's.
 */
static void case_memory(void)
{
	const size_t size = 16 * 4096;
	struct hrt hrt;
	int file;

	hrt_open(&hrt, "");
	hrt_attach(&hrt);
	file = memfd_create("hvm-stress", 0);
	if (file < 0 || ftruncate(file, (off_t)size))
		die("memfd: %s", strerror(errno));
	for (unsigned int i = 0; i < rounds; i++) {
		bool mapped_file = random_number() % 4 == 0;
		uint8_t *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
				  mapped_file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, mapped_file ? file : -1, 0);
		int64_t before = mapped_file ? -1 : 0, sum;
		pid_t pid;

		if (p == MAP_FAILED)
			die("mmap: %s", strerror(errno));
		sum = hrt_call(&hrt, exchange_pages, (uint64_t)p, 1, 0, SERVE_POLLING);
		if (before >= 0 && sum != before)
			die("round %u: fresh pages hold %ld", i, sum);
		for (int page = 0; page < 16; page++)
			if (*(uint64_t *)(p + page * 4096) != 1)
				die("round %u: page %d does not show what the HRT wrote", i, page);
		/* Copy on write after fork: the child's stores are not ours, ours are not the child's. */
		pid = fork();
		if (pid == 0) {
			if (!mapped_file)
				for (int page = 0; page < 16; page++)
					*(uint64_t *)(p + page * 4096) = 77;
			_exit(0);
		}
		sum = hrt_call(&hrt, exchange_pages, (uint64_t)p, 2, 0, SERVE_POLLING);
		waitpid(pid, NULL, 0);
		if (sum != 16)
			die("round %u: after fork the pages sum up to %ld", i, sum);
		if (mprotect(p, size, PROT_READ) || mprotect(p, size, PROT_READ | PROT_WRITE))
			die("mprotect: %s", strerror(errno));
		sum = hrt_call(&hrt, exchange_pages, (uint64_t)p, 3, 0, SERVE_POLLING);
		if (sum != 32)
			die("round %u: after mprotect the pages sum up to %ld", i, sum);
		if (!mapped_file) {
			madvise(p, size, MADV_DONTNEED);
			sum = hrt_call(&hrt, exchange_pages, (uint64_t)p, 4, 0, SERVE_POLLING);
			if (sum != 0)
				die("round %u: dropped pages still hold %ld", i, sum);
		}
		munmap(p, size);
		/* Others get the freed pages, and the HRT must not see through to them. */
		{
			uint8_t *q = mmap(p, size, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0);

			if (q != p)
				die("mmap: %s", strerror(errno));
			sum = hrt_call(&hrt, exchange_pages, (uint64_t)p, 5, 0, SERVE_POLLING);
			if (sum != 0)
				die("round %u: a new mapping at an old address shows old contents: %ld", i, sum);
			munmap(q, size);
		}
	}
	close(file);
	hrt_detach(&hrt);
	close(hrt.admin);
	expect_ready("changes of the address space");
}

struct churn {
	volatile bool stop;
	uint64_t done;
};

static void *churn_mappings(void *arg)
{
	struct churn *churn = arg;

	while (!churn->stop) {
		uint8_t *p =
		    mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (p == MAP_FAILED)
			break;
		mprotect(p, 1 << 19, PROT_READ);
		munmap(p, 1 << 20);
		churn->done++;
	}
	return NULL;
}

/* Shootdowns from another thread while calls run. */
static void case_shootdowns(void)
{
	struct churn churn = {.stop = false};
	pthread_t thread;
	struct hrt hrt;

	hrt_open(&hrt, "");
	hrt_attach(&hrt);
	if (pthread_create(&thread, NULL, churn_mappings, &churn))
		die("pthread_create failed");
	for (unsigned int i = 0; i < rounds * 1000; i++)
		if (hrt_call(&hrt, add, i, 1, 0, SERVE_POLLING) != (int64_t)i + 1)
			die("call %u gives a wrong sum", i);
	churn.stop = true;
	pthread_join(thread, NULL);
	if (!hrt.own->stats.shootdowns)
		die("no shootdown in %lu changes of mappings", churn.done);
	hrt_detach(&hrt);
	close(hrt.admin);
	expect_ready("shootdowns");
}

__attribute__((noreturn)) static void spin_quietly(void)
{
	for (;;)
		__asm__ volatile("");
}

/* No wild jump in ring 0: that is a way to end the VM. */
static void tame(struct hvm_thread_start *start)
{
	static const uint32_t flags[] = {0, HVM_THREAD_JOIN, HVM_THREAD_WORKER};

	start->flags = flags[random_number() % 3];
	start->rip = (uint64_t)spin_quietly;
}

/* Random arguments to every request: an errno, never an oops; a job may be started by luck and must end. */
static void case_hostile_requests(void)
{
	static const unsigned long requests[] = {
	    HVM_IOC_INFO,	 HVM_IOC_LOG,		HVM_IOC_JOB_CREATE,  HVM_IOC_THREAD_START, HVM_IOC_THREAD_STOP,
	    HVM_IOC_WAIT,	 HVM_IOC_KICK,		HVM_IOC_FAULT,	     HVM_IOC_REVISION,	   HVM_IOC_LOAD,
	    HVM_IOC_MODULE_LOAD, HVM_IOC_MODULE_UNLOAD, HVM_IOC_MODULE_FIND, HVM_IOC_MODULE_INFO,  0x1234,
	};
	uint64_t buffer[64];

	for (unsigned int i = 0; i < rounds * 20; i++) {
		int fd = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);

		if (fd < 0)
			die("open: %s", strerror(errno));
		for (int k = 0; k < 8; k++) {
			unsigned long request = requests[random_number() % (sizeof(requests) / sizeof(*requests))];

			for (unsigned int w = 0; w < 64; w++)
				buffer[w] = random_number() % 4 ? random_number() % 8 : random_number();
			if (request == HVM_IOC_WAIT)
				buffer[1] = 1000000;
			if (request == HVM_IOC_LOG)
				buffer[5] = (uint64_t)buffer;
			if (request == HVM_IOC_THREAD_START)
				tame((struct hvm_thread_start *)buffer);
			if (random_number() % 8 == 0)
				ioctl(fd, request, random_number());
			else if (request != HVM_IOC_LOG)
				ioctl(fd, request, buffer);
		}
		close(fd);
	}
	expect_ready("random requests");
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
    {"memory", case_memory},
    {"shootdowns", case_shootdowns},
    {"exceptions", case_exceptions},
    {"kill-running", case_kill_running},
    {"kill-any-time", case_kill_any_time},
    {"kill-deaf", case_kill_deaf},
    {"reboot-under-job", case_reboot_under_job},
    {"modules", case_modules},
    {"hostile-requests", case_hostile_requests},
};

static int usage(void)
{
	fputs("usage: hvm-stress [-s SEED] [-n ROUNDS] [CASE]...\ncases, all by default:", stderr);
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		fprintf(stderr, " %s", cases[i].name);
	fputc('\n', stderr);
	return 2;
}

int main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "s:n:")) != -1) {
		if (option == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (option == 'n')
			rounds = (unsigned int)strtoul(optarg, NULL, 0);
		else
			return usage();
	}
	admin = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	if (admin < 0)
		die("%s: %s", HVM_DEVICE_PATH, strerror(errno));
	expect_ready("the start");
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool wanted = optind == argc;

		for (int a = optind; a < argc; a++)
			wanted |= !strcmp(argv[a], cases[i].name);
		if (!wanted)
			continue;
		current_case = cases[i].name;
		cases[i].run();
		printf("ok %s\n", cases[i].name);
		fflush(stdout);
	}
	return 0;
}
