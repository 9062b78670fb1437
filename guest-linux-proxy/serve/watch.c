/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "serve.h"

/* How often it looks: while a function runs, whose time may be over; otherwise. */
#define RUNNING_MS 5
#define IDLE_MS	   20

struct sight {
	uint64_t beat;	    /* when it was raised last; times in ms */
	uint64_t calls;	    /* that were begun when it looked last */
	uint64_t last_call; /* when that was another number */
	uint64_t run_tag;   /* of the call that ran */
	uint64_t run_since;
	bool ending;
};

static uint64_t now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static void beat_if_due(struct serve *serve, struct sight *sight, uint64_t now)
{
	if (now - sight->beat < HVM_WINDOW_HEARTBEAT_MS / 2)
		return;
	serve_beat(serve);
	sight->beat = now;
}

static bool is_over_limit(struct serve *serve, struct sight *sight, uint64_t now)
{
	uint64_t tag = hvm_load_relaxed(&serve->run.tag), calls = hvm_load_relaxed(&serve->calls);

	if (hvm_load_acquire(&serve->run.phase) == RUN_NONE || calls != sight->calls || tag != sight->run_tag) {
		sight->run_tag = tag;
		sight->run_since = now;
	}
	if (calls != sight->calls || hvm_load_relaxed(&serve->run.phase) != RUN_NONE) {
		sight->calls = calls;
		sight->last_call = now;
	}
	return now - sight->run_since > hvm_load_relaxed(&serve->run.limit_ms) &&
	       hvm_load_relaxed(&serve->run.phase) != RUN_NONE;
}

static bool shall_end(const struct watch *watch, const struct sight *sight, uint64_t now)
{
	return hvm_load_relaxed(watch->terminated) || (watch->idle_ms && now - sight->last_call > watch->idle_ms);
}

static void tell_where(struct hvm_window_failure *failure)
{
	if (!modules_where(hrt_partition, failure->instruction, failure->where, sizeof(failure->where)))
		library_where(failure->instruction, failure->where, sizeof(failure->where));
}

/* Answer what ran and begin the loop again. */
static bool begin_again(const struct watch *watch, uint32_t status, const struct hvm_window_failure *failure)
{
	serve_recover(watch->serve, status, failure);
	return watch->runner->start(watch->serve);
}

static bool stop_and_begin_again(const struct watch *watch)
{
	struct hvm_window_failure failure;

	watch->runner->interrupt();
	while (watch->runner->wait(IDLE_MS, &failure) == RUNNER_RUNS)
		;
	return begin_again(watch, HVM_WINDOW_LIMIT, NULL);
}

/* Wait a moment; what stopped the loop is taken care of. False: it has ended, or cannot be begun again: then !*@well.
 */
static bool attend(const struct watch *watch, bool *well)
{
	bool running = hvm_load_relaxed(&watch->serve->run.phase) != RUN_NONE;
	struct hvm_window_failure failure = {0};

	*well = true;
	switch (watch->runner->wait(running ? RUNNING_MS : IDLE_MS, &failure)) {
	case RUNNER_ENDED:
		return false;
	case RUNNER_FAULT:
		tell_where(&failure);
		*well = begin_again(watch, HVM_WINDOW_FAULT, &failure);
		break;
	case RUNNER_LOST:
		*well = begin_again(watch, HVM_WINDOW_STOPPED, NULL);
		break;
	case RUNNER_RUNS:
		break;
	}
	return *well;
}

/* One look. False: serving is over, and *@well tells how. */
static bool look(const struct watch *watch, struct sight *sight, bool *well)
{
	bool goes_on = attend(watch, well);
	uint64_t now = now_ms();

	if (!goes_on)
		return false;
	beat_if_due(watch->serve, sight, now);
	if (is_over_limit(watch->serve, sight, now)) {
		*well = stop_and_begin_again(watch);
		return *well;
	}
	if (!sight->ending && shall_end(watch, sight, now)) {
		sight->ending = true;
		serve_ending(watch->serve);
	}
	return true;
}

bool watch_run(const struct watch *watch)
{
	struct sight sight = {.last_call = now_ms()};
	bool well = watch->runner->start(watch->serve);

	while (well && look(watch, &sight, &well))
		;
	serve_recover(watch->serve, HVM_WINDOW_STOPPED, NULL);
	serve_end(watch->serve);
	watch->runner->close();
	return well;
}
