/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The gate: how a program on an HRT core asks the aerokernel for something without a system call. The object that the
 * proxy maps into the program (AT_SYSINFO_EHDR, guest-hrt/vdso) goes through it, and libhvm; nobody else should.
 *
 * To enter, with interrupts off (CLI) and from the lower half: jump to HVM_GATE_VA with
 *     eax = number, rdi, rsi, rdx (and r8) = arguments, rcx = where to go on, rsp = the stack to go on with.
 * It goes on there with interrupts on and the result in rax, a negative errno value if it failed. As in a C call, rbx,
 * rbp and r12 to r15 are preserved, and the control bits of the x87 unit and of SSE; nothing else is. A signal's
 * handler may run before.
 */
#ifndef HVM_GATE_H
#define HVM_GATE_H

#define HVM_GATE_VA 0xffffffff80000040

/**
 * Wait at the word at address arg0 while it holds arg1, at most arg2 nanoseconds (HVM_GATE_FOREVER: without a limit).
 * 0: woken. -EAGAIN: it holds something else. -ETIMEDOUT. -EINTR: a handler ran. -EFAULT: touch the word, try again.
 */
#define HVM_GATE_WAIT 0
/**
 * Wake at most arg1 threads of the process that wait at address arg0, in the HRT, futex(2) included. The word was
 * changed by a locked instruction, which orders it before the look at who waits. How many it woke.
 */
#define HVM_GATE_WAKE 1
/** Let the other threads of this core go first. */
#define HVM_GATE_YIELD 2
/** The running thread's number in its process. */
#define HVM_GATE_SELF 3
/**
 * Make the thread with number arg0 call arg1(arg2) at once, between two of its instructions, if it computes; if it
 * waits for another thread, the wait ends for it; after its system call, if it makes one. The function returns to r8,
 * where rt_sigreturn(2) must be called. -ESRCH: there is no such thread. -EAGAIN: it has not begun the last one yet.
 */
#define HVM_GATE_INTERRUPT 4

/**
 * Halt the core while the 32-bit word at address arg0 holds arg1. 0: it holds something else, or who changed it rang
 * the doorbell (HVM_IOC_KICK), or something else did. -EINTR: the server had something for the thread. -EFAULT as
 * above.
 */
#define HVM_GATE_HALT 5
/**
 * Raise the events of the job's slot with number arg0 (hvm_slot.events), and wake who sleeps for them in Linux
 * (HVM_IOC_EVENT_WAIT, HVM_IOC_EVENT_FD). 0, or -EINVAL: it is not the job's.
 */
#define HVM_GATE_NOTIFY 6
/**
 * A worker in a pool: what it was given is done; wait for more tasks (hvm/ptask.h). 0, and its slot tells: tasks
 * task_first .. task_first + task_count - 1 of the group task_group; and if task_ended is not 0, that group is done.
 * -EINVAL: it is in no pool. -EINTR: ask again.
 */
#define HVM_GATE_TASK_NEXT 7

#define HVM_GATE_FOREVER 0xffffffffffffffff

#endif
