/* SPDX-License-Identifier: Apache-2.0 */
#include "renew.h"
#include "core.h"
#include "cpu.h"
#include "timer.h"

#define FIRST_MS 4	    /* until the first flush; the time doubles from each to the next ... */
#define LAST_MS	 64	    /* ... up to this: QEMU makes the table smaller only after 100 ms without a flush */
#define MUCH	 (1u << 20) /* bytes of new memory */

static uint64_t milliseconds(uint64_t count)
{
	return count * partition->tsc_khz;
}

static void wait_for_next(struct core *core)
{
	if (core->renewal.at && !core->tick_at)
		timer_tick(core, core->renewal.interval);
}

static void begin(struct core *core)
{
	if (!(partition->flags & HVM_FLAG_INTERPRETED))
		return;
	core->renewal.interval = milliseconds(FIRST_MS);
	core->renewal.at = cpu_tsc() + core->renewal.interval;
	wait_for_next(core);
}

void renew_begin(struct core *core, uint64_t space)
{
	if (core->renewal.space == space)
		return;
	core->renewal.space = space;
	begin(core);
}

void renew_for(struct core *core, uint64_t size)
{
	if (size >= MUCH)
		begin(core);
}

void renew_tick(struct core *core)
{
	struct renewal *renewal = &core->renewal;
	uint64_t now = cpu_tsc();

	if (renewal->at && now >= renewal->at) {
		cpu_write_cr3(cpu_read_cr3());
		renewal->interval *= 2;
		renewal->at = renewal->interval > milliseconds(LAST_MS) ? 0 : now + renewal->interval;
	}
	wait_for_next(core);
}
