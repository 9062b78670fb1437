// SPDX-License-Identifier: GPL-2.0-only
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <asm/apic.h>
#include <asm/hw_irq.h>
#include <asm/irqdomain.h>

#include "hvm.h"

/*
 * The interrupt by which an HRT core wakes Linux. The vector comes from the kernel's own vector domain, so the stock
 * kernel dispatches it; the HRT core writes it into its ICR with the *physical* id of the target CPU. Interrupts
 * coalesce: the pending map says who is meant.
 */
static int irq = -1;

static irqreturn_t wake(int number, void *data)
{
	for (unsigned int i = 0; i < hvm_part_count; i++) {
		struct hvm_part *part = hvm_parts[i];

		for (unsigned int word = 0; word < HVM_MAX_SLOTS / 64; word++) {
			u64 bits = READ_ONCE(part->pending[word]) ? xchg(&part->pending[word], 0) : 0;

			for (; bits; bits &= bits - 1)
				hvm_job_wake_slot(part, word * 64 + __ffs64(bits));
		}
		if (unlikely(READ_ONCE(part->head->panic_core)))
			schedule_work(&part->failure);
	}
	return IRQ_HANDLED;
}

int hvm_wake_init(void)
{
	struct irq_alloc_info info = {};
	int err;

	if (!x86_vector_domain)
		return -ENODEV;
	irq = __irq_domain_alloc_irqs(x86_vector_domain, -1, 1, NUMA_NO_NODE, &info, false, NULL);
	if (irq < 0)
		return irq;
	irq_set_handler(irq, handle_edge_irq);
	irq_set_status_flags(irq, IRQ_NO_BALANCING);
	err = request_irq(irq, wake, 0, "hvm", &irq);
	if (err) {
		irq_dispose_mapping(irq);
		irq = -1;
	}
	return err;
}

void hvm_wake_exit(void)
{
	free_irq(irq, &irq);
	irq_dispose_mapping(irq);
}

void hvm_wake_describe(struct hvm_partition *head)
{
	struct irq_data *data = irq_get_irq_data(irq);
	unsigned int cpu = cpumask_first(irq_data_get_effective_affinity_mask(data));

	if (cpu >= nr_cpu_ids)
		cpu = 0;
	head->wake_vector = irqd_cfg(data)->vector;
	head->wake_apic = hvm_cpu_apic_id(cpu);
}
