/* SPDX-License-Identifier: Apache-2.0 */
#include "attach.h"
#include "future.h"
#include "ptask.h"
#include "raw.h"
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define LEAVE_LIMIT_NS 2000000000ull /* for functions to be stopped; after that the cores are taken */
#define LEAVE_STEP_NS  1000000

__thread struct worker *hvm_self;

int hvm_core(void)
{
	return hvm_self ? (int)hvm_self->index : -1;
}

static const char *const states[] = {"down", "loading", "booting", "ready", "running", "hung", "failed"};

static int refuse(const struct hvm *hvm, unsigned int cores, const struct hvm_job_create *create, int err)
{
	const char *state = create->state < sizeof(states) / sizeof(*states) ? states[create->state] : "unknown";

	switch (err) {
	case EAGAIN:
		return problem(-EAGAIN,
			       "partition %s: %u of its %u cores are free, %u are wanted; the others run jobs or other "
			       "processes' functions (/sys/class/misc/hvm/%s): ask for fewer, or try again later",
			       hvm->name, create->cores_free, create->partition_cores, cores, hvm->name);
	case E2BIG:
		return problem(-E2BIG, "partition %s has %u cores, %u are wanted; ask for at most %u", hvm->name,
			       create->partition_cores, cores, create->partition_cores);
	case ENODEV:
		return problem(-ENODEV, "partition %s is %s; 'hvm reboot VM/%s' on the host boots it", hvm->name, state,
			       hvm->name);
	default:
		return problem(-err, "partition %s takes no process: %s; its log says more ('hvm logs VM/%s')",
			       hvm->name, strerror(err), hvm->name);
	}
}

static unsigned int free_cores(const struct hvm *hvm)
{
	struct hvm_info info = {.index = 0};

	for (; !ioctl(hvm->fd, HVM_IOC_INFO, &info); info.index++)
		if (!strcmp(info.name, hvm->name))
			return info.cores_free;
	return 0;
}

/* The last slot is the one to submit groups of tasks by. A pool may have more cores than are wanted. */
static int create_job(struct hvm *hvm, unsigned int cores, bool pool)
{
	struct hvm_job_create create = {
	    .cores = cores,
	    .slots = (pool ? hvm->partition_cores : cores) + WAITER_SLOTS + EVENT_SLOTS + 1,
	    .flags = pool ? HVM_JOB_POOL : 0,
	};

	strcpy(create.name, hvm->name);
	if (ioctl(hvm->fd, HVM_IOC_JOB_CREATE, &create))
		return refuse(hvm, cores, &create, errno);
	hvm->cores = create.cores;
	hvm->slot_count = create.slots;
	hvm->pool = pool;
	hvm->submit_slot = create.slots - 1;
	hvm->spin_cycles = create.spin_cycles;
	hvm->tsc_khz = create.tsc_khz;
	hvm->pause = create.pause;
	hvm->merge_ns = create.merge_ns;
	return 0;
}

/* Over the memory that is there: threads that are late may still read slots. @fd -1: no slots any more. */
static int map_slots(struct hvm *hvm, int fd)
{
	size_t size = ((size_t)hvm->slot_count * HVM_SLOT_SIZE + HVM_PAGE_SIZE - 1) & ~(size_t)(HVM_PAGE_SIZE - 1);
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;

	if (mmap(hvm->slots, size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0) == MAP_FAILED)
		return -errno;
	if (fd < 0)
		madvise(hvm->slots, size, MADV_DONTFORK);
	return 0;
}

static bool is_alone(void)
{
	cpu_set_t cpus;

	return !sched_getaffinity(0, sizeof(cpus), &cpus) && CPU_COUNT(&cpus) < 2;
}

static void *begin_server(void *argument)
{
	struct worker *worker = argument;

	worker->tid = (uint32_t)raw_call3(SYS_gettid, 0, 0, 0);
	__asm__("mov %%fs:0, %0" : "=r"(worker->fs_base)); /* the thread control block begins with its own address */
	hvm_self = worker;
	hvm_on_stack(worker, (uint64_t)worker - 64, hvm_serve, &worker->stack);
	hvm_self = NULL;
	if (worker->started == 1) {
		partition_lost(worker->hvm);
		partition_fail_all(worker);
	}
	server_tell((int32_t *)&worker->left, 1);
	/* What was stopped where it was may hold the C library's locks, which the thread's end would wait for. */
	if (worker->scarred || worker->running)
		for (;;)
			raw_call3(SYS_exit, 0, 0, 0);
	return NULL;
}

static void init_worker(struct hvm *hvm, uint32_t index)
{
	struct worker *worker = worker_at(hvm, index);

	mprotect((uint8_t *)worker - WORKER_OFFSET, HVM_PAGE_SIZE, PROT_NONE);
	memset(worker, 0, offsetof(struct worker, own));
	queue_reset(&worker->own);
	queue_reset(&worker->open);
	worker->hvm = hvm;
	worker->slot = hvm->slots + index;
	worker->index = index;
	worker->pause = hvm->pause;
	worker->spin_cycles = hvm->spin_cycles;
	worker->window = hvm->spin_cycles;
	worker->server_window = hvm->alone ? 0 : hvm->spin_cycles;
	worker->timer = -1;
}

static int await_start(struct worker *worker)
{
	while (!__atomic_load_n(&worker->started, __ATOMIC_ACQUIRE))
		raw_call(SYS_futex, (const uint64_t[6]){(uint64_t)&worker->started, FUTEX_WAIT_PRIVATE, 0, 0});
	return worker->started == 1 ? 0 : worker->started;
}

/* The thread with all signals blocked but the one that ends its system calls. */
static int start_server(struct worker *worker)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int err;

	sigfillset(&all);
	sigdelset(&all, SERVER_SIGNAL);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, FUNCTION_STACK);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&worker->server, &attributes, begin_server, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (err)
		return problem(-err, "no thread for HRT core %u of %u: %s", worker->index, worker->hvm->cores,
			       strerror(err));
	err = await_start(worker);
	if (err) {
		pthread_join(worker->server, NULL);
		return problem(err, "partition %s: core %u does not take its worker: %s; its log says more",
			       worker->hvm->name, worker->index, strerror(-err));
	}
	return 0;
}

static void ask_to_leave(struct worker *worker)
{
	server_call_off(worker, 0);
	hvm_server_interrupt(worker);
}

static bool has_left(const struct worker *worker)
{
	return __atomic_load_n(&worker->left, __ATOMIC_ACQUIRE);
}

/* The first @count workers were started. */
static bool all_have_left(const struct hvm *hvm, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!has_left(worker_at(hvm, i)))
			return false;
	return true;
}

static void pause_briefly(void)
{
	const struct timespec step = {.tv_nsec = LEAVE_STEP_NS};

	nanosleep(&step, NULL);
}

/* Functions are stopped by their servers; a core that does not answer is taken. */
static void stop_workers(struct hvm *hvm, uint32_t count)
{
	uint32_t no_argument = 0;

	for (uint32_t i = 0; i < count; i++)
		hvm_store_release(&worker_at(hvm, i)->stop, 1);
	hvm_fence_full();
	for (uint32_t i = 0; i < count; i++)
		worker_mail(worker_at(hvm, i));
	for (uint64_t ns = hvm->pool ? LEAVE_LIMIT_NS : 0; ns < LEAVE_LIMIT_NS && !all_have_left(hvm, count);
	     ns += LEAVE_STEP_NS) {
		for (uint32_t i = 0; i < count; i++)
			if (!has_left(worker_at(hvm, i)))
				ask_to_leave(worker_at(hvm, i));
		pause_briefly();
	}
	raw_ioctl(hvm->fd, HVM_IOC_JOB_END, &no_argument);
	for (uint32_t i = 0; i < count; i++) {
		struct worker *worker = worker_at(hvm, i);

		while (!has_left(worker)) {
			hvm_server_interrupt(worker);
			pause_briefly();
		}
		pthread_join(worker->server, NULL);
		if (worker->timer >= 0)
			raw_call3(SYS_timer_delete, (uint64_t)worker->timer, 0, 0);
	}
}

/* A bare descriptor takes the place of the job's, which thereby is closed. */
static void drop_job(struct hvm *hvm)
{
	int fd = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	map_slots(hvm, -1);
	if (fd < 0)
		return;
	dup3(fd, hvm->fd, O_CLOEXEC);
	close(fd);
}

static int start_workers(struct hvm *hvm)
{
	int err = map_slots(hvm, hvm->fd);

	if (err)
		return problem(err, "partition %s: its slots cannot be mapped: %s", hvm->name, strerror(-err));
	hvm_server_install();
	for (uint32_t i = 0; i < hvm->cores; i++)
		init_worker(hvm, i);
	for (uint32_t i = 0; i < hvm->cores; i++) {
		err = start_server(worker_at(hvm, i));
		if (err) {
			stop_workers(hvm, i);
			return err;
		}
	}
	return 0;
}

static int attach(struct hvm *hvm, unsigned int cores, bool pool)
{
	int err;

	if (state_of(hvm) != STATE_OPEN)
		return problem(-EBUSY, "partition %s: this process is attached already, to %u cores; hvm_detach first",
			       hvm->name, hvm->cores);
	if (hvm->user)
		return problem(
		    -EOPNOTSUPP,
		    "partition %s has \"privilege: user\": its cores run programs in ring 3, and no functions of "
		    "Linux processes; attach to a partition with \"privilege: kernel\" in the VM's layout",
		    hvm->name);
	if (!cores && !pool)
		cores = free_cores(hvm);
	if (!cores && !pool)
		return problem(-EAGAIN,
			       "partition %s: none of its %u cores is free; jobs and other processes' functions have "
			       "them (/sys/class/misc/hvm/%s): try again later",
			       hvm->name, hvm->partition_cores, hvm->name);
	err = create_job(hvm, cores, pool);
	if (err)
		return err;
	hvm->alone = is_alone();
	hvm->sleepers = 0;
	hvm->submit_sequence = 0;
	memset(hvm->event_fd, 0, sizeof(hvm->event_fd));
	err = start_workers(hvm);
	if (err)
		drop_job(hvm);
	else
		hvm_store_release(&hvm->state, pool ? STATE_POOL : STATE_ATTACHED);
	return err;
}

static int attach_locked(struct hvm *hvm, unsigned int cores, bool pool)
{
	int err;

	if (state_of(hvm) == STATE_NONE)
		return problem(-ENOTCONN, "this partition was opened by the process that this one was forked from; "
					  "call hvm_open here, too");
	pthread_mutex_lock(&hvm->lock);
	err = attach(hvm, cores, pool);
	pthread_mutex_unlock(&hvm->lock);
	return err;
}

int hvm_attach(struct hvm *hvm, unsigned int cores)
{
	return attach_locked(hvm, cores, false);
}

int hvm_pool_join(struct hvm *hvm, unsigned int cores)
{
	return attach_locked(hvm, cores, true);
}

void partition_lost(struct hvm *hvm)
{
	uint32_t state = hvm->pool ? STATE_POOL : STATE_ATTACHED;

	__atomic_compare_exchange_n(&hvm->state, &state, STATE_LOST, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

void partition_fail_all(struct worker *worker)
{
	if (worker->hvm->pool) {
		ptask_fail_all(worker->hvm);
		return;
	}
	/* Only while running says so is the future not done: its owner may have freed it after. */
	if (worker->running & 1)
		future_complete(worker->future, 0, -ESHUTDOWN);
	future_fail_queued(worker);
}

/* Callers find that the partition is lost, and let go of the workers. */
static void await_callers(struct hvm *hvm)
{
	for (uint32_t i = 0; i < hvm->cores; i++)
		while (__atomic_exchange_n(&worker_at(hvm, i)->lock, 1, __ATOMIC_ACQUIRE))
			pause_briefly();
	for (uint32_t i = 0; i < hvm->cores; i++)
		hvm_store_release(&worker_at(hvm, i)->lock, 0);
	pthread_mutex_lock(&hvm->submit_lock);
	pthread_mutex_unlock(&hvm->submit_lock);
}

int hvm_detach(struct hvm *hvm)
{
	if (hvm_self)
		return -EDEADLK;
	if (!has_cores(hvm) && state_of(hvm) != STATE_LOST)
		return -ENOTCONN;
	pthread_mutex_lock(&hvm->lock);
	partition_lost(hvm);
	if (state_of(hvm) == STATE_LOST) {
		stop_workers(hvm, hvm->cores);
		await_callers(hvm);
		drop_job(hvm);
		hvm_store_release(&hvm->state, STATE_OPEN);
	}
	pthread_mutex_unlock(&hvm->lock);
	return 0;
}
