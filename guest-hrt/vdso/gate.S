/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The aerokernel's entry points, called as C functions (vdso.h). A fault or a signal that comes between two of these
 * instructions finds the program as it is: the return address is either on the stack or in rcx.
 */
#include <hvm/gate.h>

.macro GATE name, number
	.balign	16
	.globl	\name
	.type	\name, @function
\name:
	.cfi_startproc
	mov	$\number, %eax
	pop	%rcx
	.cfi_adjust_cfa_offset -8
	.cfi_register %rip, %rcx
	mov	$HVM_GATE_VA, %r11
	cli
	jmp	*%r11
	.cfi_endproc
	.size	\name, . - \name
.endm

	.text
	GATE	__hrt_wait, HVM_GATE_WAIT
	GATE	__hrt_wake, HVM_GATE_WAKE
	GATE	__hrt_yield, HVM_GATE_YIELD
	GATE	__hrt_self, HVM_GATE_SELF
	GATE	interrupt, HVM_GATE_INTERRUPT

	.balign	16
	.globl	__hrt_interrupt
	.type	__hrt_interrupt, @function
__hrt_interrupt:
	.cfi_startproc
	lea	interrupt_return(%rip), %r8
	jmp	interrupt
	.cfi_endproc
	.size	__hrt_interrupt, . - __hrt_interrupt

/* Where a function that interrupted the thread returns to. */
	.balign	16
interrupt_return:
	mov	$15, %eax			/* rt_sigreturn */
	syscall

	.section .note.GNU-stack, "", @progbits
