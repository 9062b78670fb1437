/* SPDX-License-Identifier: Apache-2.0 */
#include "fpu.h"
#include "core.h"
#include "cpu.h"

#define CPUID_1_ECX_XSAVE (1u << 26)

/*
 * State components that programs get without asking: x87, SSE, AVX, AVX-512. Not MPX and PKRU (CR4.PKE is off), and not
 * AMX, which Linux grants on request only (arch_prctl ARCH_REQ_XCOMP_PERM).
 */
#define XCR0_PROGRAMS 0xe7u

#define STREAK	 4  /* turns with vectors until they are loaded at the start of a turn */
#define PRELOADS 16 /* such turns, until it is seen whether they are still used */

#define MXCSR_INITIAL 0x1f80u
#define MXCSR_FLAGS   0x3fu /* of exceptions that happened */
#define FCW_INITIAL   0x37fu

/* The legacy region and header of an XSAVE area whose XSTATE_BV is 0: XRSTOR puts everything in its initial state. */
static struct {
	uint16_t fcw, fsw, ftw, fop;
	uint64_t fip, fdp;
	uint32_t mxcsr, mxcsr_mask;
	uint8_t registers[512 - 32];
	uint64_t header[8];
} initial __attribute__((aligned(64))) = {.fcw = FCW_INITIAL, .mxcsr = MXCSR_INITIAL};
_Static_assert(sizeof(initial) == 576, "not the XSAVE layout (SDM Vol. 1, 13.4)");

/* Positions in a state (SDM Vol. 1, 10.5.1), and the mask of a processor that tells none (11.6.6). */
#define AT_MXCSR	   24u
#define AT_MXCSR_MASK	   28u
#define MXCSR_MASK_DEFAULT 0xffbfu

static uint32_t xcr0;
static uint32_t state_size = FPU_LEGACY_SIZE;
static uint32_t mxcsr_mask; /* bits that MXCSR has on this processor */

/* The registers are the running thread's, whatever they hold. */
static void own(struct core *core)
{
	if (core->fpu_live)
		return;
	cpu_clear_ts();
	core->fpu_live = true;
}

static void disown(struct core *core)
{
	core->fpu_live = false;
	cpu_write_cr0(cpu_read_cr0() | CR0_TS);
}

static void find_mxcsr_mask(void)
{
	uint8_t state[FPU_LEGACY_SIZE] __attribute__((aligned(16)));
	uint32_t mask;

	__asm__ volatile("fxsave64 %0" : "=m"(state));
	mask = *(const uint32_t *)(state + AT_MXCSR_MASK);
	mxcsr_mask = mask ? mask : MXCSR_MASK_DEFAULT;
}

void fpu_init(void)
{
	if (cpu_id(1, 0).ecx & CPUID_1_ECX_XSAVE) {
		cpu_write_cr4(cpu_read_cr4() | CR4_OSXSAVE);
		xcr0 = cpu_id(0xd, 0).eax & XCR0_PROGRAMS;
		cpu_write_xcr0(xcr0);
		state_size = cpu_id(0xd, 0).ebx; /* for what XCR0 enables */
	}
	find_mxcsr_mask();
	disown(core_self());
}

void fpu_load(struct core *core)
{
	struct thread *thread = core->thread;

	if (core->fpu_live)
		return;
	if (thread->fpu_used) {
		fpu_restore(thread->fpu);
	} else {
		fpu_reset();
		fpu_set_control(thread->fpu_control);
	}
	if (thread->fpu_streak < 255)
		thread->fpu_streak++;
}

void fpu_begin_turn(struct core *core, struct thread *thread)
{
	if (thread->fpu_used && thread->fpu_streak >= STREAK)
		fpu_restore(thread->fpu);
	else if (core->fpu_live)
		disown(core);
}

void fpu_end_turn(struct core *core, struct thread *thread)
{
	if (!core->fpu_live) {
		thread->fpu_streak = 0;
		return;
	}
	fpu_save(thread->fpu);
	thread->fpu_used = true;
	/* Whether it still uses it is seen only when it must ask: after some turns, it must. */
	if (thread->fpu_streak >= STREAK && ++thread->fpu_streak > STREAK + PRELOADS)
		thread->fpu_streak = STREAK - 1;
}

void fpu_reset(void)
{
	own(core_self());
	__asm__ volatile("fninit");
	if (xcr0)
		__asm__ volatile("xrstor64 %0" : : "m"(initial), "a"(xcr0), "d"(0));
	else
		__asm__ volatile("fxrstor64 %0" : : "m"(initial));
}

const struct fpu_control fpu_initial = {.mxcsr = MXCSR_INITIAL, .fcw = FCW_INITIAL};

struct fpu_control fpu_control(void)
{
	struct fpu_control control;

	fpu_load(core_self());
	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(control.mxcsr), "=m"(control.fcw));
	control.mxcsr &= ~MXCSR_FLAGS;
	return control;
}

void fpu_set_control(struct fpu_control control)
{
	own(core_self());
	__asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(control.mxcsr), "m"(control.fcw));
}

void fpu_save(uint8_t *state)
{
	fpu_load(core_self());
	if (xcr0)
		__asm__ volatile("xsave64 %0" : "=m"(*state) : "a"(xcr0), "d"(0) : "memory");
	else
		__asm__ volatile("fxsave64 %0" : "=m"(*state) : : "memory");
}

void fpu_restore(const uint8_t *state)
{
	own(core_self());
	if (xcr0)
		__asm__ volatile("xrstor64 %0" : : "m"(*state), "a"(xcr0), "d"(0) : "memory");
	else
		__asm__ volatile("fxrstor64 %0" : : "m"(*state) : "memory");
}

uint64_t fpu_exceptions(bool x87)
{
	uint32_t mxcsr = 0;
	uint16_t control, status;

	fpu_load(core_self());
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	__asm__ volatile("fnstcw %0" : "=m"(control));
	__asm__ volatile("fnstsw %0" : "=m"(status));
	return (x87 ? status & ~control : mxcsr & ~(mxcsr >> 7)) & 0x3f;
}

struct description {
	uint32_t magic;
	uint32_t extended_size; /* of all, with the magic behind */
	uint64_t features;
	uint32_t size;
	uint32_t padding[7];
};

/* Where in a state (SDM Vol. 1, 13.4.2). */
#define AT_DESCRIPTION 464u
_Static_assert(AT_DESCRIPTION + sizeof(struct description) == FPU_LEGACY_SIZE, "not _fpx_sw_bytes");

#define MAGIC		0x46505853u
#define FEATURES_LEGACY 3u /* x87, SSE */

uint32_t fpu_size(void)
{
	return state_size;
}

void fpu_describe(uint8_t *state)
{
	*(struct description *)(state + AT_DESCRIPTION) = (struct description){
	    .magic = xcr0 ? MAGIC : 0,
	    .extended_size = state_size + sizeof(uint32_t),
	    .features = xcr0,
	    .size = state_size,
	};
}

bool fpu_is_described(const uint8_t *state)
{
	const struct description *told = (const struct description *)(state + AT_DESCRIPTION);

	return xcr0 && told->magic == MAGIC && told->size == state_size;
}

void fpu_make_safe(uint8_t *state, uint64_t size)
{
	uint64_t *header = (uint64_t *)(state + FPU_LEGACY_SIZE);
	uint64_t present = size > FPU_LEGACY_SIZE ? header[0] & xcr0 : FEATURES_LEGACY;

	*(uint32_t *)(state + AT_MXCSR) &= mxcsr_mask; /* XRSTOR faults for others, whatever mask the program wrote */
	__builtin_memset(header, 0, FPU_HEADER_END - FPU_LEGACY_SIZE);
	header[0] = present;
}
