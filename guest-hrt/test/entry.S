/* SPDX-License-Identifier: Apache-2.0 */
/* PVH entry of the stand-in (Xen's docs/misc/pvh: 32-bit, flat, paging off, ebx = start info), then 64-bit C. */
	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 4, 18			/* name size, value size, XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long entry

	.text
	.code32
	.globl entry
entry:
	cld
	movl	$stack_top, %esp
	movl	%ebx, %edi
	/* 4 GiB mapped to themselves by 2 MiB pages */
	movl	$tables + 0x1003, tables
	movl	$4, %ecx
	movl	$tables + 0x2003, %eax
	movl	$tables + 0x1000, %edx
1:	movl	%eax, (%edx)
	addl	$0x1000, %eax
	addl	$8, %edx
	loop	1b
	movl	$2048, %ecx
	movl	$0x83, %eax
	movl	$tables + 0x2000, %edx
2:	movl	%eax, (%edx)
	addl	$0x200000, %eax
	addl	$8, %edx
	loop	2b
	movl	$tables, %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$0x620, %eax		/* PAE, OSFXSR, OSXMMEXCPT */
	movl	%eax, %cr4
	movl	$0xc0000080, %ecx
	rdmsr
	orl	$0x900, %eax		/* LME, NXE */
	wrmsr
	movl	%cr0, %eax
	orl	$0x80010003, %eax	/* PG, WP, MP, PE */
	movl	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$8, $long_mode
	.code64
long_mode:
	movl	$16, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%edi, %edi
	call	standin_main
1:	hlt
	jmp	1b

	.globl wake_entry
wake_entry:
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	cld
	call	wake_handler
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
	iretq

	.data
	.balign 8
gdt:	.quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
	.word gdt_pointer - gdt - 1
	.long gdt
	.bss
	.balign 4096
	.globl tables
tables:	.skip 6 * 4096
	.skip 16384
stack_top:
