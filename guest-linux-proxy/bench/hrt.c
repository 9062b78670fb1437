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

#define STACK_SIZE	65536
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

void hrt_attach(struct hrt *hrt)
{
	struct hvm_job_create create = {.cores = 1, .slots = 2};
	struct hvm_thread_start start = {.flags = HVM_THREAD_CALLS, .slot = 0, .call_slot = 1};
	struct hvm_slot *slots;
	uint8_t *stack;

	strcpy(create.name, hrt->name);
	hrt->job = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	if (hrt->job < 0 || ioctl(hrt->job, HVM_IOC_JOB_CREATE, &create))
		die("partition %s takes no job: %s (state %s, %u of %u cores free)", hrt->name, strerror(errno),
		    create.state < 7 ? states[create.state] : "?", create.cores_free, create.partition_cores);
	hrt->tsc_khz = create.tsc_khz;
	slots = mmap(NULL, HVM_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, hrt->job, 0);
	stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (slots == MAP_FAILED || stack == MAP_FAILED)
		die("no memory for slots or stack: %s", strerror(errno));
	hrt->own = slots;
	hrt->calls = slots + 1;
	hrt->served = 0;
	hrt->sequence = 0;
	start.rsp = (uint64_t)stack + STACK_SIZE;
	if (ioctl(hrt->job, HVM_IOC_THREAD_START, &start))
		die("partition %s starts no thread: %s", hrt->name, strerror(errno));
}

void hrt_detach(struct hrt *hrt)
{
	uint32_t slot = 0;

	ioctl(hrt->job, HVM_IOC_THREAD_STOP, &slot);
	munmap(hrt->own, HVM_PAGE_SIZE);
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
	const uint64_t arg[HVM_SLOT_ARGS] = {(uint64_t)function, a, b};
	uint64_t tag = hvm_slot_tag(++hrt->sequence, hrt->calls->generation);

	hvm_slot_arguments(hrt->calls, arg);
	hvm_slot_publish(hrt->calls, tag, HVM_NR_CALL);
	if (hvm_slot_server_needs_wake(hrt->calls)) {
		uint32_t slot = 1;

		ioctl(hrt->job, HVM_IOC_KICK, &slot);
	}
	return tag;
}

int64_t hrt_call_wait(struct hrt *hrt, uint64_t tag, uint64_t forwards, enum serving serving)
{
	struct hvm_request request;
	uint64_t start = tsc_now(), polls = 0;
	int64_t result;

	while (!hvm_slot_reap(hrt->calls, tag, &result)) {
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
	return result;
}

int64_t hrt_call(struct hrt *hrt, void *function, uint64_t a, uint64_t b, uint64_t forwards, enum serving serving)
{
	return hrt_call_wait(hrt, hrt_call_post(hrt, function, a, b), forwards, serving);
}
