/* SPDX-License-Identifier: Apache-2.0 */
#include "thread.h"

#include "death.h"
#include "delivery.h"
#include "memory.h"
#include "region.h"
#include "report.h"
#include "serve.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SERVER_STACK (128u << 10)
#define GUARD	     4096u

/* What makes a thread of the same process; without any of these it would be something else. */
#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define KNOWN_FLAGS                                                                                                    \
	(THREAD_FLAGS | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |                      \
	 CLONE_CHILD_CLEARTID | CLONE_DETACHED)

static __thread struct server *self;

/* Who has which server and core. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int live = 1;
static int first_status;
static bool first_ended;

struct server *thread_self(void)
{
	return self;
}

_Noreturn void thread_serve_first(struct job *job)
{
	self = &job->server[0];
	self->tid = getpid();
	serve(self);
	/* pthread_exit of the main thread: the process goes on without it. */
	for (;;)
		pause();
}

static void *serve_threads(void *argument)
{
	self = argument;
	self->tid = (pid_t)syscall(SYS_gettid);
	signal_leave(self);
	sem_post(&self->known);
	for (;;) {
		while (sem_wait(&self->begin))
			;
		signal_synchronise(self);
		serve(self);
	}
	return NULL;
}

/* The Linux thread of a server that has none yet. Its stack is the proxy's: the program must not unmap it. */
static int make_linux_thread(struct server *server)
{
	uint8_t *stack = mmap(NULL, GUARD + SERVER_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t attributes;
	pthread_t thread;
	uint64_t mask;
	int err;

	if (stack == MAP_FAILED)
		return -EAGAIN;
	mprotect(stack, GUARD, PROT_NONE);
	region_add((uint64_t)stack, GUARD + SERVER_STACK);
	sem_init(&server->known, 0, 0);
	sem_init(&server->begin, 0, 0);
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, stack + GUARD, SERVER_STACK);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	mask = signal_linux_mask();
	signal_set_linux_mask(~0ull); /* it takes signals when it has a thread */
	err = pthread_create(&thread, &attributes, serve_threads, server);
	signal_set_linux_mask(mask);
	pthread_attr_destroy(&attributes);
	if (err)
		return -EAGAIN; /* its stack stays the proxy's */
	while (sem_wait(&server->known))
		;
	return 0;
}

/* A server for a new thread, or NULL. The first is the process's own identity, and not for others. */
static struct server *claim(struct job *job)
{
	struct server *found = NULL;

	pthread_mutex_lock(&lock);
	for (unsigned int i = 1; i < job->servers && !found; i++)
		if (!job->server[i].busy)
			found = &job->server[i];
	if (found) {
		if (!found->job)
			job_init_server(job, (unsigned int)(found - job->server));
		found->busy = true;
		live++;
	}
	pthread_mutex_unlock(&lock);
	return found;
}

static void release(struct server *server)
{
	pthread_mutex_lock(&lock);
	server->busy = false;
	live--;
	pthread_mutex_unlock(&lock);
}

/* What the thread begins with. The parent's core starts it when it takes the answer to its clone. */
static void launch(struct server *server, struct server *parent, const struct thread_request *request)
{
	struct hvm_regs regs;

	memcpy(&regs, &parent->slot->regs, sizeof(regs)); /* where the aerokernel left them for this call */
	regs.rax = 0;
	regs.rsp = request->stack;
	if (request->flags & CLONE_SETTLS)
		regs.fs_base = request->tls;
	memcpy(&server->slot->regs, &regs, sizeof(regs));
	delivery_reset(server);
	server->window = server->job->spin_cycles;
	server->last_tag = HVM_HEAD_TAG(hvm_load_acquire(&server->slot->head));
	server->clear_tid = request->flags & CLONE_CHILD_CLEARTID ? request->child_tid : 0;
	hvm_store_relaxed(&server->slot->signal_mask, hvm_load_relaxed(&parent->slot->signal_mask));
	server->slot->tid = (uint32_t)server->tid;
	memset(&server->slot->stats, 0, sizeof(server->slot->stats));
	server->start_tsc = __builtin_ia32_rdtsc();
	hvm_store_relaxed(&parent->slot->spawn, 1 + server->slot->index);
}

int64_t thread_start(struct server *parent, const struct thread_request *request)
{
	struct server *server;
	int tid, err;

	if ((request->flags & THREAD_FLAGS) != THREAD_FLAGS || request->flags & ~(uint64_t)KNOWN_FLAGS) {
		report_unserved(SYS_clone, "threads-only,-the-program-got-ENOSYS");
		return -ENOSYS;
	}
	if (!request->stack)
		return -EINVAL;
	server = claim(parent->job);
	if (!server) {
		report_unserved(SYS_clone, "the-job-has-as-many-threads-as-it-can,-the-program-got-EAGAIN");
		return -EAGAIN;
	}
	err = server->tid ? 0 : make_linux_thread(server);
	if (err) {
		release(server);
		return err;
	}
	tid = server->tid; /* the thread may be gone before this returns */
	if ((request->flags & CLONE_PARENT_SETTID && !memory_write(request->parent_tid, &tid, sizeof(tid))) ||
	    (request->flags & CLONE_CHILD_SETTID && !memory_write(request->child_tid, &tid, sizeof(tid)))) {
		release(server);
		return -EFAULT;
	}
	launch(server, parent, request);
	sem_post(&server->begin);
	return tid;
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

void thread_exit(struct server *server, int status)
{
	const int zero = 0;
	uint64_t clear_tid = server->clear_tid;
	bool last;

	pthread_mutex_lock(&lock);
	last = live == 1;
	if (!last)
		live--;
	if (server->index == 0) {
		first_ended = true;
		first_status = status;
	}
	pthread_mutex_unlock(&lock);
	if (last)
		death_by_exit(server->job, first_ended ? first_status : status);

	signal_leave(server);
	/* The HRT left the thread's stack before it told: slot and stack are free when server is. */
	hvm_slot_answer(server->slot, server->last_tag, 0); /* to nobody: the next thread finds no open request */
	pthread_mutex_lock(&lock);
	count_in(&server->past, &server->slot->stats);
	memset(&server->slot->stats, 0, sizeof(server->slot->stats));
	server->past_cycles += __builtin_ia32_rdtsc() - server->start_tsc;
	server->busy = false;
	pthread_mutex_unlock(&lock);
	if (clear_tid && memory_write(clear_tid, &zero, sizeof(zero)))
		syscall(SYS_futex, clear_tid, FUTEX_WAKE, 1, NULL, NULL, 0);
}

uint64_t thread_cycles(const struct server *server)
{
	return __builtin_ia32_rdtsc() - server->start_tsc;
}

uint64_t thread_cycles_of_all(struct job *job)
{
	uint64_t sum = 0;

	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; i < job->servers; i++)
		sum += job->server[i].past_cycles + (job->server[i].busy ? thread_cycles(&job->server[i]) : 0);
	pthread_mutex_unlock(&lock);
	return sum;
}

void thread_stats_of_all(const struct job *job, struct hvm_slot_stats *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (unsigned int i = 0; i < job->servers; i++) {
		if (!job->server[i].job)
			continue;
		count_in(sum, &job->server[i].past);
		count_in(sum, &job->slots[i].stats);
	}
}
