/* SPDX-License-Identifier: Apache-2.0 */
#include <hvm/gate.h>

	.text

.macro FUNCTION name
	.balign	16
	.globl	\name
	.hidden	\name
	.type	\name, @function
\name:
.endm

/* The outermost frame of a worker's stack: unwinders end here. */
	FUNCTION hvm_worker_begin
	.cfi_startproc
	.cfi_undefined %rip
	and	$-16, %rsp
	xor	%ebp, %ebp
	call	hvm_worker_run
	ud2
	.cfi_endproc
	.size	hvm_worker_begin, . - hvm_worker_begin

/* The function that was stopped left the processor's state as it was. */
	FUNCTION hvm_worker_recover
	.cfi_startproc
	.cfi_undefined %rip
	cld
	and	$-16, %rsp
	xor	%ebp, %ebp
	fninit
	ldmxcsr	initial_mxcsr(%rip)
	call	hvm_worker_recovered
	ud2
	.cfi_endproc
	.size	hvm_worker_recover, . - hvm_worker_recover

/* void hvm_on_stack(struct worker *worker, uint64_t stack, void (*serve)(struct worker *worker), uint64_t *left) */
	FUNCTION hvm_on_stack
	.cfi_startproc
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	mov	%rsp, (%rcx)
	mov	%rsi, %rsp
	and	$-16, %rsp
	call	*%rdx
	leave
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size	hvm_on_stack, . - hvm_on_stack

/* int64_t hvm_gate(uint32_t number, uint64_t a, uint64_t b, uint64_t c) */
	FUNCTION hvm_gate
	.cfi_startproc
	mov	%edi, %eax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	pop	%rcx
	.cfi_adjust_cfa_offset -8
	.cfi_register %rip, %rcx
	mov	$HVM_GATE_VA, %r11
	cli
	jmp	*%r11
	.cfi_endproc
	.size	hvm_gate, . - hvm_gate

	.section .rodata
	.balign	4
initial_mxcsr:
	.long	0x1f80

	.section .note.GNU-stack, "", @progbits
