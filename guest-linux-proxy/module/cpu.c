// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <asm/apic.h>
#include <asm/processor.h>
#include <asm/smp.h>
#include <asm/tsc.h>

#include "hvm.h"

/* CPUs that belong to an HRT partition: Linux must not start them. */
static struct cpumask owned;
static int hotplug_state;

static int refuse_owned(unsigned int cpu)
{
	if (!cpumask_test_cpu(cpu, &owned))
		return 0;
	pr_warn("hvm: CPU %u is an HRT core and stays offline\n", cpu);
	return -EBUSY;
}

unsigned int hvm_patience = 1;

/* By QEMU's TCG. */
bool hvm_cpu_is_interpreted(void)
{
	return boot_cpu_has(X86_FEATURE_HYPERVISOR) && hypervisor_cpuid_base("TCGTCGTCGTCG", 0);
}

int hvm_cpu_init(void)
{
	int state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "hvm:owned", refuse_owned, NULL);

	if (state < 0)
		return state;
	hotplug_state = state;
	if (hvm_cpu_is_interpreted())
		hvm_patience = 4;
	return 0;
}

void hvm_cpu_exit(void)
{
	cpuhp_remove_state_nocalls(hotplug_state);
}

int hvm_cpu_take(unsigned int cpu)
{
	int err = 0;

	if (cpu == 0 || cpu >= nr_cpu_ids || !cpu_present(cpu)) {
		pr_err("hvm: CPU %u cannot be an HRT core: present are %*pbl, and 0 is Linux's own\n", cpu,
		       cpumask_pr_args(cpu_present_mask));
		return -EINVAL;
	}
	if (cpu_online(cpu))
		err = remove_cpu(cpu);
	if (err) {
		pr_err("hvm: CPU %u does not go offline: error %d\n", cpu, err);
		return err;
	}
	cpumask_set_cpu(cpu, &owned);
	return 0;
}

int hvm_cpu_return(unsigned int cpu)
{
	if (!cpumask_test_and_clear_cpu(cpu, &owned))
		return 0;
	return add_cpu(cpu);
}

u32 hvm_cpu_apic_id(unsigned int cpu)
{
	return per_cpu(x86_cpu_to_apicid, cpu);
}

/* The ICR takes physical ids here: no destination mode bit is set. */
static void send(u32 apic_id, u32 command)
{
	unsigned long flags;

	local_irq_save(flags);
	apic->safe_wait_icr_idle();
	apic->icr_write(command, apic_id);
	local_irq_restore(flags);
}

/* SDM Vol. 3, 9.4.4.1: INIT, INIT de-assert. The core forgets what it did and waits for SIPI. */
void hvm_cpu_send_init(u32 apic_id)
{
	send(apic_id, APIC_INT_LEVELTRIG | APIC_INT_ASSERT | APIC_DM_INIT);
	udelay(10);
	send(apic_id, APIC_INT_LEVELTRIG | APIC_DM_INIT);
}

void hvm_cpu_send_startup(u32 apic_id, phys_addr_t page)
{
	send(apic_id, APIC_DM_STARTUP | (u32)(page >> PAGE_SHIFT));
}

void hvm_cpu_send_nmi(u32 apic_id)
{
	send(apic_id, APIC_DM_NMI);
}

void hvm_cpu_doorbell(u32 apic_id)
{
	/* WRMSR to an x2APIC's ICR does not order earlier stores. */
	mb();
	send(apic_id, APIC_DM_FIXED | HVM_VECTOR_DOORBELL);
}

u64 hvm_ns_since(u64 tsc)
{
	return mul_u64_u32_div(rdtsc_ordered() - tsc, 1000000, tsc_khz);
}
