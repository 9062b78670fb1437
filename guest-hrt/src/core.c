/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"
#include "apic.h"
#include "cpu.h"
#include "fpu.h"
#include "interrupt.h"
#include "log.h"
#include "panic.h"
#include "privilege.h"
#include "ptask.h"
#include "sched.h"
#include "syscall.h"

struct hvm_partition *partition;
bool cpu_has_fsgsbase;

extern const uint8_t image_start[], image_end[];

#define CPUID_7_EBX_FSGSBASE (1u << 0)
#define CPUID_7_EBX_SMEP     (1u << 7)
#define CPUID_7_ECX_RDPID    (1u << 22)
#define CPUID_X1_EDX_RDTSCP  (1u << 27)

_Noreturn void core_switch_to_idle(uint64_t rsp, void (*function)(void));

static bool has_tsc_aux;

/* What RDTSCP and RDPID tell, and LSL where they are missing (as on Linux). */
void core_set_number(struct core *core, uint32_t number)
{
	core->number = number;
	core->gdt[SELECTOR_CPU_NODE / 8] = 0x0040f50000000000 | number;
	if (has_tsc_aux)
		cpu_write_msr(MSR_TSC_AUX, number);
}

static void gdt_load(struct core *core)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = {sizeof(core->gdt) - 1, (uint64_t)core->gdt};
	uint64_t tss = (uint64_t)&core->tss;
	uint64_t limit = sizeof(core->tss) - 1;

	core->gdt[SELECTOR_CODE / 8] = 0x00af9b000000ffff;
	core->gdt[SELECTOR_DATA / 8] = 0x00cf93000000ffff;
	core->gdt[SELECTOR_TSS / 8] = limit | (tss & 0xffffff) << 16 | 0x89ull << 40 | (tss >> 24 & 0xff) << 56;
	core->gdt[SELECTOR_TSS / 8 + 1] = tss >> 32;
	core->gdt[SELECTOR_USER_DATA / 8] = 0x00cff3000000ffff;
	core->gdt[SELECTOR_USER_CODE / 8] = 0x00affb000000ffff;
	__asm__ volatile("lgdt %0\n\t"
			 "pushq %1\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\tmovl %2, %%eax\n\t"
			 "movl %%eax, %%ds\n\t"
			 "movl %%eax, %%es\n\t"
			 "movl %%eax, %%ss\n\t"
			 "xorl %%eax, %%eax\n\t"
			 "movl %%eax, %%fs\n\t"
			 "movl %%eax, %%gs"
			 :
			 : "m"(pointer), "i"(SELECTOR_CODE), "i"(SELECTOR_DATA)
			 : "rax", "memory");
	for (unsigned int i = 1; i <= IST_COUNT; i++)
		core->tss.ist[i - 1] = (uint64_t)core->ist_stack[i];
	core->tss.io_map = sizeof(core->tss);
	__asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS));
}

static void control_registers_init(void)
{
	uint64_t cr4 = cpu_read_cr4() | CR4_DE | CR4_PGE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	cpu_has_fsgsbase = cpu_id(7, 0).ebx & CPUID_7_EBX_FSGSBASE;
	if (cpu_has_fsgsbase)
		cr4 |= CR4_FSGSBASE;
	if (privilege_is_user() && cpu_id(7, 0).ebx & CPUID_7_EBX_SMEP)
		cr4 |= CR4_SMEP;
	cpu_write_cr4(cr4);
	cpu_write_cr0((cpu_read_cr0() | CR0_MP) & ~(uint64_t)(CR0_EM | CR0_TS));
	cpu_write_msr(MSR_PAT, partition->pat);
	has_tsc_aux = cpu_id(0x80000001, 0).edx & CPUID_X1_EDX_RDTSCP || cpu_id(7, 0).ecx & CPUID_7_ECX_RDPID;
}

static void core_set_state(struct core *core, enum hvm_core_state state)
{
	hvm_store_release(&core->control->state, state);
}

void core_boot(struct hvm_partition *part, uint64_t index, uint64_t entry_tsc)
{
	struct core *core = (struct core *)((uint8_t *)part + HVM_OFFSET_HEAP + index * CORE_AREA_SIZE);
	struct hvm_core *control = (struct hvm_core *)((uint8_t *)part + HVM_OFFSET_CORES) + index;

	control->entry_tsc = entry_tsc;
	__builtin_memset(core, 0, offsetof(struct core, ist_stack)); /* stacks need no zeros, and boot is timed */
	core->self = core;
	core->control = control;
	core->index = (uint32_t)index;
	core->pauses = part->flags & HVM_FLAG_PAUSE;
	partition = part;
	part->image_end = (uint64_t)(image_end - image_start);

	control_registers_init();
	gdt_load(core);
	core_set_number(core, core->index);
	cpu_write_msr(MSR_GS_BASE, (uint64_t)core);
	cpu_write_msr(MSR_KERNEL_GS_BASE, 0);
	interrupt_table_init();
	interrupt_table_load();
	cpu_write_cr3(part->idle_top); /* the boot tables are left for the next core */
	hvm_store_release(&control->loaded, 0);
	log_recover(core->index);
	fpu_init();
	syscall_init();
	syscall_count_init();
	apic_init(part);
	control->apic_id = apic_id();
	control->interrupts = 0;
	control->spurious = 0;
	control->flush_ack = hvm_load_acquire(&control->flush);
	control->command_ack = hvm_load_acquire(&control->command);
	core->signal_seen = hvm_load_acquire(&control->signal);
	control->stop_ack = hvm_load_acquire(&control->stop_ticket);
	log_line("ready: APIC id %u, %s, %u-level paging, generation %u", control->apic_id,
		 part->flags & HVM_FLAG_X2APIC ? "x2APIC" : "xAPIC", part->flags & HVM_FLAG_LA57 ? 5 : 4,
		 part->generation);
	control->ready_tsc = cpu_tsc();
	core_idle();
}

void core_load_space(struct core *core, uint64_t space)
{
	/* One space is left before the next is said to be loaded: the module may free the tables of the first. */
	if (core->control->loaded) {
		cpu_write_cr3(partition->idle_top);
		hvm_store_release(&core->control->loaded, 0);
	}
	if (space) {
		hvm_store_relaxed(&core->control->loaded, space);
		hvm_fence_full(); /* seen before any translation is fetched: the module looks after it changed them */
		cpu_write_cr3(space);
	}
}

static bool has_command(const struct hvm_core *control)
{
	return hvm_load_acquire(&control->command) != control->command_ack;
}

static bool has_stop(const struct hvm_core *control)
{
	return hvm_load_acquire(&control->stop_ticket) != control->stop_ack;
}

static void acknowledge_stop(struct hvm_core *control)
{
	hvm_store_release(&control->stop_ack, control->stop_ticket);
}

static void take_thread(struct core *core)
{
	struct hvm_core *control = core->control;

	if ((control->command & 0xff) == HVM_COMMAND_RUN && control->group == core->group)
		sched_accept(core, control->space, control->slot, control->call_slot, control->copy, control->flags);
	hvm_store_release(&control->command_ack, control->command);
}

void core_doorbell(struct core *core)
{
	struct hvm_core *control = core->control;
	uint64_t flush = hvm_load_acquire(&control->flush);

	if (flush != control->flush_ack) {
		cpu_write_cr3(cpu_read_cr3());
		hvm_store_release(&control->flush_ack, flush);
		if (core->thread)
			core->thread->slot->stats.shootdowns++;
	}
	if (hvm_load_acquire(&control->signal) != core->signal_seen) {
		core->signal_seen = hvm_load_acquire(&control->signal);
		sched_signal(core);
	}
	/* An interrupt orders everything. */
	hvm_store_release(&core->barrier_ack, hvm_load_acquire(&core->barrier));
	if (!core->group)
		return;
	if (has_stop(control))
		core->stop_requested = true;
	if (has_command(control))
		take_thread(core);
	ptask_doorbell(core);
}

static _Noreturn void leave_group(struct core *core)
{
	sched_leave(core);
	core_load_space(core, 0);
	core->thread = NULL;
	core_switch_to_idle((uint64_t)core + CORE_AREA_SIZE, core_idle);
}

void core_obey_stop(struct core *core)
{
	struct hvm_core *control = core->control;
	uint64_t space = control->stop;
	bool running = core->thread && core->thread->space == space;

	core->stop_requested = false;
	if (space == HVM_STOP_GROUP)
		leave_group(core);
	sched_drop(core, space);
	if (control->loaded == space)
		core_load_space(core, 0);
	if (running)
		core->thread = NULL;
	acknowledge_stop(control);
	if (running)
		sched_idle(core);
}

struct hvm_slot *slot_at(uint32_t index)
{
	if (index >= HVM_MAX_SLOTS)
		panic("the module named a slot that does not exist");
	return (struct hvm_slot *)((uint8_t *)partition + HVM_OFFSET_SLOTS) + index;
}

static void command_run(struct core *core, bool join)
{
	struct hvm_core *control = core->control;
	uint64_t space = control->space, group = control->group;
	uint32_t slot = control->slot, call_slot = control->call_slot, copy = control->copy, flags = control->flags;

	core_set_number(core, control->number);
	/* Cores of one job that share a processor of the host would take turns in waiting for each other. */
	core->polls = !(partition->flags & HVM_FLAG_SHARED) || control->cores == 1;

	core_set_state(core, HVM_CORE_RUNNING);
	sched_join(core, group, flags & HVM_RUN_POOL);
	if (!join)
		sched_begin(core, space, slot, call_slot, copy, flags);
	hvm_store_release(&control->command_ack, control->command);
	sched_idle(core);
}

/* Take the posted command, if any. Interrupts are off. */
static void command_take(struct core *core)
{
	struct hvm_core *control = core->control;
	uint64_t command = hvm_load_acquire(&control->command);

	if (!has_command(control))
		return;
	hvm_store_relaxed(&control->heartbeat, control->heartbeat + 1);
	if ((command & 0xff) == HVM_COMMAND_RUN || (command & 0xff) == HVM_COMMAND_JOIN)
		command_run(core, (command & 0xff) == HVM_COMMAND_JOIN);
	hvm_store_release(&control->command_ack, command);
}

void core_idle(void)
{
	struct core *core = core_self();

	cpu_interrupts_off();
	for (;;) {
		core_set_state(core, HVM_CORE_IDLE);
		core->stop_requested = false;
		acknowledge_stop(core->control);
		command_take(core);
		cpu_halt();
	}
}
