/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From SIPI to long mode (include/hvm/image.h). Copied by the module to HVM_TRAMPOLINE_PHYS, so CS = that >> 4, IP = 0,
 * and every address here is relative to it. Long mode is entered directly from real mode: PE and PG in one write.
 */
#include "offsets.h"

#define PARAM(field) (TRAMPOLINE_PARAMS + (field))
#define HERE(label) ((label) - trampoline_start)

	.section .trampoline, "ax"
	.globl trampoline_start, trampoline_end
	.code16
trampoline_start:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	HERE(gdt_pointer)
	movl	PARAM(TRAMPOLINE_CR4), %eax
	movl	%eax, %cr4
	movl	PARAM(TRAMPOLINE_CR3), %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx		/* IA32_EFER */
	rdmsr
	orl	$0x900, %eax			/* LME, NXE */
	wrmsr
	movl	$0x80010033, %eax		/* PG WP NE ET MP PE; CD and NW of INIT are cleared */
	movl	%eax, %cr0
	ljmpl	$8, $(TRAMPOLINE_PHYS + HERE(long_mode))

	.code64
long_mode:
	movl	$16, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$(TRAMPOLINE_PHYS + TRAMPOLINE_PARAMS), %ebx
	movq	TRAMPOLINE_PARTITION(%rbx), %rdi
	movq	TRAMPOLINE_CORE(%rbx), %rsi
	jmp	*TRAMPOLINE_ENTRY(%rbx)

	.balign 8
gdt:
	.quad 0
	.quad 0x00af9b000000ffff		/* 64-bit code */
	.quad 0x00cf93000000ffff		/* data */
gdt_pointer:
	.word gdt_pointer - gdt - 1
	.long TRAMPOLINE_PHYS + HERE(gdt)
trampoline_end:
