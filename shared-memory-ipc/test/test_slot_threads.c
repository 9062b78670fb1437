/* SPDX-License-Identifier: Apache-2.0 */
/* One slot, two threads, many messages: nothing is lost, mixed up or slept through. */
#include "test.h"

#include <hvm/slot.h>

#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MESSAGES       100000u
#define FIRST_SEQUENCE 0xffff0000u /* wraps on the way */
#define GENERATION     41u
#define STOP	       0xffffu

struct channel {
	struct hvm_slot slot;
	unsigned int client_spins, server_spins; /* looks before sleeping */
	int client_event, server_event;		 /* where each side sleeps */
	uint64_t sleeps;			 /* of the server */
};

static struct channel channel;

static void wake(int event)
{
	uint64_t one = 1;

	CHECK_EQUAL(write(event, &one, sizeof(one)), sizeof(one));
}

static void sleep_on(int event)
{
	uint64_t count;

	CHECK_EQUAL(read(event, &count, sizeof(count)), sizeof(count));
}

/* With as many threads as cores, or more, a spin without an end would wait for the scheduler. */
static void pause_spin(unsigned int i)
{
	if (i % 64 == 63)
		sched_yield();
}

static void server_wait(struct channel *c, uint64_t last_tag, struct hvm_request *request)
{
	for (unsigned int i = 0; i < c->server_spins; i++) {
		if (hvm_slot_take(&c->slot, last_tag, request))
			return;
		pause_spin(i);
	}
	for (;;) {
		hvm_store_relaxed(&c->slot.server_sleeping, 1);
		hvm_fence_full();
		if (hvm_slot_take(&c->slot, last_tag, request))
			break;
		c->sleeps++;
		sleep_on(c->server_event);
	}
	hvm_store_relaxed(&c->slot.server_sleeping, 0);
}

static void *serve(void *argument)
{
	struct channel *c = argument;
	uint64_t last_tag = 0;

	for (;;) {
		struct hvm_request request;
		uint64_t sum = 0;

		server_wait(c, last_tag, &request);
		last_tag = request.tag;
		for (unsigned int i = 0; i < HVM_SLOT_ARGS; i++)
			sum += request.arg[i] * (i + 1);
		hvm_slot_answer(&c->slot, request.tag, (int64_t)(sum ^ request.nr));
		if (hvm_slot_client_needs_wake(&c->slot))
			wake(c->client_event);
		if (request.nr == STOP)
			return NULL;
	}
}

static int64_t client_wait(struct channel *c, uint64_t tag)
{
	int64_t result;

	for (unsigned int i = 0; i < c->client_spins; i++) {
		if (hvm_slot_reap(&c->slot, tag, &result))
			return result;
		pause_spin(i);
	}
	for (;;) {
		hvm_store_relaxed(&c->slot.client_sleeping, 1);
		hvm_fence_full();
		if (hvm_slot_reap(&c->slot, tag, &result))
			break;
		sleep_on(c->client_event);
	}
	hvm_store_relaxed(&c->slot.client_sleeping, 0);
	return result;
}

static void call(struct channel *c, uint32_t sequence, uint32_t nr)
{
	uint64_t tag = hvm_slot_tag(sequence, GENERATION);
	uint64_t arg[HVM_SLOT_ARGS], sum = 0;

	for (unsigned int i = 0; i < HVM_SLOT_ARGS; i++) {
		arg[i] = (uint64_t)sequence * 0x9e3779b97f4a7c15 + i;
		sum += arg[i] * (i + 1);
	}
	hvm_slot_arguments(&c->slot, arg);
	hvm_slot_publish(&c->slot, tag, nr);
	if (hvm_slot_server_needs_wake(&c->slot))
		wake(c->server_event);
	CHECK_EQUAL(client_wait(c, tag), sum ^ nr);
}

static void exchange(unsigned int client_spins, unsigned int server_spins)
{
	pthread_t server;

	memset(&channel, 0, sizeof(channel));
	channel.client_spins = client_spins;
	channel.server_spins = server_spins;
	channel.client_event = eventfd(0, EFD_CLOEXEC);
	channel.server_event = eventfd(0, EFD_CLOEXEC);
	CHECK_EQUAL(pthread_create(&server, NULL, serve, &channel), 0);
	for (uint32_t i = 0; i < MESSAGES; i++)
		call(&channel, FIRST_SEQUENCE + i, i % 500);
	call(&channel, FIRST_SEQUENCE + MESSAGES, STOP);
	pthread_join(server, NULL);
	close(channel.client_event);
	close(channel.server_event);
}

static void every_answer_fits_its_request_when_both_sides_spin(void)
{
	exchange(100000, 100000);
}

static void no_wake_up_is_lost_when_both_sides_sleep_at_once(void)
{
	exchange(0, 0);
	CHECK(channel.sleeps > 0);
}

static void no_wake_up_is_lost_at_the_edge_between_spinning_and_sleeping(void)
{
	exchange(30, 30);
	exchange(200, 3);
}

void test_slot_threads(void)
{
	RUN(every_answer_fits_its_request_when_both_sides_spin);
	RUN(no_wake_up_is_lost_when_both_sides_sleep_at_once);
	RUN(no_wake_up_is_lost_at_the_edge_between_spinning_and_sleeping);
}
