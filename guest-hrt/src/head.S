/* SPDX-License-Identifier: Apache-2.0 */
/* The image header, and the first instructions of a core in the image. */
#include "offsets.h"

	.section .header, "a"
	.quad 0x314547414d49564d		/* HVM_IMAGE_MAGIC */
	.long ABI_REVISION
	.long image_trampoline_offset
	.long image_trampoline_size
	.long 0
	.quad image_file_size
	.quad image_memory_size
	.quad core_entry

	.text
	.globl core_entry
/* rdi = struct hvm_partition, rsi = core index; boot tables loaded, no stack. */
core_entry:
	rdtsc
	shl	$32, %rdx
	or	%rax, %rdx			/* third argument: TSC of the first instruction here */
	lea	1(%rsi), %rax			/* stack: the end of this core's area */
	imul	$CORE_AREA_SIZE, %rax, %rax
	lea	CORE_AREA_OFFSET(%rdi,%rax), %rsp
	xor	%ebp, %ebp
	push	$0				/* ends a backtrace */
	push	$0
	call	core_boot
	ud2
