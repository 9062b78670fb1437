/* SPDX-License-Identifier: Apache-2.0 */
#include "thread.h"

#include "delivery.h"
#include "memory.h"
#include "region.h"
#include "report.h"
#include "serve.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GUARD 4096u

static __thread struct server *self;
static __thread jmp_buf base; /* where the Linux thread begins to serve */

/* One server is started at a time: they are counted in the order of their slots. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct server *thread_self(void)
{
	return self;
}

bool thread_is_alive(const struct server *server)
{
	return hvm_load_relaxed(&server->slot->stats.start_tsc) != 0;
}

static void hold_lock(void)
{
	pthread_mutex_lock(&lock);
}

static void let_lock_go(void)
{
	pthread_mutex_unlock(&lock);
}

_Noreturn void thread_serve_first(struct job *job)
{
	pthread_atfork(hold_lock, let_lock_go, let_lock_go);
	self = &job->server[0];
	setjmp(base);
	serve(self);
}

void thread_forked(struct job *job)
{
	struct server *caller = self;

	for (unsigned int i = 0; i < HVM_JOB_SLOTS; i++) {
		uint8_t *stack = &job->server[i] == caller ? NULL : job->server[i].stack;

		job->server[i] = (struct server){.stack = stack};
	}
	self = &job->server[0];
}

_Noreturn void thread_serve_forked(void)
{
	longjmp(base, 1);
}

static void *serve_others(void *argument)
{
	self = argument;
	if (setjmp(base)) /* in a child process, whose first thread it is */
		serve(self);
	self->tid = (pid_t)syscall(SYS_gettid);
	self->slot->tid = (uint32_t)self->tid;
	signal_leave(self);
	sem_post(&self->known);
	serve(self);
}

uint8_t *thread_map_stack(void)
{
	uint8_t *low = mmap(NULL, GUARD + THREAD_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (low == MAP_FAILED)
		return NULL;
	mprotect(low, GUARD, PROT_NONE);
	region_add((uint64_t)low, GUARD + THREAD_STACK);
	return low + GUARD;
}

/* The Linux thread of a server that has none yet. A failure leaves its stack for the next try. */
static int make_linux_thread(struct server *server)
{
	pthread_attr_t attributes;
	pthread_t thread;
	uint64_t mask;
	int err;

	if (!server->stack)
		server->stack = thread_map_stack();
	if (!server->stack)
		return -EAGAIN;
	sem_init(&server->known, 0, 0);
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, server->stack, THREAD_STACK);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	mask = signal_linux_mask();
	signal_set_linux_mask(~0ull); /* it takes signals when it has a thread */
	err = pthread_create(&thread, &attributes, serve_others, server);
	signal_set_linux_mask(mask);
	pthread_attr_destroy(&attributes);
	if (err)
		return -EAGAIN;
	while (sem_wait(&server->known))
		;
	return 0;
}

static int64_t add_server(struct job *job)
{
	uint32_t count = hvm_load_relaxed(&job->slots->servers);
	struct server *server;
	int err;

	if (count >= job->servers) {
		report_unserved(SYS_clone, "the-job-has-as-many-threads-as-it-can,-the-program-got-EAGAIN");
		return -EAGAIN;
	}
	job_init_server(job, count);
	server = &job->server[count];
	memset(&server->slot->stats, 0, sizeof(server->slot->stats));
	server->last_tag = HVM_HEAD_TAG(hvm_load_acquire(&server->slot->head));
	hvm_store_relaxed(&server->slot->signal_mask, ~0ull); /* until it has a thread */
	err = make_linux_thread(server);
	if (err)
		return err;
	hvm_store_release(&job->slots->servers, count + 1);
	return 0;
}

int64_t thread_add_server(struct job *job)
{
	int64_t result;

	pthread_mutex_lock(&lock);
	result = add_server(job);
	pthread_mutex_unlock(&lock);
	return result;
}

void thread_renew(struct server *server)
{
	server->serial = hvm_load_relaxed(&server->slot->serial);
	delivery_reset(server);
}

void thread_tell_robust_list(struct server *server)
{
	server->robust_list = hvm_load_relaxed(&server->slot->robust_list);
	syscall(SYS_set_robust_list, server->robust_list, sizeof(struct robust_list_head));
}

static void count_in(struct hvm_slot_stats *sum, const struct hvm_slot_stats *stats)
{
	sum->calls_local += hvm_load_relaxed(&stats->calls_local);
	sum->calls_forwarded += hvm_load_relaxed(&stats->calls_forwarded);
	sum->page_faults += hvm_load_relaxed(&stats->page_faults);
	sum->interrupts += hvm_load_relaxed(&stats->interrupts);
	sum->shootdowns += hvm_load_relaxed(&stats->shootdowns);
	sum->wakes_sent += hvm_load_relaxed(&stats->wakes_sent);
	sum->halts += hvm_load_relaxed(&stats->halts);
}

uint64_t thread_cycles(const struct server *server)
{
	uint64_t start = hvm_load_relaxed(&server->slot->stats.start_tsc);

	return start ? __builtin_ia32_rdtsc() - start : 0;
}

static uint32_t count_servers(const struct job *job)
{
	uint32_t count = hvm_load_acquire(&job->slots->servers);

	return count < job->servers ? count : job->servers;
}

uint64_t thread_cycles_of_all(const struct job *job)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count_servers(job); i++)
		sum += hvm_load_relaxed(&job->slots[i].ended_cycles) + thread_cycles(&job->server[i]);
	return sum;
}

void thread_stats_of_all(const struct job *job, struct hvm_slot_stats *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (uint32_t i = 0; i < count_servers(job); i++)
		count_in(sum, &job->slots[i].stats);
}
