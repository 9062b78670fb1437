/* SPDX-License-Identifier: Apache-2.0 */
#include "job.h"

#include "descriptor.h"
#include "region.h"
#include "report.h"
#include "stats.h"
#include "thread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* How long to wait for it: the core has taken the command already. */
#define FIRST_INSTRUCTION_MS 5

static const char *state_name(uint32_t state)
{
	static const char *const names[] = {"DOWN", "LOADING", "BOOTING", "READY", "RUNNING", "HUNG", "FAILED"};

	return state < sizeof(names) / sizeof(*names) ? names[state] : "unknown";
}

static int refuse_open(int error, struct refusal *refusal)
{
	switch (error) {
	case ENOENT:
	case ENXIO:
		return refuse(refusal, error, HVM_DEVICE_PATH " is missing: hvm.ko is not loaded in this VM");
	case EPROTO:
		return refuse(refusal, error,
			      HVM_DEVICE_PATH " speaks another ABI revision than %u: build the VM's image anew",
			      HVM_ABI_REVISION);
	default:
		return refuse(refusal, error, HVM_DEVICE_PATH " cannot be opened: %s", strerrordesc_np(error));
	}
}

static int refuse_create(int error, const char *partition, const struct hvm_job_create *request,
			 struct refusal *refusal)
{
	switch (error) {
	case ENOENT:
		return refuse(refusal, error, "this VM has no HRT partition named '%s'", partition);
	case EAGAIN:
		return refuse(refusal, error,
			      "partition %s: %u cores wanted, %u of %u are free now; other jobs hold the rest",
			      request->name, request->cores, request->cores_free, request->partition_cores);
	case E2BIG:
		return refuse(refusal, error, "partition %s has %u cores; wanted: %u", request->name,
			      request->partition_cores, request->cores);
	case ENODEV:
		return refuse(refusal, error, "partition %s is %s, not READY: see its log, reboot it", request->name,
			      state_name(request->state));
	case EINVAL:
		return refuse(refusal, error, "%u cores wanted; allowed: 1 to %u", request->cores,
			      request->partition_cores);
	default:
		return refuse(refusal, error, "partition %s did not take the job: %s", request->name,
			      strerrordesc_np(error));
	}
}

static int open_device(struct job *job, struct refusal *refusal)
{
	int fd = device_open();

	if (fd < 0)
		return refuse_open(-fd, refusal);
	job->fd = descriptor_guard(fd);
	if (job->fd < 0)
		return refuse(refusal, -job->fd, "no free file descriptor (RLIMIT_NOFILE)");
	return 0;
}

void job_init_server(struct job *job, unsigned int index)
{
	struct server *server = &job->server[index];

	*server = (struct server){
	    .job = job,
	    .slot = &job->slots[index],
	    .index = index,
	    .window = job->spin_cycles,
	    .signals = {.alternate_stack = {.ss_flags = SS_DISABLE}},
	    .stats = stats_new(),
	    .stack = server->stack,
	};
}

/* What hvm.ko told of the job. */
static void take_answer(struct job *job, const struct hvm_job_create *answer)
{
	job->pid = getpid();
	job->cores = answer->cores;
	job->tsc_khz = answer->tsc_khz;
	job->spin_cycles = answer->spin_cycles;
	job->pause = answer->pause != 0;
	job->user = answer->privilege == HVM_PRIVILEGE_USER;
	job->merge_ns = answer->merge_ns;
	job->servers = answer->slots < HVM_JOB_SLOTS ? answer->slots : HVM_JOB_SLOTS;
}

int job_create(struct job *job, struct program *program, const char *partition, unsigned int cores, int share,
	       struct refusal *refusal)
{
	struct hvm_job_create request = {.cores = cores, .share = (uint32_t)(share + 1)};
	int err;

	job->program = program;
	if (cores == 0 || cores > HVM_MAX_CORES)
		return refuse(refusal, EINVAL, "%u cores wanted; allowed: 1 to %u", cores, HVM_MAX_CORES);
	if (strlen(partition) >= sizeof(request.name))
		return refuse(refusal, ENOENT, "this VM has no HRT partition named '%.64s'", partition);
	strcpy(request.name, partition);
	if (open_device(job, refusal))
		return -1;
	err = device_job_create(job->fd, &request);
	if (err)
		return refuse_create(-err, partition, &request, refusal);
	job->joined = share >= 0;
	if (job->joined)
		close(share);
	job->slots = device_map_slots(job->fd, NULL, request.slots, &job->slots_size);
	if (!job->slots)
		return refuse(refusal, errno, "the job's slots cannot be mapped: %s", strerrordesc_np(errno));
	region_add((uint64_t)job->slots, job->slots_size);
	take_answer(job, &request);
	job_init_server(job, 0);
	return 0;
}

/* The parent's slots were not copied by fork; the child's lie in their place, which stays the proxy's. */
static int map_forked_slots(struct job *job, struct hvm_job_create *answer)
{
	unsigned int room = (unsigned int)(job->slots_size / HVM_SLOT_SIZE);
	uint64_t size;
	void *at = mmap(job->slots, job->slots_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
			-1, 0);

	if (at != job->slots)
		return -ENOMEM;
	if (answer->slots > room)
		answer->slots = room;
	return device_map_slots(job->fd, at, answer->slots, &size) ? 0 : -errno;
}

int job_fork(struct job *job)
{
	struct hvm_job_create request = {.share = (uint32_t)(job->fd + 1)};
	int fd = device_open(), err;

	if (fd < 0)
		return fd;
	job->fd = descriptor_guard(fd);
	if (job->fd < 0)
		return job->fd;
	err = device_job_create(job->fd, &request);
	if (!err)
		err = map_forked_slots(job, &request);
	if (err)
		return err;
	take_answer(job, &request);
	job->child = true;
	job_init_server(job, 0);
	return 0;
}

int job_start_fork(struct job *job, int parent, unsigned int index, const struct hvm_thread_start *changes)
{
	struct server *server = &job->server[0];
	struct hvm_thread_start start = *changes;
	int err;

	start.flags = HVM_THREAD_JOIN | HVM_THREAD_COPY;
	start.call_slot = index;
	start.copy_job = (uint32_t)parent;
	server->tid = getpid();
	server->serial =
	    hvm_load_relaxed(&server->slot->serial) + 1; /* the thread's that begins: what it has, it keeps */
	hvm_store_release(&server->slot->servers, 1);
	server->last_tag = HVM_HEAD_TAG(hvm_load_acquire(&server->slot->head));
	err = device_thread_start(job->fd, &start);
	descriptor_release(parent);
	return err;
}

static uint64_t began; /* TSC when this process did */

__attribute__((constructor)) static void note_beginning(void)
{
	began = __builtin_ia32_rdtsc();
}

/*
 * For a job that is part of a trace (W3C Trace Context): how long ago its first instruction was, and how long the proxy
 * has needed until now. By the TSC, which both partitions have alike; hvmd needs no clock of the guest's for it.
 */
static void report_first_instruction(const struct job *job)
{
	uint64_t limit = __builtin_ia32_rdtsc() + (uint64_t)FIRST_INSTRUCTION_MS * job->tsc_khz, first, now;

	if (!getenv("TRACEPARENT"))
		return;
	do {
		first = hvm_load_relaxed(&job->server[0].slot->stats.start_tsc);
		now = __builtin_ia32_rdtsc();
	} while (!first && now < limit);
	if (first)
		report_info("first-instruction age_ns=%llu elapsed_ns=%llu",
			    (unsigned long long)((now - first) * 1000000 / job->tsc_khz),
			    (unsigned long long)((now - began) * 1000000 / job->tsc_khz));
}

int job_start(struct job *job, struct refusal *refusal)
{
	struct server *server = &job->server[0];
	const struct hvm_thread_start start = {
	    .core = 0,
	    .slot = server->index,
	    .flags = HVM_THREAD_JOIN,
	    .rip = job->program->start,
	    .rsp = job->program->stack_pointer,
	};
	int err;

	if (!job->joined)
		report_info("started cores=%u merge_ns=%llu", job->cores, (unsigned long long)job->merge_ns);
	server->last_tag = HVM_HEAD_TAG(hvm_load_acquire(&server->slot->head));
	server->tid = getpid();
	hvm_store_release(&server->slot->servers, 1);
	err = device_thread_start(job->fd, &start);
	if (err)
		return refuse(refusal, -err, "the HRT core did not take the program: %s", strerrordesc_np(-err));
	if (!job->joined)
		report_first_instruction(job);
	return 0;
}

void job_stop(struct job *job)
{
	device_thread_stop(job->fd, job->server[0].index);
}
