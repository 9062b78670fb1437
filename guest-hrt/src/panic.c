/* SPDX-License-Identifier: Apache-2.0 */
#include "panic.h"
#include "apic.h"
#include "core.h"
#include "cpu.h"
#include "log.h"
#include "thread.h"

extern const uint8_t image_start[], image_end[];

static const char *const exception_names[32] = {
    "divide error",
    "debug",
    "NMI",
    "breakpoint",
    "overflow",
    "bound range",
    "invalid opcode",
    "device not available",
    "double fault",
    "coprocessor",
    "invalid TSS",
    "segment not present",
    "stack-segment fault",
    "general protection",
    "page fault",
    "vector 15",
    "x87 error",
    "alignment check",
    "machine check",
    "SIMD error",
    "virtualization",
    "control protection",
};

/* A frame lies in this core's stacks, which the direct map shows; anything else ends the walk. */
static bool frame_readable(uint64_t frame)
{
	uint64_t low = (uint64_t)partition + HVM_OFFSET_HEAP;
	uint64_t high = low + (uint64_t)partition->core_count * CORE_AREA_SIZE;

	return frame % 8 == 0 && frame >= low && frame + 16 <= high;
}

static struct hvm_last_words *last_words(const struct core *core)
{
	return (struct hvm_last_words *)((uint8_t *)partition + HVM_OFFSET_LAST) + core->index;
}

static void keep(const struct core *core, const struct hvm_regs *r)
{
	struct hvm_last_words *last = last_words(core);
	const struct thread *thread = core->thread;

	__builtin_memset(last, 0, sizeof(*last));
	last->generation = partition->generation;
	last->thread = thread ? thread->slot->index + 1 : 0;
	last->space = core->control->loaded;
	last->cr3 = cpu_read_cr3();
	last->regs = *r;
	last->regs.cr2 = cpu_read_cr2();
	last->regs.fs_base = cpu_read_fs_base();
	if (thread && thread->entry) {
		last->entry_rip = thread->entry->rip;
		last->entry_rbp = thread->entry->rbp;
	}
}

static void backtrace(uint64_t frame)
{
	uint64_t *trace = last_words(core_self())->trace;

	for (unsigned int i = 0; i < HVM_TRACE_MAX && frame_readable(frame); i++) {
		const uint64_t *f = (const uint64_t *)frame;

		if (!f[1])
			break;
		trace[i] = f[1];
		log_line("  %d  0x%lx", i, f[1]);
		if (f[0] <= frame)
			break;
		frame = f[0];
	}
}

static _Noreturn void stop(void)
{
	struct core *core = core_self();
	uint64_t none = 0;

	__atomic_compare_exchange_n(&partition->panic_core, &none, 1 + core->index, false, __ATOMIC_RELEASE,
				    __ATOMIC_RELAXED);
	/* Out of the process's page tables: Linux may free them now. */
	core_load_space(core, 0);
	hvm_store_release(&core->control->state, HVM_CORE_PANIC);
	apic_send(partition->wake_apic, (uint8_t)partition->wake_vector);
	for (;;)
		__asm__ volatile("cli; hlt");
}

void panic(const char *reason)
{
	const struct hvm_regs here = {.rip = (uint64_t)__builtin_return_address(0),
				      .rbp = (uint64_t)__builtin_frame_address(0),
				      .rsp = (uint64_t)__builtin_frame_address(0)};

	cpu_interrupts_off();
	keep(core_self(), &here);
	log_line("panic: %s", reason);
	backtrace((uint64_t)__builtin_frame_address(0));
	stop();
}

void panic_exception(const struct hvm_regs *r)
{
	const char *name = r->vector < 32 ? exception_names[r->vector] : NULL;

	cpu_interrupts_off();
	keep(core_self(), r);
	log_line("panic: %s (vector %lu, error 0x%lx) at 0x%lx, address 0x%lx", name ? name : "exception", r->vector,
		 r->error, r->rip, cpu_read_cr2());
	log_line("  rax %016lx rbx %016lx rcx %016lx rdx %016lx", r->rax, r->rbx, r->rcx, r->rdx);
	log_line("  rsi %016lx rdi %016lx rbp %016lx rsp %016lx", r->rsi, r->rdi, r->rbp, r->rsp);
	log_line("  r8  %016lx r9  %016lx r10 %016lx r11 %016lx", r->r8, r->r9, r->r10, r->r11);
	log_line("  r12 %016lx r13 %016lx r14 %016lx r15 %016lx", r->r12, r->r13, r->r14, r->r15);
	log_line("  rflags %lx cr3 %lx loaded %lx image 0x%lx..0x%lx", r->rflags, cpu_read_cr3(),
		 core_self()->control->loaded, (uint64_t)image_start, (uint64_t)image_end);
	backtrace(r->rbp);
	stop();
}
