/* SPDX-License-Identifier: Apache-2.0 */
#include "discard.h"
#include "core.h"
#include "job.h"
#include "lock.h"
#include "syscall.h"

#define MADV_DONTNEED 4

#define HUGE_PAGE 0x200000ull /* a fault may fill all of one */

void discard_forget_around(struct job *job, uint64_t address)
{
	struct discards *discards = &job->discards;
	uint64_t start = address & ~(HUGE_PAGE - 1);

	lock_take(&discards->lock);
	for (uint32_t i = 0; i < DISCARD_RANGES; i++)
		if (discards->range[i].start < start + HUGE_PAGE && start < discards->range[i].end)
			discards->range[i].end = 0;
	lock_release(&discards->lock);
}

/* Sum a counter, by its offset in struct discard_counts, over the cores of the running core's group. */
static uint64_t sum(size_t counter)
{
	uint64_t group = core_self()->group, total = 0;

	for (uint32_t i = 0; i < partition->core_count; i++) {
		struct core *core = core_at(i);

		if (hvm_load_relaxed(&core->group) == group)
			total += hvm_load_acquire((uint64_t *)((uint8_t *)&core->discard + counter));
	}
	return total;
}

#define SUM(counter) sum(offsetof(struct discard_counts, counter))

static bool is_empty(struct discards *discards, uint64_t start, uint64_t end)
{
	uint64_t calls = SUM(calls);
	bool found = false;

	lock_take(&discards->lock);
	for (uint32_t i = 0; i < DISCARD_RANGES && !found; i++) {
		const struct discard_range *range = &discards->range[i];

		found = range->start <= start && end <= range->end && range->calls == calls;
	}
	lock_release(&discards->lock);
	return found;
}

/* Linux emptied it. What another request, begun since @begun or not ended then, did there is not known. */
static void remember(struct discards *discards, uint64_t start, uint64_t end, uint64_t begun, uint64_t calls)
{
	lock_take(&discards->lock);
	if (SUM(begun) == begun)
		discards->range[discards->next++ % DISCARD_RANGES] =
		    (struct discard_range){.start = start, .end = end, .calls = calls};
	lock_release(&discards->lock);
}

int64_t discard_madvise(struct thread *thread, const struct hvm_regs *regs)
{
	struct discards *discards = &thread->job->discards;
	uint64_t start = regs->rdi, end = (start + regs->rsi + HVM_PAGE_SIZE - 1) & ~(HVM_PAGE_SIZE - 1ull);
	uint64_t ended, begun, calls;
	int64_t result;

	if ((int)regs->rdx != MADV_DONTNEED || start % HVM_PAGE_SIZE || end <= start)
		return syscall_forward(thread, regs);
	if (is_empty(discards, start, end))
		return 0;
	ended = SUM(ended);
	begun = SUM(begun);
	calls = SUM(calls);
	result = syscall_forward(thread, regs);
	if (result == 0 && begun == ended)
		remember(discards, start, end, begun, calls);
	return result;
}
