/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program of ring 3 may not do. It has called vfork, so each answer may name the registers with which it goes on
 * (HVM_RESUME_CHILD), as a program could write them to its slot: always the kernel's segments and flags.
 */
#include "standin.h"

#include <hvm/gate.h>

#define EVIL_FLAGS 0x7202 /* NT, IOPL 3, IF */
#define USER_CODE  0x33
#define IOPL_NT	   0x7000

#define GENERAL_PROTECTION 13
#define PAGE_FAULT	   14

struct attempt {
	const char *what;
	uint64_t rip;
	uint64_t vector;
};

/* No stack, no prologue: the registers are anything. */
#define ATTEMPT(name, code)                                                                                            \
	void name(void);                                                                                               \
	__asm__(".pushsection .text\n" #name ":\n\t" code "\n\tud2\n.popsection")

ATTEMPT(try_cli, "cli");
ATTEMPT(try_hlt, "hlt");
ATTEMPT(try_in, "inb $0x60, %al");
ATTEMPT(try_out, "outb %al, $0xf4");
ATTEMPT(try_wrmsr, "mov $0xc0000082, %ecx; wrmsr"); /* LSTAR */
ATTEMPT(try_rdmsr, "mov $0xc0000082, %ecx; rdmsr");
ATTEMPT(try_cr3, "mov %rax, %cr3");
ATTEMPT(try_cr0, "mov %cr0, %rax");
ATTEMPT(try_clts, "clts");
ATTEMPT(try_lgdt, "lgdt -16(%rsp)");
ATTEMPT(try_lidt, "lidt -16(%rsp)");
ATTEMPT(try_ltr, "mov $0x18, %eax; ltr %ax");
ATTEMPT(try_swapgs, "swapgs");
ATTEMPT(try_sysret, "sysretq");
ATTEMPT(try_int_doorbell, "int $0xf0");
ATTEMPT(try_int_page_fault, "int $14");
ATTEMPT(try_code_selector, "push $0x08; lea 1f(%rip), %rax; push %rax; lretq; 1:");
ATTEMPT(try_data_selector, "mov $0x10, %eax; mov %eax, %ss");
ATTEMPT(try_xsetbv, "xor %ecx, %ecx; mov $7, %eax; xor %edx, %edx; xsetbv");
ATTEMPT(try_read_direct, "movabs $0xffff800010000000, %rax; mov (%rax), %rax");
ATTEMPT(try_write_image, "mov $0xffffffff80000000, %rax; mov %rax, (%rax)");
ATTEMPT(try_noncanonical, "movabs $0x0000800000000000, %rax; mov (%rax), %rax");
/* The kernel's GS base in GS, and then into the kernel by each of its ways. */
ATTEMPT(try_gs_base, "movabs $0xffff800010904000, %rax; wrgsbase %rax; mov %gs:0, %rax");

static const struct attempt attempts[] = {
    {"cli", (uint64_t)try_cli, GENERAL_PROTECTION},
    {"hlt", (uint64_t)try_hlt, GENERAL_PROTECTION},
    {"in", (uint64_t)try_in, GENERAL_PROTECTION},
    {"out", (uint64_t)try_out, GENERAL_PROTECTION},
    {"wrmsr", (uint64_t)try_wrmsr, GENERAL_PROTECTION},
    {"rdmsr", (uint64_t)try_rdmsr, GENERAL_PROTECTION},
    {"mov to cr3", (uint64_t)try_cr3, GENERAL_PROTECTION},
    {"mov from cr0", (uint64_t)try_cr0, GENERAL_PROTECTION},
    {"clts", (uint64_t)try_clts, GENERAL_PROTECTION},
    {"lgdt", (uint64_t)try_lgdt, GENERAL_PROTECTION},
    {"lidt", (uint64_t)try_lidt, GENERAL_PROTECTION},
    {"ltr", (uint64_t)try_ltr, GENERAL_PROTECTION},
    {"swapgs", (uint64_t)try_swapgs, GENERAL_PROTECTION},
    {"sysret", (uint64_t)try_sysret, GENERAL_PROTECTION},
    {"int of the doorbell", (uint64_t)try_int_doorbell, GENERAL_PROTECTION},
    {"int of the page fault", (uint64_t)try_int_page_fault, GENERAL_PROTECTION},
    {"the kernel's code segment", (uint64_t)try_code_selector, GENERAL_PROTECTION},
    {"the kernel's data segment", (uint64_t)try_data_selector, GENERAL_PROTECTION},
    {"xsetbv", (uint64_t)try_xsetbv, GENERAL_PROTECTION},
    {"a load from partition memory", (uint64_t)try_read_direct, PAGE_FAULT},
    {"a store to the image", (uint64_t)try_write_image, PAGE_FAULT},
    {"an address between the halves", (uint64_t)try_noncanonical, GENERAL_PROTECTION},
    {"the kernel's GS base", (uint64_t)try_gs_base, PAGE_FAULT},
    {"a jump to the gate", HVM_GATE_VA, PAGE_FAULT},
    {"a jump between the halves", 0x0000800000000000, GENERAL_PROTECTION},
};

/* Go on at @rip with registers that only a kernel may have. */
static struct hvm_request go_on(struct hvm_slot *slot, const struct hvm_request *request, uint64_t *served,
				uint64_t rip)
{
	slot->regs.rip = rip;
	slot->regs.rcx = rip;
	slot->regs.rflags = EVIL_FLAGS;
	slot->regs.r11 = EVIL_FLAGS;
	slot->regs.cs = 0x08;
	slot->regs.ss = 0x10;
	slot->resume = HVM_RESUME_CHILD;
	answer(request, 0);
	return next_request(served);
}

/* What the flags are, told by a system call. */
ATTEMPT(tell_flags, "pushfq; pop %rdi; mov $505, %eax; syscall");

static bool is_exception(const struct hvm_slot *slot, const struct hvm_request *request, uint64_t vector)
{
	return request->nr == HVM_NR_EXCEPTION && request->arg[0] == vector && slot->regs.cs == USER_CODE;
}

void privilege_attempts(struct hvm_slot *slot, const struct hvm_request *vfork, uint64_t *served)
{
	const struct hvm_regs before = slot->regs;
	struct hvm_request request = go_on(slot, vfork, served, (uint64_t)tell_flags);

	check("ring 3 has no flag of the kernel", request.nr == 505 && !(request.arg[0] & IOPL_NT));
	for (unsigned int i = 0; i < sizeof(attempts) / sizeof(*attempts); i++) {
		request = go_on(slot, &request, served, attempts[i].rip);
		check(attempts[i].what, is_exception(slot, &request, attempts[i].vector));
	}
	slot->regs = before;
	slot->resume = HVM_RESUME_PARENT;
	answer(&request, 0);
}
