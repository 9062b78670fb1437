/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The slot: how one HRT thread asks its proxy for a system call. Calls the other way have a line of the same kind in
 * the process's own memory (guest-linux-proxy/libhvm/worker.h).
 *
 * A slot has one client and one server. The hot path is one cache line that changes owner with each message:
 *
 *   client                                   server
 *   arg[0..5] = ...                          poll head until its tag differs from the last one served
 *   head = tag | nr        (release)  --->   copy the line once, check, act
 *   poll done until == tag            <---   arg[0] = result; done = tag   (release)
 *
 * head  bits 63..32 sequence number, 31..16 generation, 15..0 call number
 * done  the same word with a zero call number
 *
 * No read-modify-write takes part. The sequence number of a slot starts at 0 (nothing posted, done == 0) and the first
 * request has 1. The generation is the owner's (the module raises it whenever the slot goes to another thread), so an
 * answer to an earlier owner's request can never be taken for an answer to this one's.
 *
 * Sleeping (either side): set your flag, full fence, look again, sleep. The other side: publish, full fence, read the
 * flag, wake if it is set. The flags live on lines of their own, so the hot line never bounces for them.
 *
 * Sources: FusedOS (Park et al., SBAC-PAD 2012) for the proxy; McKernel's IKC and FlexSC (OSDI 2010) for shared pages
 * instead of traps; the one-line layout was measured against head/tail rings (docs/abi.md).
 */
#ifndef HVM_SLOT_H
#define HVM_SLOT_H

#include <hvm/types.h>

#define HVM_SLOT_ARGS 6u

/*
 * Call numbers: Linux x86-64 system call numbers lie below HVM_NR_FIRST_SPECIAL. A program's number at or above it is
 * answered ENOSYS by the aerokernel and never posted.
 */
#define HVM_NR_FIRST_SPECIAL 0xf000u
/**
 * Page fault below the split. arg0 address, arg1 error code (SDM Vol. 3, 4.7), arg2 RIP, arg3 1: the aerokernel's own
 * access to the program's memory. Answer: 0 = retry, or handle the signal; -EFAULT, for an access of its own only.
 */
#define HVM_NR_PAGE_FAULT 0xf001u
/**
 * An exception that the program caused. arg0 vector, arg1 error code, arg2 CR2, arg3 1: there is no way on; registers
 * in the slot. Answered (0) only if a signal's handler is to run.
 */
#define HVM_NR_EXCEPTION 0xf002u
/** The HRT thread is gone (the program ended it, or the module stopped it). arg0 reason (HVM_GONE_*). Never answered.
 */
#define HVM_NR_THREAD_GONE 0xf004u

/**
 * The next signal that the thread must handle. arg0 its stack pointer. Answer: address of a struct hvm_signal, which is
 * good until the next request; 0: none. The server changes the slot's signal_mask to that of the handler.
 */
#define HVM_NR_SIGNAL 0xf005u
/** The server's signal mask must be that of the slot: the thread unblocked what the server blocks. Answer: 0. */
#define HVM_NR_SIGNAL_MASK 0xf006u
/** Every server of the job has a thread: start another one. Answer: 0, then slot.servers grew; or -EAGAIN. */
#define HVM_NR_SERVERS 0xf007u
/** Submit a group of tasks (hvm/ptask.h), to the aerokernel. */
#define HVM_NR_TASK_GROUP 0xf009u
/** The time of clock arg0 (clock_gettime(2)). Answer: nanoseconds; arg1: the TSC when it was so. */
#define HVM_NR_CLOCK 0xf008u

/*
 * A child of vfork borrows its parent's thread: the child's process serves the slot until its exec or exit, whose
 * request the parent's answers. slot.resume says so with the answer; then regs take the place of the registers with
 * which the thread entered the kernel, but for rax.
 */
#define HVM_RESUME_CHILD  1u
#define HVM_RESUME_PARENT 2u
/**
 * A worker (HVM_THREAD_WORKER) leaves what it does: it goes on with slot.regs, all of them. The server may say so with
 * the answer to HVM_NR_EXCEPTION, HVM_NR_PAGE_FAULT, HVM_NR_SIGNAL (which it gets after HVM_IOC_SIGNAL) or a system
 * call. rcx and r11 are rip and rflags, as SYSCALL leaves them; cs and ss are the
 * aerokernel's affair. With HVM_NR_SIGNAL a worker's slot.regs say where it is.
 */
#define HVM_RESUME_WORKER 3u

#define HVM_GONE_STOPPED 1u /* the module asked (STOP), the job is being torn down */
#define HVM_GONE_CORE	 2u /* the core was parked or rebooted under the thread */

/** General registers of an HRT thread at an exception, in this order. */
struct hvm_regs {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rax, rcx, rdx, rsi, rdi, rbp, rbx;
	uint64_t vector;
	uint64_t error;
	uint64_t rip, cs, rflags, rsp, ss;
	uint64_t cr2;
	uint64_t fs_base;
};
HVM_ASSERT_SIZE(struct hvm_regs, 192);

/** Counters of one HRT thread; written by its HRT core only, read by anyone at any time. */
struct hvm_slot_stats {
	uint64_t calls_local;	  /* system calls answered by the aerokernel */
	uint64_t calls_forwarded; /* system calls that went through the slot */
	uint64_t page_faults;	  /* page faults that went through the slot */
	uint64_t wakes_sent;	  /* wake-up interrupts sent because the server slept */
	uint64_t halts;		  /* times the core halted while it waited for an answer */
	uint64_t interrupts;	  /* interrupts taken while the thread was on the core */
	uint64_t shootdowns;	  /* translation flushes among them */
	uint64_t start_tsc;	  /* TSC when the thread's first instruction was about to run; 0 = no thread */
};
HVM_ASSERT_SIZE(struct hvm_slot_stats, 64);

struct hvm_slot {
	/* line 0, hot */
	uint64_t head;
	uint64_t arg[HVM_SLOT_ARGS]; /* arg[0] carries the result back */
	uint64_t done;

	/* line 1, written by the client (the HRT thread) */
	uint32_t client_sleeping; /* the client halts or blocks: wake it after answering */
	uint32_t client_core;	  /* index of the HRT core in its partition */
	uint32_t client_cpu;	  /* number of that core in the job: what getcpu answers */
	uint32_t serial;	  /* raised when a thread begins behind the slot: the server forgets the one before */
	uint64_t signal_mask;	  /* signals that the thread blocks, as in rt_sigprocmask(2) */
	uint64_t robust_list;	  /* what the thread told by set_robust_list(2), 0 = none */
	uint64_t ended_cycles;	  /* that threads which ended lived behind the slot, TSC cycles */
	uint64_t events;	  /* raised by HVM_GATE_NOTIFY, by any core of the job */
	uint64_t client_pad[2];

	/* line 2, written by the server (and by the module on its behalf) */
	uint32_t server_sleeping; /* the server blocks in HVM_IOC_WAIT: send the wake-up interrupt after posting */
	uint32_t servers;	  /* of the job's first slot: so many slots from it on have a server */
	uint32_t signal;	  /* not 0: a signal waits for the thread, which asks for it by HVM_NR_SIGNAL */
	uint32_t resume;	  /* HVM_RESUME_*; 0: the client goes on as it is */
	uint64_t server_mask;	  /* signals that the server's own Linux thread blocks, for the thread blocked them */
	uint64_t server_pad[5];

	/* line 3, set by the module before the thread starts, constant afterwards */
	uint32_t generation; /* low 16 bits go into head and done */
	uint32_t index;	     /* of this slot in its partition: the bit in the pending map */
	uint32_t pid;	     /* what getpid answers */
	uint32_t tid;	     /* what gettid answers */
	uint64_t setup_pad[2];
	/* but these: the aerokernel, for a worker in a pool (HVM_GATE_TASK_NEXT) */
	uint64_t task_group, task_first, task_count;
	uint64_t task_ended;

	/* line 4 */
	struct hvm_slot_stats stats;

	/* lines 5..7 */
	struct hvm_regs regs;
} __attribute__((aligned(64)));

#define HVM_SLOT_SIZE 512u
HVM_ASSERT_SIZE(struct hvm_slot, HVM_SLOT_SIZE);
HVM_ASSERT_OFFSET(struct hvm_slot, head, 0);
HVM_ASSERT_OFFSET(struct hvm_slot, arg, 8);
HVM_ASSERT_OFFSET(struct hvm_slot, done, 56);
HVM_ASSERT_OFFSET(struct hvm_slot, client_sleeping, 64);
HVM_ASSERT_OFFSET(struct hvm_slot, server_sleeping, 128);
HVM_ASSERT_OFFSET(struct hvm_slot, generation, 192);
HVM_ASSERT_OFFSET(struct hvm_slot, stats, 256);
HVM_ASSERT_OFFSET(struct hvm_slot, regs, 320);

/** A request as the server holds it: its own copy, so that a hostile client can change nothing under it. */
struct hvm_request {
	uint64_t tag; /* head with a zero call number */
	uint32_t nr;
	uint32_t pad;
	uint64_t arg[HVM_SLOT_ARGS];
};

#define HVM_HEAD_NR(head)  ((uint32_t)((head)&0xffffu))
#define HVM_HEAD_TAG(head) ((head) & ~(uint64_t)0xffffu)

static inline uint64_t hvm_slot_tag(uint32_t sequence, uint32_t generation)
{
	return (uint64_t)sequence << 32 | (uint64_t)(generation & 0xffffu) << 16;
}

/** Client: store the request's arguments. The request is not visible before hvm_slot_publish. */
static inline void hvm_slot_arguments(struct hvm_slot *slot, const uint64_t arg[HVM_SLOT_ARGS])
{
#pragma GCC unroll 6
	for (unsigned int i = 0; i < HVM_SLOT_ARGS; i++)
		hvm_store_relaxed(&slot->arg[i], arg[i]);
}

/** Client: make the request visible. @tag must differ from the last one by its sequence number. */
static inline void hvm_slot_publish(struct hvm_slot *slot, uint64_t tag, uint32_t nr)
{
	hvm_store_release(&slot->head, tag | nr);
}

/** Client: after publishing; true if the server sleeps and must be woken. */
static inline bool hvm_slot_server_needs_wake(struct hvm_slot *slot)
{
	hvm_fence_full();
	return hvm_load_relaxed(&slot->server_sleeping) != 0;
}

/** Client: true once the request @tag is answered; then *@result holds the answer. */
static inline bool hvm_slot_reap(const struct hvm_slot *slot, uint64_t tag, int64_t *result)
{
	if (hvm_load_acquire(&slot->done) != tag)
		return false;
	*result = (int64_t)hvm_load_relaxed(&slot->arg[0]);
	return true;
}

/** Server: true if a request other than @last_tag is posted. Reads one word. */
static inline bool hvm_slot_has_request(const struct hvm_slot *slot, uint64_t last_tag)
{
	return HVM_HEAD_TAG(hvm_load_relaxed(&slot->head)) != last_tag;
}

/** Server: copy a new request once; false if there is none beyond @last_tag. */
static inline bool hvm_slot_take(const struct hvm_slot *slot, uint64_t last_tag, struct hvm_request *request)
{
	uint64_t head = hvm_load_acquire(&slot->head);

	if (HVM_HEAD_TAG(head) == last_tag)
		return false;
	request->tag = HVM_HEAD_TAG(head);
	request->nr = HVM_HEAD_NR(head);
#pragma GCC unroll 6
	for (unsigned int i = 0; i < HVM_SLOT_ARGS; i++)
		request->arg[i] = hvm_load_relaxed(&slot->arg[i]);
	return true;
}

/** Server: answer the request @tag. */
static inline void hvm_slot_answer(struct hvm_slot *slot, uint64_t tag, int64_t result)
{
	hvm_store_relaxed(&slot->arg[0], (uint64_t)result);
	hvm_store_release(&slot->done, tag);
}

/** Server: after answering; true if the client sleeps and must be woken. */
static inline bool hvm_slot_client_needs_wake(struct hvm_slot *slot)
{
	hvm_fence_full();
	return hvm_load_relaxed(&slot->client_sleeping) != 0;
}

#endif
