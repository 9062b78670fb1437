/* SPDX-License-Identifier: Apache-2.0 */
	.text
/*
 * void fiber_switch(void **save, void *load): leave this stack, with what the C ABI says a callee preserves on it and
 * its stack pointer in *save, for another that was left so.
 */
	.balign	16
	.globl	fiber_switch
	.hidden	fiber_switch
	.type	fiber_switch, @function
fiber_switch:
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	sub	$8, %rsp
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	mov	%rsp, (%rdi)
	mov	%rsi, %rsp
	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	add	$8, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret
	.size	fiber_switch, . - fiber_switch

/* Where a fiber's first switch leads; r12 is the fiber. */
	.balign	16
	.globl	fiber_first
	.hidden	fiber_first
	.type	fiber_first, @function
fiber_first:
	.cfi_startproc
	.cfi_undefined %rip			/* ends a backtrace */
	mov	%r12, %rdi
	call	fiber_begin
	ud2
	.cfi_endproc
	.size	fiber_first, . - fiber_first

	.section .note.GNU-stack, "", @progbits
