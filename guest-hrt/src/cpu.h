/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions and registers of the processor that C has no words for. Names are those of the SDM. */
#ifndef HRT_CPU_H
#define HRT_CPU_H

#include <hvm/types.h>

#define MSR_APIC_BASE	   0x1b
#define MSR_PAT		   0x277
#define MSR_TSC_DEADLINE   0x6e0
#define MSR_EFER	   0xc0000080
#define MSR_STAR	   0xc0000081
#define MSR_LSTAR	   0xc0000082
#define MSR_FMASK	   0xc0000084
#define MSR_FS_BASE	   0xc0000100
#define MSR_GS_BASE	   0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX	   0xc0000103
#define MSR_X2APIC	   0x800 /* + xAPIC register offset / 16 */

#define EFER_SCE 0x001
#define EFER_LME 0x100
#define EFER_NXE 0x800

#define CR0_MP 0x00000002
#define CR0_EM 0x00000004
#define CR0_TS 0x00000008

#define CR4_DE	       0x00000008
#define CR4_PGE	       0x00000080
#define CR4_MCE	       0x00000040
#define CR4_OSFXSR     0x00000200
#define CR4_OSXMMEXCPT 0x00000400
#define CR4_LA57       0x00001000
#define CR4_FSGSBASE   0x00010000
#define CR4_OSXSAVE    0x00040000
#define CR4_SMEP       0x00100000

#define RFLAGS_TF   0x000100u
#define RFLAGS_IF   0x000200u
#define RFLAGS_DF   0x000400u
#define RFLAGS_IOPL 0x003000u
#define RFLAGS_NT   0x004000u
#define RFLAGS_RF   0x010000u
#define RFLAGS_AC   0x040000u

static inline uint64_t cpu_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline uint64_t cpu_read_msr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void cpu_write_msr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

static inline uint64_t cpu_read_cr0(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

static inline void cpu_write_cr0(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

static inline uint64_t cpu_read_cr2(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

static inline uint64_t cpu_read_cr3(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr3, %0" : "=r"(value) : : "memory");
	return value;
}

static inline void cpu_write_cr3(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static inline uint64_t cpu_read_cr4(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static inline void cpu_write_cr4(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

static inline void cpu_clear_ts(void)
{
	__asm__ volatile("clts" : : : "memory");
}

/** Without CR4.FSGSBASE the MSRs are the only way. */
extern bool cpu_has_fsgsbase;

static inline uint64_t cpu_read_fs_base(void)
{
	uint64_t base;

	if (!cpu_has_fsgsbase)
		return cpu_read_msr(MSR_FS_BASE);
	__asm__ volatile("rdfsbase %0" : "=r"(base));
	return base;
}

static inline void cpu_write_fs_base(uint64_t base)
{
	if (cpu_has_fsgsbase)
		__asm__ volatile("wrfsbase %0" : : "r"(base) : "memory");
	else
		cpu_write_msr(MSR_FS_BASE, base);
}

static inline void cpu_write_xcr0(uint64_t value)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpu_id(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
	return r;
}

/** True if the program may have @address in its memory or in a register that the processor checks (TASK_SIZE_MAX). */
static inline bool cpu_is_user_address(uint64_t address)
{
	return address < (1ull << (cpu_read_cr4() & CR4_LA57 ? 56 : 47)) - 4096;
}

static inline void cpu_interrupts_off(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void cpu_interrupts_on(void)
{
	__asm__ volatile("sti" : : : "memory");
}

/** Enable interrupts and halt; no interrupt is taken between the two (SDM, STI). Returns with interrupts off. */
static inline void cpu_halt(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

/** Open the interrupt window for an instruction. Under QEMU's TCG "sti; pause; cli" never opens it; this does. */
static inline void cpu_interrupt_window(void)
{
	__asm__ volatile("sti; nop; nop; cli" : : : "memory");
}

static inline void cpu_pause(void)
{
	__asm__ volatile("pause");
}

static inline uint64_t cpu_save_interrupts_off(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; pop %0; cli" : "=r"(flags) : : "memory");
	return flags;
}

static inline void cpu_restore_interrupts(uint64_t flags)
{
	if (flags & RFLAGS_IF)
		cpu_interrupts_on();
}

#endif
