/* SPDX-License-Identifier: Apache-2.0 */
#include "serve.h"

#include "death.h"
#include "delivery.h"
#include "fault.h"
#include "stats.h"
#include "syscall.h"
#include "thread.h"

#include <errno.h>
#include <hvm/poll.h>
#include <string.h>
#include <time.h>

#define POLLS_PER_CLOCK 64 /* polls between two looks at the clock */

static bool poll_slot(struct server *server, struct hvm_request *request)
{
	uint64_t deadline = __builtin_ia32_rdtsc() + server->window;

	do {
		for (unsigned int i = 0; i < POLLS_PER_CLOCK; i++) {
			if (hvm_slot_take(server->slot, server->last_tag, request))
				return true;
			if (server->job->pause)
				__builtin_ia32_pause();
		}
	} while (__builtin_ia32_rdtsc() < deadline);
	return false;
}

static void next_request(struct server *server, struct hvm_request *request)
{
	uint64_t base = server->job->spin_cycles, start = __builtin_ia32_rdtsc();
	bool slept = false;

	while (!poll_slot(server, request)) {
		int err = device_wait(server->job->fd, server->index);

		if (err == -ESHUTDOWN)
			death_of_thread(server, DEATH_PARTITION);
		if (err && err != -EINTR && err != -ETIMEDOUT)
			death_of_thread(server, strerrordesc_np(-err));
		slept = true;
	}
	if (slept)
		server->window =
		    hvm_poll_adapt(server->window, __builtin_ia32_rdtsc() - start, base, HVM_POLL_SERVER * base);
	server->last_tag = request->tag;
	if (hvm_load_relaxed(&server->slot->serial) != server->serial)
		thread_renew(server);
	if (hvm_load_relaxed(&server->slot->robust_list) != server->robust_list)
		thread_tell_robust_list(server);
}

static int64_t tell_clock(struct server *server, clockid_t clock)
{
	uint64_t before = __builtin_ia32_rdtsc();
	struct timespec now = {0};

	clock_gettime(clock, &now);
	hvm_store_relaxed(&server->slot->arg[1], before + (__builtin_ia32_rdtsc() - before) / 2);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t act(struct server *server, const struct hvm_request *request)
{
	switch (request->nr) {
	case HVM_NR_PAGE_FAULT:
		return fault_page(server, request->arg);
	case HVM_NR_SERVERS:
		return thread_add_server(server->job);
	case HVM_NR_CLOCK:
		return tell_clock(server, (clockid_t)request->arg[0]);
	case HVM_NR_EXCEPTION:
		return fault_exception(server, request->arg);
	case HVM_NR_SIGNAL:
		return delivery_next(server, request->arg[0]);
	case HVM_NR_SIGNAL_MASK:
		signal_synchronise(server);
		return 0;
	case HVM_NR_THREAD_GONE:
		death_of_thread(server, request->arg[0] == HVM_GONE_CORE
					    ? "its HRT core was parked or rebooted under the job"
					    : "its HRT thread was stopped");
	default:
		return syscall_serve(server, request->nr, request->arg);
	}
}

static int64_t act_counted(struct server *server, const struct hvm_request *request)
{
	uint64_t start = stats_begin(server->stats, request->nr);
	int64_t result = act(server, request);

	stats_end(server->stats, request->nr, start);
	return result;
}

void serve_answer(struct server *server, int64_t result)
{
	hvm_slot_answer(server->slot, server->last_tag, result);
	if (hvm_slot_client_needs_wake(server->slot))
		device_kick(server->job->fd, server->index);
}

/* A request that the thread can be given back with: what it entered the kernel for. */
static bool is_of_program(const struct hvm_request *request)
{
	bool own = request->arg[3] != 0; /* the aerokernel's own access, or no way on */

	if (request->nr == HVM_NR_PAGE_FAULT || request->nr == HVM_NR_EXCEPTION)
		return !own;
	return request->nr < HVM_NR_FIRST_SPECIAL;
}

void serve_take_back(struct server *server)
{
	struct hvm_request request;

	/* What the child took and did not answer is taken again. */
	server->last_tag = hvm_load_acquire(&server->slot->done);
	for (;;) {
		next_request(server, &request);
		if (is_of_program(&request))
			return;
		if (request.nr == HVM_NR_SIGNAL || request.nr == HVM_NR_SIGNAL_MASK)
			serve_answer(server, 0); /* the signals were the child's */
		else
			serve_answer(server, act(server, &request));
	}
}

_Noreturn void serve(struct server *server)
{
	volatile bool *serving = &server->signals.serving; /* their handler looks at it */
	struct hvm_request request;
	int64_t result;

	for (;;) {
		next_request(server, &request);
		*serving = true;
		result = server->stats ? act_counted(server, &request) : act(server, &request);
		*serving = false;
		serve_answer(server, result);
	}
}
