/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways into the kernel and back: interrupts, exceptions, SYSCALL, the first entry of a thread.
 *
 * Where programs run in ring 0, the code selector does not tell a program from the kernel; the instruction pointer does: the
 * image is the kernel's. All else is the program's: its own code, HRT modules, and where it jumped by mistake. A program of
 * ring 3 (privilege.h) may jump to the image as well, and faults there: its selector tells. GS base is the struct core in the
 * kernel and the program's otherwise (SWAPGS at each crossing); an NMI, double fault or machine check can hit in between, and
 * finds the core by its stack.
 *
 * Frames are struct hvm_regs up to ss. Vector registers are never touched by the kernel and so never saved.
 */
#include "offsets.h"

.macro PUSH_REGS
	push	%rbx
	push	%rbp
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	%rax
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	push	%r13
	push	%r14
	push	%r15
.endm

.macro POP_REGS
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rsi
	pop	%rdi
	pop	%rbp
	pop	%rbx
.endm

/* "jb kernel" is taken if the frame at rsp interrupted the kernel: in the image, and not in ring 3. Clobbers rax, rcx. */
.macro TEST_FRAME_KERNEL
	mov	REGS_RIP(%rsp), %rcx
	sub	$image_start, %rcx
	mov	REGS_CS(%rsp), %eax
	and	$3, %eax
	shl	$32, %rax
	or	%rcx, %rax
	cmp	$IMAGE_MAX, %rax
.endm

/*
 * Calls \function(frame) for a program's frame at rsp, moved from the IST to the thread's kernel stack, where it may wait;
 * then goes back to the program. GS is the kernel's.
 */
.macro ON_THREAD_STACK function
	mov	%gs:CORE_THREAD_STACK, %rdi
	sub	$REGS_SIZE, %rdi
	mov	%rdi, %rdx
	mov	%rsp, %rsi
	mov	$(REGS_SIZE / 8), %ecx
	rep movsq
	mov	%rdx, %rsp
	mov	%rsp, %rdi
	xor	%ebp, %ebp
	call	\function
	cli
	jmp	leave
.endm

	.text

/* Interrupt vectors 32..255, and exceptions, enter here through their stubs below. */
	.balign 16
interrupt_common:
	PUSH_REGS
	cld
	TEST_FRAME_KERNEL
	jb	1f
	swapgs
1:	mov	%rsp, %rdi
	call	interrupt_handle
	test	%al, %al
	jnz	interrupt_preempt
	TEST_FRAME_KERNEL
	jb	leave_to_kernel
/* To the program whose frame is at rsp. */
leave:
	swapgs
leave_to_kernel:
	POP_REGS
	add	$16, %rsp
iret:
	iretq

/* Other threads or a signal come first: the program's frame leaves the IST for the thread's kernel stack, as it is for an exception. */
interrupt_preempt:
	ON_THREAD_STACK interrupt_leave

/* Exceptions but NMI, double fault, machine check. A program's leave the IST for the thread's kernel stack. */
	.balign 16
exception_common:
	PUSH_REGS
	cld
	TEST_FRAME_KERNEL
	jb	3f
	swapgs
	ON_THREAD_STACK exception_from_program
3:	mov	REGS_RIP(%rsp), %rax
	cmp	$iret, %rax
	je	bad_iret
	mov	$fixups, %rcx
5:	cmpq	$0, (%rcx)
	je	paranoid_core
	cmp	(%rcx), %rax
	je	6f
	add	$16, %rcx
	jmp	5b
6:	mov	8(%rcx), %rax
	mov	%rax, REGS_RIP(%rsp)
	POP_REGS
	add	$16, %rsp
	iretq

/*
 * IRETQ refused the program's frame, for an address between the halves: the exception is the program's, there. Its GS and
 * all its registers are loaded, and REGS_RSP is where IRETQ read the frame.
 */
bad_iret:
	swapgs
	mov	REGS_RSP(%rsp), %rsi
	lea	REGS_RIP(%rsp), %rdi
	mov	$5, %ecx
	rep movsq
	ON_THREAD_STACK exception_from_program

/* Instructions of the kernel that may fault, and where they go on then. */
	.balign 8
fixups:
	.quad	user_load32_access, user_load32_failed
	.quad	user_copy_access, user_copy_failed
	.quad	user_exchange32_access, user_load32_failed
	.quad	0

/* NMI, double fault, machine check: may hit between two instructions of the entries above. Never return. */
	.balign 16
paranoid_common:
	PUSH_REGS
	cld
paranoid_core:
	mov	partition, %rcx
	add	$CORE_AREA_OFFSET, %rcx
	mov	%rsp, %rax
	sub	%rcx, %rax
	and	$-CORE_AREA_SIZE, %rax
	add	%rcx, %rax
	mov	%rax, %rdx
	shr	$32, %rdx
	mov	$0xc0000101, %ecx		/* GS base: what it was, nobody knows; a program may write any address to it */
	wrmsr
	mov	%rsp, %rdi
	call	exception_fatal
	ud2

/* One 16-byte stub a vector. */
	.balign 16
	.globl vector_stubs
vector_stubs:
vector = 0
.rept 256
	.balign 16
	.if (vector != 8) && (vector != 10) && (vector != 11) && (vector != 12) && (vector != 13) && (vector != 14) && (vector != 17) && (vector != 21) && (vector != 29) && (vector != 30)
	push	$0				/* no error code from the processor */
	.endif
	push	$vector
	.if (vector == 2) || (vector == 8) || (vector == 18)
	jmp	paranoid_common
	.elseif vector < 32
	jmp	exception_common
	.else
	jmp	interrupt_common
	.endif
vector = vector + 1
.endr

/*
 * SYSCALL: rcx = return address, r11 = flags, interrupts off by IA32_FMASK; from ring 0 the stack is the program's.
 * SYSRET would go to ring 3, so the return is a jump; the instruction after STI still runs with interrupts held off.
 */
.macro SYSCALL_ENTRY code, data, function
	swapgs
	mov	%rsp, %gs:CORE_USER_RSP
	mov	%gs:CORE_THREAD_STACK, %rsp
	push	$\data				/* ss */
	push	%gs:CORE_USER_RSP
	push	%r11				/* rflags */
	push	$\code				/* cs */
	push	%rcx				/* rip */
	push	$0				/* error */
	push	$0x100				/* vector: none has this number */
	PUSH_REGS
	mov	%rsp, %rdi
	xor	%ebp, %ebp
	push	$0				/* no return: it goes on to syscall_leave or syscall_leave_user */
	jmp	\function
.endm

/* The program's registers, but for those of SYSCALL itself: rax has the result, rcx and r11 are the caller's to load. */
.macro LOAD_REGS
	mov	REGS_R8(%rsp), %r8
	mov	REGS_R9(%rsp), %r9
	mov	REGS_R10(%rsp), %r10
	mov	REGS_RBX(%rsp), %rbx
	mov	REGS_RBP(%rsp), %rbp
	mov	REGS_R12(%rsp), %r12
	mov	REGS_R13(%rsp), %r13
	mov	REGS_R14(%rsp), %r14
	mov	REGS_R15(%rsp), %r15
	mov	REGS_RDI(%rsp), %rdi
	mov	REGS_RSI(%rsp), %rsi
	mov	REGS_RDX(%rsp), %rdx
.endm

	.section .text.syscall, "ax"
	.balign 16
	.globl syscall_entry
syscall_entry:
	SYSCALL_ENTRY KERNEL_CODE, KERNEL_DATA, syscall_handle

/* int64_t syscall_leave(const struct hvm_regs *regs, int64_t result): back to the program. Does not return. */
	.balign 16
	.globl syscall_leave
syscall_leave:
	mov	%rdi, %rsp
	mov	%rsi, %rax
	mov	REGS_R11(%rsp), %r11		/* the flags */
	test	%gs:CORE_POPF_FLAGS, %r11d
	jnz	syscall_leave_with_popf
	mov	%rax, %rcx
	mov	%r11d, %eax
	shl	$8, %eax
	xor	%edx, %edx			/* clears OF, which SAHF leaves */
	sahf					/* the others, from ah */
	mov	%rcx, %rax
	LOAD_REGS
	mov	REGS_RCX(%rsp), %rcx
	mov	REGS_RSP(%rsp), %rsp
	swapgs
	sti
	jmp	*%rcx

syscall_leave_with_popf:
	mov	%rax, REGS_RAX(%rsp)
	POP_REGS				/* rcx and r11 hold return address and flags again */
	mov	%r11, %gs:CORE_USER_RSP
	andq	$~0x10300, %gs:CORE_USER_RSP	/* not RF, TF; not IF before the last instruction */
	push	%gs:CORE_USER_RSP
	popfq
	mov	(REGS_RSP - REGS_VECTOR)(%rsp), %rsp
	swapgs
	sti
	jmp	*%rcx

/* The same of a partition whose programs run in ring 3. */
	.section .text.user, "ax"
	.balign 16
	.globl syscall_entry_user
syscall_entry_user:
	SYSCALL_ENTRY USER_CODE, USER_DATA, syscall_handle_user

/*
 * int64_t syscall_leave_user(const struct hvm_regs *regs, int64_t result): back to the program in ring 3. SYSRET to an address
 * between the halves faults in the kernel, with the program's stack pointer (on Intel's processors); IRETQ may.
 */
	.balign 16
	.globl syscall_leave_user
syscall_leave_user:
	mov	%rdi, %rsp
	mov	%rsi, %rax
	mov	REGS_RIP(%rsp), %rcx
	mov	%rcx, %rdx
	shr	$47, %rdx
	jnz	7f
	mov	REGS_RFLAGS(%rsp), %r11
	LOAD_REGS
	swapgs
	mov	REGS_RSP(%rsp), %rsp
	sysretq
7:	mov	%rax, REGS_RAX(%rsp)
	jmp	leave

/*
 * The gate (hvm/gate.h): a call from the program, interrupts off. Only what the C ABI says a callee preserves is in the
 * frame, and the kernel's C code preserves it: it goes back from there only if a handler is to run, by entry_start.
 */
	.section .gate, "ax"
	.globl gate_entry
gate_entry:
	swapgs
	mov	%rsp, %gs:CORE_USER_RSP
	mov	%gs:CORE_THREAD_STACK, %rsp
	push	$0x10				/* ss */
	push	%gs:CORE_USER_RSP
	push	$0x202				/* rflags: interrupts on */
	push	$0x08				/* cs */
	push	%rcx				/* rip */
	push	$0				/* error */
	push	$0x101				/* vector: none has this number */
	push	%rbx
	push	%rbp
	sub	$REGS_RBP, %rsp
	mov	%r12, REGS_R12(%rsp)
	mov	%r13, REGS_R13(%rsp)
	mov	%r14, REGS_R14(%rsp)
	mov	%r15, REGS_R15(%rsp)
	mov	%rsp, %rcx
	xor	%ebp, %ebp
	mov	%eax, %r9d
	call	gate_handle
	mov	REGS_RIP(%rsp), %rcx
	mov	REGS_RBP(%rsp), %rbp
	mov	REGS_RSP(%rsp), %rsp
	swapgs
	sti
	jmp	*%rcx
	.text

/* void entry_start(const struct hvm_regs *regs): the first entry of a thread. Interrupts are off. Does not return. */
	.balign 16
	.globl entry_start
entry_start:
	mov	%rdi, %rsp
	jmp	leave

/* int64_t user_load32(uint64_t address): the word at a program's address, or -1 if that faults. */
	.globl user_load32
user_load32:
user_load32_access:
	mov	(%rdi), %eax
	ret
user_load32_failed:
	mov	$-1, %rax
	ret

/* int64_t user_exchange32(uint64_t address, uint32_t expected, uint32_t wanted): the word before, or -1 if that faults. */
	.globl user_exchange32
user_exchange32:
	mov	%esi, %eax
user_exchange32_access:
	lock cmpxchg %edx, (%rdi)
	mov	%eax, %eax
	ret

/* uint64_t user_copy(void *to, const void *from, uint64_t size): how many bytes were left when it faulted. */
	.globl user_copy
user_copy:
	mov	%rdx, %rcx
user_copy_access:
	rep movsb
user_copy_failed:
	mov	%rcx, %rax
	ret

/* void core_switch_to_idle(uint64_t rsp, void (*function)(void)): drop the current stack, run @function on another. */
	.globl core_switch_to_idle
core_switch_to_idle:
	mov	%rdi, %rsp
	xor	%ebp, %ebp
	push	$0
	push	$0
	call	*%rsi
	ud2

/* void thread_switch(uint64_t *save, uint64_t load): to the thread that saved @load; returns when it is switched back. */
	.globl thread_switch
thread_switch:
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, (%rdi)
	mov	%rsi, %rdi
/* void thread_resume(uint64_t load): the same, and what ran before is forgotten. */
	.globl thread_resume
thread_resume:
	mov	%rdi, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret

/* Where a thread's first switch leads. */
	.globl thread_first
thread_first:
	and	$-16, %rsp
	xor	%ebp, %ebp
	call	sched_first
	ud2
