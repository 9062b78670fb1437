/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

#include "bench.h"

#include <hvm/gate.h>

#define STACK_SIZE	65536
#define AWAKE_CYCLES	2000000 /* that the worker polls before it halts */
#define POLLS_PER_CLOCK 65536
#define CALL_LIMIT_NS	120e9 /* a core that is gone never answers */

static const char *const states[] = {"DOWN", "LOADING", "BOOTING", "READY", "RUNNING", "HUNG", "FAILED"};

uint64_t tsc_now(void)
{
	unsigned int aux;

	return __rdtscp(&aux);
}

double tsc_to_ns(const struct hrt *hrt, uint64_t cycles)
{
	return (double)cycles * 1e6 / hrt->tsc_khz;
}

static struct hvm_info partition_info(struct hrt *hrt)
{
	struct hvm_info info = {.index = 0};

	for (; ioctl(hrt->admin, HVM_IOC_INFO, &info) == 0; info.index++)
		if (!hrt->name[0] || !strcmp(hrt->name, info.name))
			return info;
	die("no HRT partition \"%s\" in this VM; /sys/class/misc/hvm lists them", hrt->name);
}

void hrt_open(struct hrt *hrt, const char *partition)
{
	struct hvm_info info;

	memset(hrt, 0, sizeof(*hrt));
	strncpy(hrt->name, partition, sizeof(hrt->name) - 1);
	hrt->admin = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	if (hrt->admin < 0)
		die("%s: %s; the module hvm.ko makes it", HVM_DEVICE_PATH, strerror(errno));
	info = partition_info(hrt);
	strcpy(hrt->name, info.name);
	hrt->first_cpu = info.first_cpu;
	if (info.cores_free < info.core_count)
		die("partition %s: %u of its %u cores run jobs; measure when it is idle", info.name,
		    info.core_count - info.cores_free, info.core_count);
}

void hrt_reboot(struct hrt *hrt, double *first_instruction_ns, double *ready_ns)
{
	struct hvm_partition_request request = {.flags = 0};
	struct hvm_info info;

	strcpy(request.name, hrt->name);
	if (ioctl(hrt->admin, HVM_IOC_BOOT, &request))
		die("partition %s does not boot: %s; its log says more", hrt->name, strerror(errno));
	info = partition_info(hrt);
	*first_instruction_ns = (double)info.boot_first_instruction_ns;
	*ready_ns = (double)info.boot_ready_ns;
}

/* In the HRT, as libhvm does it (guest-linux-proxy/libhvm/worker.S). */
static void halt(const uint32_t *word, uint32_t value)
{
	register uint64_t rax __asm__("rax") = HVM_GATE_HALT;
	register uint64_t rdi __asm__("rdi") = (uint64_t)word;
	register uint64_t rsi __asm__("rsi") = value;

	__asm__ volatile("lea 1f(%%rip), %%rcx\n\tcli\n\tjmp *%3\n1:"
			 : "+r"(rax), "+r"(rdi), "+r"(rsi)
			 : "r"((uint64_t)HVM_GATE_VA)
			 : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory", "cc");
}

static void sleep_until_called(struct hrt_line *line, uint64_t served)
{
	__atomic_store_n(&line->sleeping, 1, __ATOMIC_SEQ_CST);
	hvm_fence_full();
	while (hvm_load_acquire(&line->head) == served)
		halt(&line->sleeping, 1);
	__atomic_store_n(&line->sleeping, 0, __ATOMIC_SEQ_CST);
}

/* The worker: calls what the line says, for ever. Nobody serves its faults between calls, so its memory is shared. */
static _Noreturn void work(struct hrt_line *line)
{
	uint64_t served = line->done, start = tsc_now();

	for (;;) {
		uint64_t head = hvm_load_acquire(&line->head);

		if (head != served) {
			line->result = line->function(line->arg[0], line->arg[1]);
			hvm_store_release(&line->done, head);
			served = head;
			start = tsc_now();
		} else if (tsc_now() - start > AWAKE_CYCLES) {
			sleep_until_called(line, served);
			start = tsc_now();
		}
	}
}

static void *shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		die("no memory: %s", strerror(errno));
	return memory;
}

void hrt_attach(struct hrt *hrt)
{
	struct hvm_job_create create = {.cores = 1, .slots = 1};
	struct hvm_thread_start start = {.flags = HVM_THREAD_WORKER, .rip = (uint64_t)work};

	strcpy(create.name, hrt->name);
	hrt->job = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	if (hrt->job < 0 || ioctl(hrt->job, HVM_IOC_JOB_CREATE, &create))
		die("partition %s takes no job: %s (state %s, %u of %u cores free)", hrt->name, strerror(errno),
		    create.state < 7 ? states[create.state] : "?", create.cores_free, create.partition_cores);
	if (create.privilege == HVM_PRIVILEGE_USER)
		die("partition %s has privilege: user; functions are measured on one with privilege: kernel",
		    hrt->name);
	hrt->tsc_khz = create.tsc_khz;
	hrt->own = mmap(NULL, HVM_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, hrt->job, 0);
	if (hrt->own == MAP_FAILED)
		die("no memory for slots: %s", strerror(errno));
	hrt->line = shared_memory(HVM_PAGE_SIZE);
	hrt->stack = shared_memory(STACK_SIZE);
	hrt->served = 0;
	start.arg[0] = (uint64_t)hrt->line;
	start.rsp = (uint64_t)hrt->stack + STACK_SIZE - 8; /* as after a call */
	if (ioctl(hrt->job, HVM_IOC_THREAD_START, &start))
		die("partition %s starts no thread: %s", hrt->name, strerror(errno));
}

void hrt_detach(struct hrt *hrt)
{
	uint32_t slot = 0;

	ioctl(hrt->job, HVM_IOC_THREAD_STOP, &slot);
	munmap(hrt->own, HVM_PAGE_SIZE);
	munmap(hrt->line, HVM_PAGE_SIZE);
	munmap(hrt->stack, STACK_SIZE);
	close(hrt->job);
}

/* Answer one request of the HRT thread; false if it is not one that a call may make. */
static bool serve(struct hrt *hrt, const struct hvm_request *request)
{
	int64_t result;

	hrt->served = request->tag;
	if (request->nr == HVM_NR_PAGE_FAULT) {
		struct hvm_fault fault = {.address = request->arg[0], .error = request->arg[1]};

		result = ioctl(hrt->job, HVM_IOC_FAULT, &fault) ? -errno : 0;
	} else if (request->nr == SYS_getppid) {
		result = syscall(SYS_getppid);
	} else {
		return false;
	}
	hvm_slot_answer(hrt->own, request->tag, result);
	if (hvm_slot_client_needs_wake(hrt->own)) {
		uint32_t slot = 0;

		ioctl(hrt->job, HVM_IOC_KICK, &slot);
	}
	return true;
}

uint64_t hrt_call_post(struct hrt *hrt, void *function, uint64_t a, uint64_t b)
{
	struct hrt_line *line = hrt->line;
	uint64_t tag = line->head + 1;

	line->function = (hrt_function *)function;
	line->arg[0] = a;
	line->arg[1] = b;
	hvm_store_release(&line->head, tag);
	hvm_fence_full();
	if (hvm_load_relaxed(&line->sleeping)) {
		uint32_t slot = 0;

		ioctl(hrt->job, HVM_IOC_KICK, &slot);
	}
	return tag;
}

int64_t hrt_call_wait(struct hrt *hrt, uint64_t tag, uint64_t forwards, enum serving serving)
{
	struct hvm_request request;
	uint64_t start = tsc_now(), polls = 0;

	while (hvm_load_acquire(&hrt->line->done) != tag) {
		if (++polls % POLLS_PER_CLOCK == 0 && tsc_to_ns(hrt, tsc_now() - start) > CALL_LIMIT_NS)
			die("partition %s has not answered a call for %d s; its log says more", hrt->name,
			    (int)(CALL_LIMIT_NS / 1e9));
		if (serving == SERVE_ASLEEP && forwards) {
			struct hvm_wait wait = {.slot = 0};

			if (ioctl(hrt->job, HVM_IOC_WAIT, &wait))
				die("waiting for partition %s: %s", hrt->name, strerror(errno));
		}
		if (!hvm_slot_take(hrt->own, hrt->served, &request))
			continue;
		if (!serve(hrt, &request))
			die("the function on partition %s made request 0x%x at 0x%lx", hrt->name, request.nr,
			    hrt->own->regs.rip);
		if (request.nr != HVM_NR_PAGE_FAULT)
			forwards--;
	}
	return (int64_t)hrt->line->result;
}

int64_t hrt_call(struct hrt *hrt, void *function, uint64_t a, uint64_t b, uint64_t forwards, enum serving serving)
{
	return hrt_call_wait(hrt, hrt_call_post(hrt, function, a, b), forwards, serving);
}
