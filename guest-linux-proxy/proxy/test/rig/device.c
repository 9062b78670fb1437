/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device layer of the native rig: instead of an HRT core, a second thread of the same process runs the program. It
 * is in the same address space, as on the HRT; Linux hands each of its system calls back as a signal (Syscall User
 * Dispatch, Documentation/admin-guide/syscall-user-dispatch.rst), and the signal handlers below do what the aerokernel
 * does: answer locally or post to the slot, and wait for the proxy. So the whole proxy runs real programs natively.
 *
 * The handlers run with the program's FS base: no libc function that touches thread-local data may be called there.
 */
#include "../../device.h"

#include <hvm/partition.h>

#include <asm/prctl.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define SIGNAL_STOP 40
#define SPINS	    2000

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON	     1
#endif
#define DISPATCH_BLOCK 1

extern const char __executable_start[], etext[];

static struct hvm_slot *slot;
static struct hvm_thread_start start;
static uint32_t sequence;
static uint64_t local_getpid;		  /* times that it was answered locally */
static uint32_t server_word, client_word; /* futexes: raised by whoever wakes the other side */
static volatile uint32_t parked;
static volatile int hrt_tid;
static volatile bool in_kernel;		/* the program waits in a handler, which it entered with ... */
static struct hvm_regs entry_registers; /* ... these */
static volatile char selector = DISPATCH_BLOCK;
static uint8_t alternate_stack[65536] __attribute__((aligned(64)));

static int64_t call(uint64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	register uint64_t r10 __asm__("r10") = d;
	int64_t result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return result;
}

static void futex_wait(uint32_t *word, uint32_t value)
{
	call(SYS_futex, (uint64_t)word, FUTEX_WAIT_PRIVATE, value, 0);
}

static void futex_wake(uint32_t *word)
{
	__atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST);
	call(SYS_futex, (uint64_t)word, FUTEX_WAKE_PRIVATE, 1, 0);
}

/* ---- the HRT's side, in signal handlers of the HRT thread ---- */

static uint64_t post(uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	uint64_t tag = hvm_slot_tag(++sequence, slot->generation);

	hvm_slot_arguments(slot, arg);
	hvm_slot_publish(slot, tag, nr);
	if (hvm_slot_server_needs_wake(slot)) {
		slot->stats.wakes_sent++;
		futex_wake(&server_word);
	}
	return tag;
}

static int64_t wait_answer(uint64_t tag)
{
	int64_t result;

	for (unsigned int i = 0; i < SPINS; i++) {
		if (hvm_slot_reap(slot, tag, &result))
			return result;
		__builtin_ia32_pause();
	}
	hvm_store_relaxed(&slot->client_sleeping, 1);
	for (;;) {
		uint32_t seen = hvm_load_relaxed(&client_word);

		hvm_fence_full();
		if (hvm_slot_reap(slot, tag, &result))
			break;
		slot->stats.halts++;
		futex_wait(&client_word, seen);
	}
	hvm_store_relaxed(&slot->client_sleeping, 0);
	return result;
}

static int64_t forward(uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	return wait_answer(post(nr, arg));
}

static void save_registers(const ucontext_t *context)
{
	const greg_t *gregs = context->uc_mcontext.gregs;
	uint64_t fs_base = 0;

	call(SYS_arch_prctl, ARCH_GET_FS, (uint64_t)&fs_base, 0, 0);
	entry_registers = (struct hvm_regs){
	    .r15 = (uint64_t)gregs[REG_R15],
	    .r14 = (uint64_t)gregs[REG_R14],
	    .r13 = (uint64_t)gregs[REG_R13],
	    .r12 = (uint64_t)gregs[REG_R12],
	    .rax = (uint64_t)gregs[REG_RAX],
	    .rcx = (uint64_t)gregs[REG_RCX],
	    .rdx = (uint64_t)gregs[REG_RDX],
	    .rsi = (uint64_t)gregs[REG_RSI],
	    .rdi = (uint64_t)gregs[REG_RDI],
	    .rbp = (uint64_t)gregs[REG_RBP],
	    .rbx = (uint64_t)gregs[REG_RBX],
	    .vector = (uint64_t)gregs[REG_TRAPNO],
	    .error = (uint64_t)gregs[REG_ERR],
	    .rip = (uint64_t)gregs[REG_RIP],
	    .rflags = (uint64_t)gregs[REG_EFL],
	    .rsp = (uint64_t)gregs[REG_RSP],
	    .cr2 = (uint64_t)gregs[REG_CR2],
	    .fs_base = fs_base,
	};
	slot->regs = entry_registers;
}

static void park(void)
{
	parked = 1;
	for (;;)
		futex_wait((uint32_t *)&parked, 1);
}

/* As guest-hrt/src/syscall.c answers; false if the proxy must. */
static bool answer_locally(uint64_t nr, const uint64_t arg[HVM_SLOT_ARGS], int64_t *result)
{
	switch (nr) {
	case SYS_arch_prctl:
		if (arg[0] != ARCH_SET_FS && arg[0] != ARCH_GET_FS)
			return false;
		*result = call(SYS_arch_prctl, arg[0], arg[1], 0, 0);
		return true;
	case SYS_getpid:
		local_getpid++;
		*result = slot->pid;
		return true;
	case SYS_gettid:
	case SYS_set_tid_address:
		*result = slot->tid;
		return true;
	case SYS_getcpu:
		*result = call(SYS_getcpu, arg[0], arg[1], 0, 0);
		return true;
	case SYS_set_robust_list:
	case SYS_sched_yield:
		*result = 0;
		return true;
	case SYS_rseq:
		*result = -ENOSYS;
		return true;
	default:
		if (nr < HVM_NR_FIRST_SPECIAL)
			return false;
		*result = -ENOSYS;
		return true;
	}
}

static void on_system_call(int signal, siginfo_t *info, void *context)
{
	greg_t *gregs = ((ucontext_t *)context)->uc_mcontext.gregs;
	uint64_t nr = (uint32_t)info->si_syscall;
	const uint64_t arg[HVM_SLOT_ARGS] = {
	    (uint64_t)gregs[REG_RDI], (uint64_t)gregs[REG_RSI], (uint64_t)gregs[REG_RDX],
	    (uint64_t)gregs[REG_R10], (uint64_t)gregs[REG_R8],	(uint64_t)gregs[REG_R9],
	};
	int64_t result;

	(void)signal;
	save_registers(context);
	in_kernel = true;
	if (answer_locally(nr, arg, &result)) {
		slot->stats.calls_local++;
	} else {
		slot->stats.calls_forwarded++;
		result = forward((uint32_t)nr, arg);
	}
	in_kernel = false;
	gregs[REG_RAX] = result;
}

static void on_exception(int signal, siginfo_t *info, void *context)
{
	const struct hvm_regs *regs = &slot->regs;
	uint64_t fault[HVM_SLOT_ARGS];

	(void)signal;
	(void)info;
	save_registers(context);
	in_kernel = true;
	if (regs->vector == 14) {
		const uint64_t arg[HVM_SLOT_ARGS] = {regs->cr2, regs->error, regs->rip};

		slot->stats.page_faults++;
		if (forward(HVM_NR_PAGE_FAULT, arg) == 0) {
			in_kernel = false;
			return;
		}
	}
	memset(fault, 0, sizeof(fault));
	fault[0] = regs->vector;
	fault[1] = regs->error;
	fault[2] = regs->cr2;
	post(HVM_NR_EXCEPTION, fault);
	park();
}

static void on_stop(int signal, siginfo_t *info, void *context)
{
	uint64_t rip = (uint64_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
	bool in_rig = rip >= (uint64_t)__executable_start && rip < (uint64_t)etext; /* on the way in or out */

	(void)signal;
	(void)info;
	if (in_kernel || in_rig)
		slot->regs = entry_registers;
	else
		save_registers(context);
	park();
}

static void handle(int signal, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

	sigaction(signal, &action, NULL);
}

static _Noreturn void enter_program(uint64_t rip, uint64_t rsp)
{
	__asm__ volatile("movq %1, %%rsp\n\t"
			 "xorl %%edx, %%edx\n\t" /* no function for atexit */
			 "xorl %%ebp, %%ebp\n\t"
			 "jmp *%0"
			 :
			 : "r"(rip), "r"(rsp)
			 : "memory");
	__builtin_unreachable();
}

static void *hrt_thread(void *unused)
{
	const stack_t stack = {.ss_sp = alternate_stack, .ss_size = sizeof(alternate_stack)};
	sigset_t outside;

	(void)unused;
	sigfillset(&outside); /* signals from outside are the proxy's */
	sigdelset(&outside, SIGSYS);
	sigdelset(&outside, SIGSEGV);
	sigdelset(&outside, SIGBUS);
	sigdelset(&outside, SIGFPE);
	sigdelset(&outside, SIGILL);
	sigdelset(&outside, SIGTRAP);
	sigdelset(&outside, SIGNAL_STOP);
	pthread_sigmask(SIG_SETMASK, &outside, NULL);
	sigaltstack(&stack, NULL);
	hrt_tid = gettid();
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, (unsigned long)__executable_start,
		  (unsigned long)(etext - __executable_start), &selector))
		_exit(99);
	slot->stats.start_tsc = __builtin_ia32_rdtsc();
	enter_program(start.rip, start.rsp);
}

/* ---- the device ---- */

int device_open(void)
{
	return memfd_create("hvm-rig", MFD_CLOEXEC);
}

int device_job_create(int fd, struct hvm_job_create *job)
{
	if (job->name[0] && strcmp(job->name, "hrt0") != 0)
		return -ENOENT;
	strcpy(job->name, "hrt0");
	job->partition_cores = job->cores_free = 1;
	if (job->cores > 1)
		return -E2BIG;
	job->slots = 1;
	job->state = HVM_READY;
	job->tsc_khz = 1000000;
	job->spin_cycles = 20000;
	job->pause = 1;
	job->merge_ns = 1;
	return ftruncate(fd, HVM_PAGE_SIZE) ? -errno : 0;
}

struct hvm_slot *device_map_slots(int fd, void *at, unsigned int count, uint64_t *size)
{
	(void)at;
	(void)count;
	*size = HVM_PAGE_SIZE;
	slot = mmap(NULL, HVM_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (slot == MAP_FAILED)
		return NULL;
	slot->generation = 41;
	slot->pid = (uint32_t)getpid();
	slot->tid = (uint32_t)gettid();
	return slot;
}

int device_thread_start(int fd, const struct hvm_thread_start *request)
{
	pthread_t thread;

	(void)fd;
	start = *request;
	handle(SIGSYS, on_system_call);
	handle(SIGSEGV, on_exception);
	handle(SIGBUS, on_exception);
	handle(SIGFPE, on_exception);
	handle(SIGILL, on_exception);
	handle(SIGTRAP, on_exception);
	handle(SIGNAL_STOP, on_stop);
	return -pthread_create(&thread, NULL, hrt_thread, NULL);
}

int device_thread_stop(int fd, uint32_t index)
{
	(void)fd;
	(void)index;
	if (!hrt_tid)
		return 0;
	call(SYS_tgkill, (uint64_t)getpid(), (uint64_t)hrt_tid, SIGNAL_STOP, 0);
	while (!parked)
		sched_yield();
	return 0;
}

int device_wait(int fd, uint32_t index)
{
	int err = 0;

	(void)fd;
	(void)index;
	hvm_store_relaxed(&slot->server_sleeping, 1);
	for (;;) {
		uint32_t seen = hvm_load_relaxed(&server_word);

		hvm_fence_full();
		if (HVM_HEAD_TAG(hvm_load_relaxed(&slot->head)) != hvm_load_relaxed(&slot->done))
			break;
		futex_wait(&server_word, seen);
	}
	hvm_store_relaxed(&slot->server_sleeping, 0);
	return err;
}

int device_kick(int fd, uint32_t index)
{
	(void)fd;
	(void)index;
	futex_wake(&client_word);
	return 0;
}

/* Handlers do not run here. */
int device_signal(int fd, uint32_t index)
{
	return device_kick(fd, index);
}

/* The access failed under Linux already, so it is bad; mincore tells unmapped from forbidden. */
int device_fault(int fd, uint64_t address, uint64_t error)
{
	unsigned char resident;

	(void)fd;
	(void)error;
	return mincore((void *)(address & ~4095ull), 1, &resident) ? -EFAULT : -EACCES;
}

int device_job_stats(int fd, struct hvm_job_stats *stats)
{
	(void)fd;
	*stats = (struct hvm_job_stats){
	    .shootdowns = 2,
	    .shootdown_ns = 3000,
	    .number = {0, SYS_getpid},
	    .local = {slot->stats.calls_local - local_getpid, local_getpid},
	};
	return 0;
}

/* The rig has no child processes. */
int device_job_keep(int fd, bool keep)
{
	(void)fd;
	(void)keep;
	return -ENOTTY;
}

int device_module_symbol(int fd, struct hvm_module_symbol *symbol)
{
	(void)fd;
	(void)symbol;
	return -ENODATA;
}
