/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's server: the thread of Linux that does for the function on the HRT core what only Linux can. Its
 * thread-local memory is the function's, so what is here is freestanding: raw system calls, no errno, no library, a
 * stack of its own.
 */
#include "backtrace.h"
#include "partition.h"
#include "raw.h"
#include "server.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <ucontext.h>

#include <hvm/poll.h>

#define POLLS_PER_CLOCK 64

#define VECTOR_PAGE_FAULT 14

/* As a thread begins: SDM Vol. 3, 2.3; the aerokernel's selectors are its own affair. */
#define FLAGS_AT_START 0x202

#define NS_PER_S 1000000000ull

/* The worker's own code cannot get on without its memory; so many failures of it within a second are its end. */
#define STRAYS_MAX 16u

enum served {
	SERVED,
	ENDED, /* the worker has left its core, or lost it */
};

static bool poll_slot(struct worker *worker, struct hvm_request *request)
{
	uint64_t deadline = __builtin_ia32_rdtsc() + worker->server_window;

	do {
		for (unsigned int i = 0; i < POLLS_PER_CLOCK; i++) {
			if (hvm_slot_take(worker->slot, worker->last_tag, request))
				return true;
			if (worker->pause)
				__builtin_ia32_pause();
		}
	} while (__builtin_ia32_rdtsc() < deadline);
	return false;
}

static enum served next_request(struct worker *worker, struct hvm_request *request)
{
	const struct hvm_wait wait = {.slot = worker->index};
	uint64_t base = worker->spin_cycles, start = __builtin_ia32_rdtsc();
	bool slept = false;

	while (!poll_slot(worker, request)) {
		int64_t err = raw_ioctl(worker->hvm->fd, HVM_IOC_WAIT, &wait);

		if (err && err != -EINTR && err != -ETIMEDOUT)
			return ENDED;
		slept = true;
	}
	if (slept && !worker->hvm->alone)
		worker->server_window =
		    hvm_poll_adapt(worker->server_window, __builtin_ia32_rdtsc() - start, base, HVM_POLL_SERVER * base);
	worker->last_tag = request->tag;
	return SERVED;
}

static void set_timer(struct worker *worker, uint64_t ns)
{
	const struct itimerspec time = {
	    .it_value = {.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)},
	    .it_interval = {.tv_nsec = ns ? SERVER_REPEAT_NS : 0},
	};
	const uint64_t arg[6] = {(uint64_t)worker->timer, 0, (uint64_t)&time, 0};

	raw_call(SYS_timer_settime, arg);
}

static void end_limit(struct worker *worker)
{
	if (worker->limited)
		set_timer(worker, 0);
	worker->limited = 0;
}

/* Where the worker goes on instead of what it does. */
static void send_back(struct worker *worker)
{
	worker->slot->regs = (struct hvm_regs){
	    .rip = (uint64_t)hvm_worker_recover,
	    .rcx = (uint64_t)hvm_worker_recover,
	    .rdi = (uint64_t)worker,
	    .rsp = worker->stack,
	    .rflags = FLAGS_AT_START,
	    .r11 = FLAGS_AT_START,
	};
	worker->slot->resume = HVM_RESUME_WORKER;
}

/* And not on its way back from what failed. */
static bool is_in_function(const struct worker *worker)
{
	return worker->running && worker->running != worker->ended;
}

/* A failure of the worker's own code: true if it may try again. */
static bool is_bearable(struct worker *worker)
{
	uint64_t now = __builtin_ia32_rdtsc();

	if (now - worker->stray_since > worker->hvm->tsc_khz * 1000) {
		worker->stray_since = now;
		worker->strays = 0;
	}
	return ++worker->strays < STRAYS_MAX;
}

/* What runs ends with @error; the slot's registers say where it was. */
static enum served fail(struct worker *worker, int error, uint32_t vector, uint32_t signal, uint64_t code,
			uint64_t address)
{
	if (!is_in_function(worker) && !is_bearable(worker))
		return ENDED;
	if (is_in_function(worker)) {
		struct hvm_failure *failure = &worker->failure;

		end_limit(worker);
		worker->scarred = 1;
		worker->ended = worker->running;
		worker->error = error;
		failure->vector = vector;
		failure->signal = signal;
		failure->error = code;
		failure->address = address;
		failure->core = worker->index;
		backtrace_record(worker, failure);
		if (worker->running & 1 && worker->wanted)
			backtrace_copy_out(worker->wanted, failure);
	}
	send_back(worker);
	return SERVED;
}

static uint32_t signal_of(uint64_t vector)
{
	switch (vector) {
	case 0:
	case 16:
	case 19:
		return SIGFPE;
	case 1:
	case 3:
		return SIGTRAP;
	case 6:
		return SIGILL;
	case 11:
	case 12:
	case 17:
		return SIGBUS;
	default:
		return SIGSEGV;
	}
}

static enum served serve_fault(struct worker *worker, const uint64_t arg[HVM_SLOT_ARGS], int64_t *result)
{
	const struct hvm_fault fault = {.address = arg[0], .error = arg[1]};
	int64_t err = raw_ioctl(worker->hvm->fd, HVM_IOC_FAULT, &fault);

	*result = 0;
	if (!err || err == -EINTR)
		return SERVED;
	if (arg[3]) { /* the aerokernel's own access, for a system call */
		*result = -EFAULT;
		return SERVED;
	}
	return fail(worker, -EFAULT, VECTOR_PAGE_FAULT, err == -EIO ? SIGBUS : SIGSEGV, arg[1], arg[0]);
}

static enum served serve_exception(struct worker *worker, const uint64_t arg[HVM_SLOT_ARGS])
{
	if (arg[3])
		return ENDED;
	return fail(worker, -EFAULT, (uint32_t)arg[0], signal_of(arg[0]), arg[1],
		    arg[0] == VECTOR_PAGE_FAULT ? arg[2] : 0);
}

/* Somebody had the worker ask whether it is to leave what it does. It stands still meanwhile, so there is no race. */
static enum served serve_signal(struct worker *worker)
{
	hvm_store_relaxed(&worker->slot->signal, 0);
	if (!is_in_function(worker))
		return SERVED;
	if (hvm_load_acquire(&worker->stop))
		return fail(worker, -ESHUTDOWN, HVM_FAILURE_LIMIT, SIGTERM, 0, 0);
	if (hvm_load_acquire(&worker->called_off) == worker->running)
		return fail(worker, -ETIMEDOUT, HVM_FAILURE_LIMIT, SIGXCPU, 0, 0);
	return SERVED;
}

/* What runs may take so long; 0: it has ended. */
static int64_t serve_limit(struct worker *worker, uint64_t ns)
{
	if (!ns) {
		end_limit(worker);
		return 0;
	}
	if (worker->timer < 0) {
		struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SERVER_SIGNAL};

		event._sigev_un._tid = (int)worker->tid;
		event.sigev_value.sival_ptr = worker;
		if (raw_call3(SYS_timer_create, CLOCK_MONOTONIC, (uint64_t)&event, (uint64_t)&worker->timer))
			return -EAGAIN;
	}
	worker->limited = worker->running;
	set_timer(worker, ns);
	return 0;
}

void server_call_off(struct worker *worker, uint64_t what)
{
	hvm_store_release(&worker->called_off, what);
	hvm_store_release(&worker->slot->signal, 1);
	raw_ioctl(worker->hvm->fd, HVM_IOC_SIGNAL, &worker->index);
}

/* What the server does for the function is to end. */
static bool is_called_off(const struct worker *worker)
{
	uint64_t running = hvm_load_relaxed(&worker->running);

	return hvm_load_relaxed(&worker->stop) || (running && hvm_load_relaxed(&worker->called_off) == running);
}

/*
 * Linux has put the thread back onto the SYSCALL instruction of the call that it would make again, where it also is
 * just before one: go on behind it instead.
 */
static void skip_call(ucontext_t *context)
{
	greg_t *registers = context->uc_mcontext.gregs;
	const uint8_t *code = (const uint8_t *)registers[REG_RIP];

	if (code[0] != 0x0f || code[1] != 0x05)
		return;
	registers[REG_RIP] += 2;
	registers[REG_RAX] = -EINTR;
}

/* In the server's thread, by its timer or by hvm_server_interrupt. Who is not meant goes on with its system call. */
static void handle(int number, siginfo_t *info, void *context)
{
	struct worker *worker = info->si_value.sival_ptr;

	(void)number;
	if (info->si_code == SI_TIMER && hvm_load_relaxed(&worker->running) == worker->limited)
		server_call_off(worker, worker->limited);
	if (is_called_off(worker))
		skip_call(context);
}

void hvm_server_install(void)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_RESTART}, present;

	if (!sigaction(SERVER_SIGNAL, NULL, &present) && present.sa_sigaction != handle)
		sigaction(SERVER_SIGNAL, &action, NULL);
}

void hvm_server_interrupt(struct worker *worker)
{
	uint64_t pid = (uint64_t)raw_call3(SYS_getpid, 0, 0, 0);
	siginfo_t info = {.si_signo = SERVER_SIGNAL, .si_code = SI_QUEUE};

	info.si_value.sival_ptr = worker;
	raw_call(SYS_rt_tgsigqueueinfo, (const uint64_t[6]){pid, worker->tid, SERVER_SIGNAL, (uint64_t)&info});
}

static int64_t tell_clock(struct worker *worker, uint64_t clock)
{
	uint64_t before = __builtin_ia32_rdtsc();
	struct timespec now = {0};

	raw_call3(SYS_clock_gettime, clock, (uint64_t)&now, 0);
	hvm_store_relaxed(&worker->slot->arg[1], before + (__builtin_ia32_rdtsc() - before) / 2);
	return (int64_t)now.tv_sec * (int64_t)NS_PER_S + now.tv_nsec;
}

/* A signal that a function raises for itself is the process's: none is taken here. */
static int64_t serve_tgkill(const struct worker *worker, const uint64_t arg[HVM_SLOT_ARGS])
{
	if (arg[1] != worker->tid)
		return raw_call(SYS_tgkill, arg);
	return raw_call3(SYS_kill, arg[0], arg[2], 0);
}

static enum served serve_call(struct worker *worker, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS], int64_t *result)
{
	switch (nr) {
	case CALL_LEAVE:
		return ENDED;
	case CALL_LIMIT:
		*result = serve_limit(worker, arg[0]);
		return SERVED;
	case SYS_exit:
		*result = 0;
		return fail(worker, -ECANCELED, HVM_FAILURE_EXIT, 0, arg[0], 0);
	case SYS_clone:
	case SYS_clone3:
	case SYS_fork:
	case SYS_vfork:
	case SYS_rt_sigreturn:
	case SYS_set_robust_list:
	case SYS_set_tid_address:
		*result = -ENOSYS;
		return SERVED;
	case SYS_rt_sigprocmask: /* all signals stay blocked */
		*result = raw_call(nr, (const uint64_t[6]){0, 0, arg[2], arg[3]});
		return SERVED;
	case SYS_tgkill:
		*result = serve_tgkill(worker, arg);
		return SERVED;
	default:
		*result = raw_call(nr, arg);
		return SERVED;
	}
}

static enum served act(struct worker *worker, const struct hvm_request *request, int64_t *result)
{
	*result = 0;
	switch (request->nr) {
	case HVM_NR_PAGE_FAULT:
		return serve_fault(worker, request->arg, result);
	case HVM_NR_EXCEPTION:
		return serve_exception(worker, request->arg);
	case HVM_NR_SIGNAL:
		return serve_signal(worker);
	case HVM_NR_SIGNAL_MASK:
		return SERVED;
	case HVM_NR_CLOCK:
		*result = tell_clock(worker, request->arg[0]);
		return SERVED;
	case HVM_NR_THREAD_GONE:
		return ENDED;
	default:
		if (request->nr < HVM_NR_FIRST_SPECIAL)
			return serve_call(worker, request->nr, request->arg, result);
		*result = -ENOSYS;
		return SERVED;
	}
}

static int64_t start(struct worker *worker)
{
	const struct hvm_thread_start start = {
	    .core = worker->index,
	    .slot = worker->index,
	    .flags = HVM_THREAD_WORKER,
	    .rip = (uint64_t)hvm_worker_begin,
	    .rsp = worker->stack,
	    .fs_base = worker->fs_base,
	    .arg = {(uint64_t)worker},
	    .call_slot = worker->hvm->pool ? worker->hvm->submit_slot : worker->index,
	};

	worker->last_tag = HVM_HEAD_TAG(hvm_load_acquire(&worker->slot->head));
	return raw_ioctl(worker->hvm->fd, HVM_IOC_THREAD_START, &start);
}

void hvm_serve(struct worker *worker)
{
	struct hvm_request request;
	int64_t result = start(worker);

	server_tell(&worker->started, result ? (int32_t)result : 1);
	if (result)
		return;
	while (next_request(worker, &request) == SERVED && act(worker, &request, &result) == SERVED) {
		hvm_slot_answer(worker->slot, request.tag, result);
		if (hvm_slot_client_needs_wake(worker->slot))
			raw_ioctl(worker->hvm->fd, HVM_IOC_KICK, &worker->index);
	}
}
