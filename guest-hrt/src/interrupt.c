/* SPDX-License-Identifier: Apache-2.0 */
#include "interrupt.h"
#include "apic.h"
#include "core.h"
#include "cpu.h"
#include "panic.h"
#include "privilege.h"
#include "renew.h"
#include "process.h"
#include "sched.h"
#include "signal.h"
#include "timer.h"

#define VECTOR_NMI		    2
#define VECTOR_BREAKPOINT	    3
#define VECTOR_OVERFLOW		    4
#define VECTOR_DEVICE_NOT_AVAILABLE 7
#define VECTOR_DOUBLE_FAULT	    8
#define VECTOR_PAGE_FAULT	    14
#define VECTOR_MACHINE_CHECK	    18
#define VECTOR_FIRST_USER	    32

#define FAULT_USER 4u /* SDM Vol. 3, 4.7 */

#define GATE_INTERRUPT 0x8e /* present, DPL 0, interrupt gate */
#define GATE_RING_3    0x60 /* DPL 3: by an instruction of any ring */

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t ist;
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

static struct gate table[256] __attribute__((aligned(64)));

extern const uint8_t vector_stubs[];

static uint8_t ist_of(unsigned int vector)
{
	switch (vector) {
	case VECTOR_NMI:
		return IST_NMI;
	case VECTOR_DOUBLE_FAULT:
		return IST_DOUBLE_FAULT;
	case VECTOR_MACHINE_CHECK:
		return IST_MACHINE_CHECK;
	default:
		return vector < VECTOR_FIRST_USER ? IST_EXCEPTION : IST_INTERRUPT;
	}
}

/* INT3 and INTO are for programs, as on Linux. */
static uint8_t type_of(unsigned int vector)
{
	return vector == VECTOR_BREAKPOINT || vector == VECTOR_OVERFLOW ? GATE_INTERRUPT | GATE_RING_3 : GATE_INTERRUPT;
}

void interrupt_table_init(void)
{
	for (unsigned int vector = 0; vector < 256; vector++) {
		uint64_t offset = (uint64_t)vector_stubs + vector * 16;

		table[vector] = (struct gate){
		    .offset_low = (uint16_t)offset,
		    .selector = SELECTOR_CODE,
		    .ist = ist_of(vector),
		    .type = type_of(vector),
		    .offset_middle = (uint16_t)(offset >> 16),
		    .offset_high = (uint32_t)(offset >> 32),
		};
	}
}

void interrupt_table_load(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = {sizeof(table) - 1, (uint64_t)table};

	__asm__ volatile("lidt %0" : : "m"(pointer));
}

static void count_interrupt(struct core *core)
{
	hvm_store_relaxed(&core->control->interrupts, core->control->interrupts + 1);
	core_beat(core);
	if (core->thread)
		core->thread->slot->stats.interrupts++;
}

static bool handle(struct core *core, const struct hvm_regs *regs)
{
	bool of_program = privilege_is_program(regs);
	bool turn = false;

	count_interrupt(core);
	if (regs->vector == HVM_VECTOR_SPURIOUS) {
		core->control->spurious++;
		return false; /* no EOI for the APIC's own spurious vector (SDM 10.9) */
	}
	if (regs->vector == HVM_VECTOR_DOORBELL)
		core_doorbell(core);
	else if (regs->vector == HVM_VECTOR_TIMER)
		turn = timer_interrupt(core);
	else
		core->control->spurious++;
	apic_end_of_interrupt();
	if (turn)
		renew_tick(core);
	/* The kernel looks at stop_requested and its queues itself, where it holds nothing; a program does not. */
	if (!of_program || !core->thread)
		return false;
	if (core->stop_requested) {
		const struct hvm_regs *entry = core->thread->entry;

		core->thread->entry = regs;
		core_obey_stop(core);
		core->thread->entry = entry;
	}
	return sched_interrupt(core, turn) || signal_concerns(core->thread, 0);
}

void interrupt_leave(struct hvm_regs *regs)
{
	struct thread *thread = core_self()->thread;

	sched_preempt(regs);
	signal_deliver(thread, regs);
}

bool interrupt_handle(const struct hvm_regs *regs)
{
	struct core *core = core_self();
	struct thread *thread = core->thread;
	uint64_t start = cpu_tsc();
	bool gives_way = handle(core, regs);

	if (thread)
		thread->counts->interrupt_cycles += cpu_tsc() - start;
	return gives_way;
}

void exception_from_program(struct hvm_regs *regs)
{
	struct core *core = core_self();
	struct thread *thread = core->thread;
	struct hvm_regs full;
	int64_t result;

	if (regs->vector == VECTOR_DEVICE_NOT_AVAILABLE) {
		fpu_load(core);
		return;
	}
	/* No page fault of the kernel's own can have come between: CR2 is still this one's. */
	full = *regs;
	full.cr2 = cpu_read_cr2();
	full.fs_base = cpu_read_fs_base();
	thread->slot->regs = full;
	thread->entry = &full;
	thread->trap = full.vector;
	thread->trap_error = full.error | (full.vector == VECTOR_PAGE_FAULT ? FAULT_USER : 0); /* as in ring 3 */
	thread->trap_address = full.cr2;
	core_beat(core);
	if (full.vector == VECTOR_PAGE_FAULT && (int64_t)full.cr2 >= 0) {
		const uint64_t arg[HVM_SLOT_ARGS] = {full.cr2, full.error, full.rip};

		thread->slot->stats.page_faults++;
		result = thread_forward(thread, HVM_NR_PAGE_FAULT, arg); /* to be tried again, or a signal waits */
	} else {
		result = thread_exception(thread, &full);
	}
	if ((thread->lent || thread->worker) && process_resume(thread, regs))
		regs->rax = (uint64_t)result;
	signal_deliver(thread, regs);
}

void exception_fatal(const struct hvm_regs *regs)
{
	panic_exception(regs);
}
