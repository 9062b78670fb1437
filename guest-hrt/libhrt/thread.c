/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* Of hrt_thread.start. */
enum { START_NOT = 0, START_NOW = 1 };

/* Of hrt_thread.end. */
enum { END_NOT = 0, END_COME = 1, END_AWAITED = 2 };

/* A mailbox whose function is being written. */
#define CLAIMED ((void (*)(void *))1)

struct hrt_thread {
	uint32_t start, end;
	void *(*function)(void *);
	void *argument;
	void *result;
	struct hrt_thread *next; /* in the pool */
	uint64_t name;		 /* to the kernel below, good once it is named */
	uint32_t named;
	void (*interrupt)(void *); /* that it was told to call, NULL: none */
	void *interrupt_argument;
};

static __thread struct hrt_thread *self;
static pthread_key_t others; /* records of threads that are not of the pool: freed with them */
static struct hrt_thread *pool;
static struct hrt_mutex pool_lock = HRT_MUTEX_INIT;

static void name(struct hrt_thread *thread)
{
	self = thread;
	thread->name = (uint64_t)hrt_kernel.self();
	__atomic_store_n(&thread->named, 1, __ATOMIC_RELEASE);
}

uint64_t hrt_thread_name(const struct hrt_thread *thread)
{
	return thread->name;
}

/* A child has the thread that forked, and no pool. */
static void forget_others(void)
{
	pool = NULL;
	pool_lock = (struct hrt_mutex)HRT_MUTEX_INIT;
	if (self)
		self->name = (uint64_t)hrt_kernel.self();
}

__attribute__((constructor(102))) static void prepare(void)
{
	pthread_key_create(&others, free);
	pthread_atfork(NULL, NULL, forget_others);
}

static void end(struct hrt_thread *thread)
{
	if (__atomic_exchange_n(&thread->end, END_COME, __ATOMIC_ACQ_REL) == END_AWAITED)
		hrt_kernel.wake(&thread->end, 1);
}

/* Records of the pool are never freed: whoever wakes one may be late. */
static void *serve(void *record)
{
	struct hrt_thread *thread = record;

	name(thread);
	for (;;) {
		while (load(&thread->start) == START_NOT)
			hrt_kernel.wait(&thread->start, START_NOT, HRT_FOREVER);
		__atomic_store_n(&thread->start, START_NOT, __ATOMIC_RELAXED);
		thread->result = thread->function(thread->argument);
		end(thread);
	}
	return NULL;
}

static struct hrt_thread *take(void)
{
	struct hrt_thread *thread;

	hrt_mutex_lock(&pool_lock);
	thread = pool;
	if (thread)
		pool = thread->next;
	hrt_mutex_unlock(&pool_lock);
	return thread;
}

static void give_back(struct hrt_thread *thread)
{
	hrt_mutex_lock(&pool_lock);
	thread->next = pool;
	pool = thread;
	hrt_mutex_unlock(&pool_lock);
}

static struct hrt_thread *make(void)
{
	struct hrt_thread *thread = calloc(1, sizeof(*thread));
	pthread_attr_t attributes;
	pthread_t posix;
	int err;

	if (!thread)
		return NULL;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&posix, &attributes, serve, thread);
	pthread_attr_destroy(&attributes);
	if (!err)
		return thread;
	free(thread);
	return NULL;
}

int hrt_thread_create(struct hrt_thread **created, void *(*function)(void *), void *argument)
{
	struct hrt_thread *thread = take();

	if (!thread)
		thread = make();
	if (!thread)
		return -EAGAIN;
	thread->function = function;
	thread->argument = argument;
	__atomic_store_n(&thread->end, END_NOT, __ATOMIC_RELAXED);
	__atomic_store_n(&thread->start, START_NOW, __ATOMIC_SEQ_CST);
	hrt_kernel.wake(&thread->start, 1);
	*created = thread;
	return 0;
}

void *hrt_thread_join(struct hrt_thread *thread)
{
	uint32_t running = END_NOT;
	void *result;

	__atomic_compare_exchange_n(&thread->end, &running, END_AWAITED, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	while (load(&thread->end) != END_COME)
		hrt_kernel.wait(&thread->end, END_AWAITED, HRT_FOREVER);
	result = thread->result;
	give_back(thread);
	return result;
}

struct hrt_thread *hrt_thread_self(void)
{
	struct hrt_thread *thread = self;

	if (thread)
		return thread;
	thread = calloc(1, sizeof(*thread));
	if (!thread)
		return NULL;
	pthread_setspecific(others, thread);
	name(thread);
	return thread;
}

void hrt_thread_yield(void)
{
	hrt_kernel.yield();
}

void hrt_thread_interrupted(void *record)
{
	struct hrt_thread *thread = record;
	void (*function)(void *) = __atomic_load_n(&thread->interrupt, __ATOMIC_ACQUIRE);
	void *argument = thread->interrupt_argument;
	int saved = errno;

	__atomic_store_n(&thread->interrupt, NULL, __ATOMIC_RELEASE);
	function(argument);
	errno = saved;
}

int hrt_thread_interrupt(struct hrt_thread *thread, void (*function)(void *), void *argument)
{
	void (*none)(void *) = NULL;
	int result;

	if (!load(&thread->named) ||
	    !__atomic_compare_exchange_n(&thread->interrupt, &none, CLAIMED, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return -EAGAIN;
	thread->interrupt_argument = argument;
	__atomic_store_n(&thread->interrupt, function, __ATOMIC_RELEASE);
	result = hrt_kernel.interrupt(thread);
	if (result)
		__atomic_store_n(&thread->interrupt, NULL, __ATOMIC_RELEASE);
	return result;
}
