/* SPDX-License-Identifier: Apache-2.0 */
#include "fpu.h"
#include "cpu.h"

#define CPUID_1_ECX_XSAVE (1u << 26)

/*
 * State components that programs get without asking: x87, SSE, AVX, AVX-512. Not MPX and PKRU (CR4.PKE is off), and not
 * AMX, which Linux grants on request only (arch_prctl ARCH_REQ_XCOMP_PERM).
 */
#define XCR0_PROGRAMS 0xe7u

#define MXCSR_INITIAL 0x1f80u

/* The legacy region and header of an XSAVE area whose XSTATE_BV is 0: XRSTOR puts everything in its initial state. */
static struct {
	uint16_t fcw, fsw, ftw, fop;
	uint64_t fip, fdp;
	uint32_t mxcsr, mxcsr_mask;
	uint8_t registers[512 - 32];
	uint64_t header[8];
} initial __attribute__((aligned(64))) = {.fcw = 0x37f, .mxcsr = MXCSR_INITIAL};
_Static_assert(sizeof(initial) == 576, "not the XSAVE layout (SDM Vol. 1, 13.4)");

static uint32_t xcr0;

void fpu_init(void)
{
	if (cpu_id(1, 0).ecx & CPUID_1_ECX_XSAVE) {
		cpu_write_cr4(cpu_read_cr4() | CR4_OSXSAVE);
		xcr0 = cpu_id(0xd, 0).eax & XCR0_PROGRAMS;
		cpu_write_xcr0(xcr0);
	}
}

void fpu_reset(void)
{
	__asm__ volatile("fninit");
	if (xcr0)
		__asm__ volatile("xrstor64 %0" : : "m"(initial), "a"(xcr0), "d"(0));
	else
		__asm__ volatile("fxrstor64 %0" : : "m"(initial));
}

void fpu_save(uint8_t *state)
{
	if (xcr0)
		__asm__ volatile("xsave64 %0" : "=m"(*state) : "a"(xcr0), "d"(0) : "memory");
	else
		__asm__ volatile("fxsave64 %0" : "=m"(*state) : : "memory");
}

void fpu_restore(const uint8_t *state)
{
	if (xcr0)
		__asm__ volatile("xrstor64 %0" : : "m"(*state), "a"(xcr0), "d"(0) : "memory");
	else
		__asm__ volatile("fxrstor64 %0" : : "m"(*state) : "memory");
}
