/* SPDX-License-Identifier: Apache-2.0 */
#include "stats.h"

#include "names.h"
#include "report.h"
#include "thread.h"

#include <stdlib.h>

bool stats_enabled;

struct call {
	uint64_t local, forwarded, cycles;
	bool reported;
};

struct stats *stats_new(void)
{
	return stats_enabled ? calloc(1, sizeof(struct stats)) : NULL;
}

static uint64_t nanoseconds(const struct job *job, uint64_t cycles)
{
	return (uint64_t)((unsigned __int128)cycles * 1000000 / job->tsc_khz);
}

static void add_forwarded(const struct job *job, struct call *calls)
{
	for (unsigned int i = 0; i < job->servers; i++) {
		const struct stats *stats = job->server[i].stats;

		for (unsigned int nr = 0; stats && nr < STATS_COUNTERS; nr++) {
			calls[nr].forwarded += hvm_load_relaxed(&stats->count[nr]);
			calls[nr].cycles += hvm_load_relaxed(&stats->cycles[nr]);
		}
	}
}

static void add_local(const struct hvm_job_stats *counted, struct call *calls)
{
	calls[STATS_NUMBERS - 1].local += counted->local[0];
	for (unsigned int i = 1; i < HVM_COUNTED_CALLS; i++)
		if (counted->local[i])
			calls[stats_index(counted->number[i])].local += counted->local[i];
}

static bool comes_first(const struct call *a, const struct call *b)
{
	return a->cycles != b->cycles ? a->cycles > b->cycles : a->local + a->forwarded > b->local + b->forwarded;
}

/* The next one to report, by time, then by count; NULL if there is none left. qsort may allocate, this may not. */
static struct call *next_call(struct call *calls)
{
	struct call *first = NULL;

	for (struct call *call = calls; call < calls + STATS_NUMBERS; call++)
		if (!call->reported && call->local + call->forwarded && (!first || comes_first(call, first)))
			first = call;
	return first;
}

static void report_calls(const struct job *job, struct call *calls)
{
	struct call *call;

	while ((call = next_call(calls))) {
		unsigned int nr = (unsigned int)(call - calls);

		call->reported = true;
		report_line("stats-call nr=%u name=%s local=%llu forwarded=%llu ns=%llu", nr, syscall_name(nr),
			    (unsigned long long)call->local, (unsigned long long)call->forwarded,
			    (unsigned long long)nanoseconds(job, call->cycles));
	}
}

static void report_event(const char *name, uint64_t count, uint64_t ns)
{
	report_line("stats-event name=%s count=%llu ns=%llu", name, (unsigned long long)count, (unsigned long long)ns);
}

static void report_forwarded(const struct job *job, const char *name, const struct call *call)
{
	report_event(name, call->forwarded, nanoseconds(job, call->cycles));
}

static void report_events(const struct job *job, const struct hvm_job_stats *counted, const struct call *calls)
{
	struct hvm_slot_stats sum;

	thread_stats_of_all(job, &sum);
	report_forwarded(job, "page-fault", &calls[STATS_PAGE_FAULT]);
	report_forwarded(job, "request", &calls[STATS_REQUEST]);
	report_event("shootdown", counted->shootdowns, counted->shootdown_ns);
	report_event("interrupt", sum.interrupts, nanoseconds(job, counted->interrupt_cycles));
	report_event("preemption", counted->preemptions, 0);
}

static void report_counted(const struct job *job)
{
	static struct call calls[STATS_COUNTERS];
	struct hvm_job_stats counted = {.shootdowns = 0};

	device_job_stats(job->fd, &counted); /* fails only if the job is gone: then there is nothing to add */
	add_forwarded(job, calls);
	add_local(&counted, calls);
	report_calls(job, calls);
	report_events(job, &counted, calls);
}

void stats_report(const struct job *job)
{
	struct hvm_slot_stats sum;

	if (job->child)
		return;
	if (stats_enabled)
		report_counted(job);
	thread_stats_of_all(job, &sum);
	report_info("stats local=%llu forwarded=%llu faults=%llu interrupts=%llu shootdowns=%llu wakes=%llu halts=%llu",
		    (unsigned long long)sum.calls_local, (unsigned long long)sum.calls_forwarded,
		    (unsigned long long)sum.page_faults, (unsigned long long)sum.interrupts,
		    (unsigned long long)sum.shootdowns, (unsigned long long)sum.wakes_sent,
		    (unsigned long long)sum.halts);
}
