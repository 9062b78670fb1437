/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The aerokernel image as a flat binary, and how a core enters it.
 *
 * The image begins with struct hvm_image, is linked to run at HVM_IMAGE_VA and lies at HVM_OFFSET_IMAGE in partition
 * memory. Bytes file_size .. memory_size (bss) must be zero before the first core starts.
 *
 * A starting core (INIT, SIPI) begins in real mode at HVM_TRAMPOLINE_PHYS, where the module put the image's trampoline
 * and its parameters (SDM Vol. 3, 9.4 for SIPI; 9.8.5 and 4.1.1 for the way into long mode). The trampoline switches to
 * long mode with the tables at params.cr3, and jumps to params.entry with
 *     rdi = virtual address of struct hvm_partition, rsi = core index; no stack, interrupts off.
 * Only one core may be in the trampoline at a time.
 */
#ifndef HVM_IMAGE_H
#define HVM_IMAGE_H

#include <hvm/types.h>

#define HVM_IMAGE_MAGIC 0x314547414d49564dull /* "MVIMAGE1" */

struct hvm_image {
	uint64_t magic;
	uint32_t revision;	    /* HVM_ABI_REVISION */
	uint32_t trampoline_offset; /* from the image's start */
	uint32_t trampoline_size;   /* at most HVM_TRAMPOLINE_PARAMS */
	uint32_t reserved;
	uint64_t file_size;
	uint64_t memory_size; /* file_size and bss; at most HVM_IMAGE_MAX */
	uint64_t entry;	      /* virtual address */
};
HVM_ASSERT_SIZE(struct hvm_image, 48);

/** Offset of struct hvm_trampoline in the trampoline's page. */
#define HVM_TRAMPOLINE_PARAMS 0xf00u

struct hvm_trampoline {
	uint32_t cr3; /* boot tables, below 4 GiB */
	uint32_t cr4; /* PAE, and LA57 for five levels */
	uint64_t entry;
	uint64_t partition; /* virtual address of struct hvm_partition */
	uint64_t core;	    /* index */
};
HVM_ASSERT_SIZE(struct hvm_trampoline, 32);

#endif
