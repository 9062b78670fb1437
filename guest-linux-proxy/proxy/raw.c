/* SPDX-License-Identifier: Apache-2.0 */
#include "raw.h"

#include <ucontext.h>

__thread volatile int raw_held;

/*
 * Between raw_begin and raw_end a signal handler knows by the instruction pointer whether the call is still to be made:
 * Linux puts it back onto the SYSCALL instruction of a call that it restarts (the idea is that of cancellation points
 * in musl, src/thread/x86_64/syscall_cp.s).
 */
__asm__(".pushsection .text\n"
	".globl raw_call\n"
	".hidden raw_call, raw_begin, raw_end, raw_interrupted\n"
	".globl raw_begin, raw_end, raw_interrupted\n"
	"raw_call:\n\t"
	"movq %rdi, %rax\n\t"
	"movq %rsi, %r11\n\t"
	"movq 0(%r11), %rdi\n\t"
	"movq 8(%r11), %rsi\n\t"
	"movq 16(%r11), %rdx\n\t"
	"movq 24(%r11), %r10\n\t"
	"movq 32(%r11), %r8\n\t"
	"movq 40(%r11), %r9\n"
	"raw_begin:\n\t"
	"cmpl $0, %fs:raw_held@tpoff\n\t"
	"jne raw_interrupted\n\t"
	"syscall\n"
	"raw_end:\n\t"
	"ret\n"
	"raw_interrupted:\n\t"
	"movq $-513, %rax\n\t"
	"ret\n"
	".popsection");
_Static_assert(HVM_RESTART_ALWAYS == 513, "raw_interrupted answers another number");

extern const uint8_t raw_begin[], raw_end[], raw_interrupted[];

void raw_interrupt(void *context)
{
	greg_t *rip = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	if (*rip >= (greg_t)raw_begin && *rip < (greg_t)raw_end)
		*rip = (greg_t)raw_interrupted;
}
