/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC, in xAPIC or x2APIC mode as Linux runs it (SDM Vol. 3, chapter 10). */
#ifndef HRT_APIC_H
#define HRT_APIC_H

#include <hvm/partition.h>

/** Software-enable this core's APIC with every local source masked. */
void apic_init(const struct hvm_partition *part);

/** Physical id of this core. */
uint32_t apic_id(void);

/** End of interrupt. */
void apic_end_of_interrupt(void);

/** Send a fixed interrupt to the CPU with physical id @id. */
void apic_send(uint32_t id, uint8_t vector);

/** Interrupt this core once by HVM_VECTOR_TIMER, at the TSC @deadline, or some seconds from now if that is earlier. */
void apic_timer_start(uint64_t deadline);

/** Not any more. */
void apic_timer_stop(void);

#endif
