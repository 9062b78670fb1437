/* SPDX-License-Identifier: Apache-2.0 */
#include "signal.h"
#include "core.h"
#include "cpu.h"
#include "fpu.h"
#include "privilege.h"
#include "process.h"
#include "syscall.h"
#include "upcall.h"
#include "user.h"

#define EINTR  4
#define EINVAL 22

#define SIGKILL	    9
#define SIGSTOP	    19
#define UNBLOCKABLE (1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1))

#define SA_RESTART     0x10000000u
#define SS_AUTODISARM  0x80000000u
#define SS_DISABLE     2u
#define NR_SIGALTSTACK 131

#define VECTOR_PAGE_FAULT 14
#define FAULT_USER_WRITE  6

#define RED_ZONE	 128 /* below the stack pointer, the program's own (System V ABI, AMD64 supplement, 3.2.2) */
#define SYSCALL_LENGTH	 2
#define MAGIC_BEHIND_FPU 0x46505845u

/* As programs of ring 3 see them. */
#define CS_SHOWN 0x33
#define SS_SHOWN 0x2b

/* asm/ucontext.h */
enum {
	UC_FP_XSTATE = 1,
	UC_SIGCONTEXT_SS = 2,
	UC_STRICT_RESTORE_SS = 4,
};

enum {
	SIG_BLOCK = 0,
	SIG_UNBLOCK = 1,
	SIG_SETMASK = 2,
};

/* struct sigcontext_64 of uapi/asm/sigcontext.h. */
struct context {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip;
	uint64_t rflags;
	uint16_t cs, gs, fs, ss;
	uint64_t error, trap, old_mask, cr2;
	uint64_t fpu; /* address */
	uint64_t reserved[8];
};
_Static_assert(sizeof(struct context) == 256, "not Linux' sigcontext");

/* struct rt_sigframe. */
struct frame {
	uint64_t restorer;
	uint64_t flags, link;
	uint64_t stack_base;
	uint32_t stack_flags, pad;
	uint64_t stack_size;
	struct context context;
	uint64_t mask;
	uint8_t info[HVM_SIGNAL_INFO];
};
_Static_assert(offsetof(struct frame, info) == 312 && sizeof(struct frame) == 440, "not Linux' rt_sigframe");

_Noreturn void entry_start(const struct hvm_regs *regs);

/* The next signal, if there still is one. */
static bool next(struct thread *thread, const struct hvm_regs *regs, struct hvm_signal *signal)
{
	const uint64_t arg[HVM_SLOT_ARGS] = {regs->rsp};
	int64_t address;

	thread->entry = regs;
	if (thread->worker) /* for the report of where it was, if it is to leave that */
		__builtin_memcpy(&thread->slot->regs, regs, offsetof(struct hvm_regs, cr2));
	address = thread_forward(thread, HVM_NR_SIGNAL, arg);
	return address > 0 && user_read_waiting(thread, signal, (uint64_t)address, sizeof(*signal));
}

static void save_context(const struct thread *thread, const struct hvm_regs *regs, struct context *context)
{
	*context = (struct context){
	    .r8 = regs->r8,
	    .r9 = regs->r9,
	    .r10 = regs->r10,
	    .r11 = regs->r11,
	    .r12 = regs->r12,
	    .r13 = regs->r13,
	    .r14 = regs->r14,
	    .r15 = regs->r15,
	    .rdi = regs->rdi,
	    .rsi = regs->rsi,
	    .rbp = regs->rbp,
	    .rbx = regs->rbx,
	    .rdx = regs->rdx,
	    .rax = regs->rax,
	    .rcx = regs->rcx,
	    .rsp = regs->rsp,
	    .rip = regs->rip,
	    .rflags = regs->rflags,
	    .cs = CS_SHOWN,
	    .ss = SS_SHOWN,
	    .error = thread->trap_error,
	    .trap = thread->trap,
	    .cr2 = thread->trap_address,
	};
}

/* Write the program's state to its stack and change @regs to the handler's beginning; false if the stack is bad. */
static bool push(struct thread *thread, struct hvm_regs *regs, const struct hvm_signal *signal)
{
	const uint32_t behind = MAGIC_BEHIND_FPU;
	uint64_t top = signal->stack ? signal->stack : regs->rsp - RED_ZONE;
	uint64_t fpu = (top - fpu_size() - sizeof(behind)) & ~63ull;
	uint64_t at = ((fpu - sizeof(struct frame)) & ~15ull) - 8; /* as after a call */
	struct frame frame = {
	    .restorer = signal->restorer,
	    .flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS,
	    .stack_base = signal->alternate_base,
	    .stack_flags = signal->alternate_flags,
	    .stack_size = signal->alternate_size,
	    .mask = signal->mask,
	};

	save_context(thread, regs, &frame.context);
	frame.context.old_mask = signal->mask;
	frame.context.fpu = fpu;
	__builtin_memcpy(frame.info, signal->info, sizeof(frame.info));
	fpu_save(thread->fpu);
	fpu_describe(thread->fpu);
	if (!user_write_waiting(thread, fpu, thread->fpu, fpu_size()) ||
	    !user_write_waiting(thread, fpu + fpu_size(), &behind, sizeof(behind)) ||
	    !user_write_waiting(thread, at, &frame, sizeof(frame)))
		return false;
	regs->rdi = signal->number;
	regs->rsi = at + offsetof(struct frame, info);
	regs->rdx = at + offsetof(struct frame, flags);
	regs->rax = 0;
	regs->rsp = at;
	regs->rip = signal->handler;
	regs->rflags &= ~(uint64_t)(RFLAGS_DF | RFLAGS_RF | RFLAGS_TF);
	fpu_reset();
	return true;
}

static _Noreturn void bad_frame(struct thread *thread, const struct hvm_regs *regs, uint64_t address)
{
	struct hvm_regs full = *regs;

	full.vector = VECTOR_PAGE_FAULT;
	full.error = FAULT_USER_WRITE;
	full.cr2 = address;
	thread_die(thread, &full);
}

static void enter(struct thread *thread, struct hvm_regs *regs, const struct hvm_signal *signal)
{
	if (!push(thread, regs, signal))
		bad_frame(thread, regs, regs->rsp);
}

/* As a signal's handler with the mask as it is. */
static bool enter_upcall(struct thread *thread, struct hvm_regs *regs)
{
	struct upcall call;
	struct hvm_signal signal = {.mask = thread->slot->signal_mask, .alternate_flags = SS_DISABLE};

	if (!upcall_take(thread, &call))
		return false;
	signal.handler = call.function;
	signal.restorer = call.restorer;
	enter(thread, regs, &signal);
	regs->rdi = call.argument;
	return true;
}

/* Instead of a signal: a worker's server had it leave what it does. */
static bool is_called_off(struct thread *thread, struct hvm_regs *regs)
{
	return thread->worker && process_resume(thread, regs);
}

void signal_deliver(struct thread *thread, struct hvm_regs *regs)
{
	struct hvm_signal signal;

	while (hvm_load_acquire(&thread->slot->signal)) {
		if (next(thread, regs, &signal))
			enter(thread, regs, &signal);
		else
			is_called_off(thread, regs);
	}
	enter_upcall(thread, regs);
}

/* Let the program make the call again that it made with @nr. */
static void repeat(struct hvm_regs *regs, uint64_t nr)
{
	regs->rip -= SYSCALL_LENGTH;
	regs->rax = nr;
}

int64_t signal_after_call(struct thread *thread, const struct hvm_regs *entry, int64_t result)
{
	struct hvm_regs regs = *entry;
	struct hvm_signal signal;
	bool settled = !signal_is_restart(result), handled = false;

	regs.rax = (uint64_t)result;
	while (hvm_load_acquire(&thread->slot->signal)) {
		if (!next(thread, &regs, &signal)) {
			if (is_called_off(thread, &regs))
				settled = handled = true;
			continue;
		}
		if (!settled &&
		    (result == -HVM_RESTART_ALWAYS || (result == -HVM_RESTART && signal.flags & SA_RESTART)))
			repeat(&regs, entry->rax);
		else if (!settled)
			regs.rax = (uint64_t)-EINTR;
		settled = handled = true;
		enter(thread, &regs, &signal);
	}
	if (!settled && result == -HVM_RESTART_NO_HANDLER && upcall_waits(thread))
		regs.rax = (uint64_t)-EINTR;
	else if (!settled)
		repeat(&regs, entry->rax);
	handled |= enter_upcall(thread, &regs);
	if (settled && !handled)
		return result;
	entry_start(&regs);
}

/* Linux's signals for the thread must be held back by its mask only. */
static void synchronise_mask(struct thread *thread)
{
	static const uint64_t none[HVM_SLOT_ARGS];
	const struct hvm_slot *slot = thread->slot;

	if (!(hvm_load_relaxed(&slot->server_mask) & ~slot->signal_mask))
		return;
	thread_forward(thread, HVM_NR_SIGNAL_MASK, none);
}

static void set_mask(struct thread *thread, uint64_t mask)
{
	hvm_store_relaxed(&thread->slot->signal_mask, mask & ~UNBLOCKABLE);
	synchronise_mask(thread);
}

void signal_begin(struct thread *thread, struct hvm_regs *regs)
{
	synchronise_mask(thread);
	signal_deliver(thread, regs);
}

void signal_end(struct thread *thread)
{
	static const uint64_t none[HVM_SLOT_ARGS];

	hvm_store_relaxed(&thread->slot->signal_mask, ~0ull);
	hvm_fence_full();
	while (hvm_load_acquire(&thread->slot->signal)) { /* its server puts back what it had taken before */
		thread_forward(thread, HVM_NR_SIGNAL, none);
	}
}

int64_t signal_change_mask(struct thread *thread, const struct hvm_regs *entry)
{
	uint64_t mask = thread->slot->signal_mask, set = 0;

	if (entry->r10 != sizeof(mask))
		return -EINVAL;
	thread->entry = entry;
	if (entry->rsi && !user_read(&set, entry->rsi, sizeof(set)))
		return syscall_forward(thread, entry);
	if (entry->rsi && (uint32_t)entry->rdi > SIG_SETMASK)
		return -EINVAL;
	if (entry->rdx && !user_write(entry->rdx, &mask, sizeof(mask)))
		return syscall_forward(thread, entry);
	if (!entry->rsi)
		return 0;
	if ((uint32_t)entry->rdi == SIG_BLOCK)
		set = mask | set;
	else if ((uint32_t)entry->rdi == SIG_UNBLOCK)
		set = mask & ~set;
	set_mask(thread, set);
	return 0;
}

/* Load the vector state that a handler's frame holds at @address. A switch of threads uses the same buffer. */
static bool load_fpu(struct thread *thread, uint64_t address)
{
	uint64_t size = FPU_LEGACY_SIZE;

	for (;;) {
		uint64_t left;

		fpu_load(core_self()); /* the registers hold the state, and the buffer is free */
		if ((int64_t)address < 0 || (int64_t)(address + fpu_size()) < 0)
			return false;
		left = user_copy(thread->fpu, (const void *)address, size);
		if (left == 0 && size < fpu_size() && fpu_is_described(thread->fpu))
			size = fpu_size();
		else if (left == 0)
			break;
		else if (!user_resolve(thread, address + size - left, false))
			return false;
	}
	fpu_make_safe(thread->fpu, size);
	fpu_restore(thread->fpu);
	return true;
}

static void restore_context(const struct context *context, struct hvm_regs *regs)
{
	*regs = (struct hvm_regs){
	    .r15 = context->r15,
	    .r14 = context->r14,
	    .r13 = context->r13,
	    .r12 = context->r12,
	    .r11 = context->r11,
	    .r10 = context->r10,
	    .r9 = context->r9,
	    .r8 = context->r8,
	    .rax = context->rax,
	    .rcx = context->rcx,
	    .rdx = context->rdx,
	    .rsi = context->rsi,
	    .rdi = context->rdi,
	    .rbp = context->rbp,
	    .rbx = context->rbx,
	    .rip = context->rip,
	    .rflags = context->rflags,
	    .rsp = context->rsp,
	};
	privilege_confine(regs);
}

/* A handler may have interrupted a function of an HRT module. */
static bool is_code(uint64_t address)
{
	return privilege_is_lower(address) || address - HVM_MODULE_VA < HVM_MODULE_SPAN;
}

/* Disarmed when its handler began; nothing else changes a thread's alternate stack behind its back. */
static void rearm_alternate_stack(struct thread *thread, const struct frame *frame, uint64_t at)
{
	const uint64_t arg[HVM_SLOT_ARGS] = {at + offsetof(struct frame, stack_base), 0};

	if (!(frame->stack_flags & SS_AUTODISARM))
		return;
	thread_forward(thread, NR_SIGALTSTACK, arg);
}

void signal_return(struct thread *thread, const struct hvm_regs *entry)
{
	uint64_t at = entry->rsp - sizeof(uint64_t); /* the handler's return took the restorer off */
	struct frame frame;
	struct hvm_regs regs;

	thread->entry = entry;
	if (!user_read_waiting(thread, &frame, at, sizeof(frame)))
		bad_frame(thread, entry, at);
	restore_context(&frame.context, &regs);
	if (!is_code(regs.rip) || !privilege_is_lower(regs.rsp))
		bad_frame(thread, entry, regs.rip);
	rearm_alternate_stack(thread, &frame, at);
	set_mask(thread, frame.mask);
	thread->entry = &regs;
	if (frame.context.fpu == 0)
		fpu_reset();
	else if (!load_fpu(thread, frame.context.fpu))
		bad_frame(thread, entry, frame.context.fpu);
	signal_deliver(thread, &regs);
	entry_start(&regs);
}
