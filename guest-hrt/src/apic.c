/* SPDX-License-Identifier: Apache-2.0 */
#include "apic.h"
#include "core.h"
#include "cpu.h"

#define APIC_ID			 0x020
#define APIC_TPR		 0x080
#define APIC_EOI		 0x0b0
#define APIC_SPURIOUS		 0x0f0
#define APIC_ICR_LOW		 0x300
#define APIC_ICR_HIGH		 0x310
#define APIC_LVT_TIMER		 0x320
#define APIC_LVT_LINT0		 0x350
#define APIC_LVT_LINT1		 0x360
#define APIC_LVT_ERROR		 0x370
#define APIC_TIMER_INITIAL	 0x380
#define APIC_TIMER_CURRENT	 0x390
#define APIC_TIMER_DIVIDE	 0x3e0
#define APIC_DIVIDE_BY_1	 0xbu
#define CPUID_1_ECX_TSC_DEADLINE (1u << 24)
#define APIC_TIMER_TSC_DEADLINE	 0x40000u
#define APIC_LVT_MASKED		 0x10000u
#define APIC_ENABLED		 0x100u
#define ICR_PENDING		 0x1000u

#define APIC_BASE_X2	  0x400u
#define APIC_BASE_ENABLED 0x800u

static bool x2apic;
static bool tsc_deadline; /* the timer takes a TSC value, and needs no count */
static volatile uint32_t *registers;

static uint32_t apic_read(uint32_t offset)
{
	if (x2apic)
		return (uint32_t)cpu_read_msr(MSR_X2APIC + offset / 16);
	return registers[offset / 4];
}

static void apic_write(uint32_t offset, uint32_t value)
{
	if (x2apic)
		cpu_write_msr(MSR_X2APIC + offset / 16, value);
	else
		registers[offset / 4] = value;
}

void apic_init(const struct hvm_partition *part)
{
	uint64_t base = cpu_read_msr(MSR_APIC_BASE);

	x2apic = (part->flags & HVM_FLAG_X2APIC) != 0;
	tsc_deadline = cpu_id(1, 0).ecx & CPUID_1_ECX_TSC_DEADLINE;
	registers = (volatile uint32_t *)(HVM_DIRECT_VA + part->apic_phys);
	/* A core that Linux never started is still in the firmware's xAPIC mode; the way to x2APIC is allowed from
	 * there. */
	if (x2apic && !(base & APIC_BASE_X2))
		cpu_write_msr(MSR_APIC_BASE, base | APIC_BASE_ENABLED | APIC_BASE_X2);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
	apic_write(APIC_LVT_LINT1, APIC_LVT_MASKED);
	apic_write(APIC_LVT_ERROR, APIC_LVT_MASKED);
	apic_write(APIC_SPURIOUS, APIC_ENABLED | HVM_VECTOR_SPURIOUS);
}

uint32_t apic_id(void)
{
	uint32_t id = apic_read(APIC_ID);

	return x2apic ? id : id >> 24;
}

void apic_end_of_interrupt(void)
{
	apic_write(APIC_EOI, 0);
}

void apic_send(uint32_t id, uint8_t vector)
{
	uint64_t flags;

	if (x2apic) {
		/* WRMSR to the ICR is not serialising (SDM 10.12.3): earlier stores must be visible to the woken CPU.
		 */
		__asm__ volatile("mfence; lfence" : : : "memory");
		cpu_write_msr(MSR_X2APIC + APIC_ICR_LOW / 16, (uint64_t)id << 32 | vector);
		return;
	}
	flags = cpu_save_interrupts_off();
	while (apic_read(APIC_ICR_LOW) & ICR_PENDING)
		cpu_pause();
	apic_write(APIC_ICR_HIGH, id << 24);
	apic_write(APIC_ICR_LOW, vector);
	cpu_restore_interrupts(flags);
}

/* Counts of the timer in a millisecond. Its clock is told nowhere, so it is held against the TSC once, when first
 * needed. */
static uint32_t timer_rate(void)
{
	static uint32_t rate;
	uint64_t cycles = partition->tsc_khz / 8, start;
	uint32_t counted;

	if (rate)
		return rate;
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
	start = cpu_tsc();
	apic_write(APIC_TIMER_INITIAL, 0xffffffffu);
	while (cpu_tsc() - start < cycles)
		;
	counted = 0xffffffffu - apic_read(APIC_TIMER_CURRENT);
	rate = counted ? 8 * counted : 1;
	return rate;
}

/* Rather too late than too early, which would cost a second interrupt. */
static uint32_t timer_count(uint64_t cycles)
{
	uint64_t rate = timer_rate(), khz = partition->tsc_khz ? partition->tsc_khz : 1;

	if (cycles / khz >= 0xffffffffu / rate)
		return 0xffffffffu - 1;
	return (uint32_t)(cycles / khz * rate + cycles % khz * rate / khz + 1);
}

void apic_timer_start(uint64_t deadline)
{
	uint64_t now;
	uint32_t count;

	if (tsc_deadline) {
		apic_write(APIC_LVT_TIMER, APIC_TIMER_TSC_DEADLINE | HVM_VECTOR_TIMER);
		__asm__ volatile("mfence" : : : "memory"); /* the mode before the time (SDM 10.5.4.1) */
		cpu_write_msr(MSR_TSC_DEADLINE, deadline);
		return;
	}
	now = cpu_tsc();
	count = timer_count(deadline > now ? deadline - now : 0); /* the first time it uses the timer itself */
	apic_write(APIC_LVT_TIMER, HVM_VECTOR_TIMER);
	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_TIMER_INITIAL, count);
}

void apic_timer_stop(void)
{
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED); /* disarms a TSC deadline, too */
	if (!tsc_deadline)
		apic_write(APIC_TIMER_INITIAL, 0);
}
