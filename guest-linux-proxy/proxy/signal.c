/* SPDX-License-Identifier: Apache-2.0 */
#include "signal.h"

#include "death.h"
#include "memory.h"
#include "names.h"
#include "raw.h"
#include "thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define SIGNALS 64
#define ALL	(~0ull)

/* What the kernel keeps of sa_flags (UAPI_SA_FLAGS and SA_RESTORER, kernel/signal.c). */
#define FLAG_TAGBITS  0x00000800ull
#define FLAG_RESTORER 0x04000000ull
#define FLAGS_KNOWN                                                                                                    \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER |                             \
	 (unsigned int)SA_RESETHAND | FLAG_TAGBITS | FLAG_RESTORER)

/* The table, under a spin lock that is taken with all signals blocked: their handler takes it, too. */
static struct signal_table actions;
static atomic_flag actions_lock = ATOMIC_FLAG_INIT;

/* A child of vfork, of which only this Linux thread knows, has its own. */
static __thread struct signal_table *own_table;

static struct signal_action *entry(int signal)
{
	return &(own_table ? own_table : &actions)->action[signal];
}

/* Where a signal came from that had to be sent to this process again. */
static siginfo_t sent_again[SIGNALS + 1];

static struct job *job;

/* Linux wants a restorer. */
__asm__(".pushsection .text\n"
	"signal_restorer:\n\t"
	"movl $15, %eax\n\t"
	"syscall\n"
	".popsection");
extern const uint8_t signal_restorer[] __attribute__((visibility("hidden")));

void signal_set_linux_mask(uint64_t mask)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
}

uint64_t signal_linux_mask(void)
{
	uint64_t mask = 0;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, sizeof(mask));
	return mask;
}

/* Of one that blocks all signals. */
static void lock_actions(void)
{
	while (atomic_flag_test_and_set_explicit(&actions_lock, memory_order_acquire))
		__builtin_ia32_pause();
}

static void unlock_actions(void)
{
	atomic_flag_clear_explicit(&actions_lock, memory_order_release);
}

static struct signal_action action_of(int signal)
{
	struct signal_action action;

	lock_actions();
	action = *entry(signal);
	unlock_actions();
	return action;
}

static bool is_handler(const struct signal_action *action)
{
	return action->handler != (uint64_t)SIG_DFL && action->handler != (uint64_t)SIG_IGN;
}

static void kernel_action(int signal, const struct signal_action *new_action, struct signal_action *old_action)
{
	syscall(SYS_rt_sigaction, signal, new_action, old_action, sizeof(uint64_t));
}

static bool ends_program(int signal)
{
	switch (signal) {
	case SIGCHLD:
	case SIGCONT:
	case SIGURG:
	case SIGWINCH: /* ignored by default */
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU: /* stop */
	case SIGKILL:
		return false;
	default:
		return true;
	}
}

static bool is_synchronous(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE || signal == SIGTRAP;
}

/* An exception in the proxy's own code. */
static _Noreturn void proxy_crashed(int signal, const siginfo_t *info, const ucontext_t *context)
{
	char reason[160];

	snprintf(reason, sizeof(reason),
		 "the proxy itself crashed: %s at rip %#llx, address %#llx (a defect of hvm-proxy)",
		 signal_name(signal), (unsigned long long)context->uc_mcontext.gregs[REG_RIP],
		 (unsigned long long)(uintptr_t)info->si_addr);
	death_of_thread(&job->server[0], reason);
}

/* The HRT thread that a signal of this Linux thread concerns. */
static struct server *concerned(void)
{
	struct server *server = thread_self();

	return server && thread_is_alive(server) ? server : &job->server[0];
}

static _Noreturn void end_program(int signal, const siginfo_t *info)
{
	struct death death = {.signal = signal};

	if (info->si_code == SI_USER || info->si_code == SI_TKILL || info->si_code == SI_QUEUE) {
		bool own = info->si_pid == getpid();

		death.note = own ? "raised" : "sent";
		death.sender = own ? 0 : info->si_pid;
	}
	death_by_signal(concerned(), &death);
}

static uint64_t *mask_after(void *context)
{
	return (uint64_t *)&((ucontext_t *)context)->uc_sigmask; /* the kernel's has 64 bits */
}

/* True if it was meant for this thread alone. */
static bool is_for_thread(int signal, const siginfo_t *info)
{
	return info->si_code == SI_TKILL || (signal == SIGPIPE && info->si_code == SI_USER && info->si_pid == getpid());
}

/*
 * Send a signal to this process again, or to this thread. Linux lets nobody but the first thread claim to the process
 * that it comes from elsewhere; what it said is kept here for whoever gets it.
 */
static void send_again(int signal, const siginfo_t *info)
{
	pid_t pid = getpid(), tid = (pid_t)syscall(SYS_gettid);

	if (is_for_thread(signal, info)) {
		syscall(SYS_rt_tgsigqueueinfo, pid, tid, signal, info);
	} else if (syscall(SYS_rt_sigqueueinfo, pid, signal, info)) {
		lock_actions();
		sent_again[signal] = *info;
		unlock_actions();
		kill(pid, signal);
	}
}

static void recall_sender(int signal, siginfo_t *info)
{
	if (info->si_code != SI_USER || info->si_pid != getpid())
		return;
	lock_actions();
	if (sent_again[signal].si_signo)
		*info = sent_again[signal];
	sent_again[signal].si_signo = 0;
	unlock_actions();
}

static void block_in_linux(struct server *server, uint64_t mask)
{
	server->signals.blocked |= mask;
	hvm_store_relaxed(&server->slot->server_mask, server->signals.blocked);
}

void signal_put_back(struct server *server)
{
	const struct signal_taken *taken = &server->signals.arrived;

	if (!taken->number)
		return;
	if (hvm_load_relaxed(&server->slot->signal_mask) & SIGNAL_BIT(taken->number))
		block_in_linux(server, SIGNAL_BIT(taken->number));
	send_again(taken->number, &taken->info);
}

/* The HRT thread asks for it on its way back to the program; while it waits for an answer, it is on that way. */
static void take(struct server *server, int signal, const siginfo_t *info, void *context)
{
	struct signal_state *signals = &server->signals;

	signals->arrived = (struct signal_taken){
	    .number = signal,
	    .in_call = signals->in_call,
	    .call_mask = signals->call_mask,
	    .info = *info,
	};
	raw_held = 1;
	raw_interrupt(context);
	*mask_after(context) = ALL;
	hvm_store_relaxed(&server->slot->signal, 1);
	hvm_fence_full();
	if (!signals->serving)
		device_signal(server->job->fd, server->index);
}

/* Not now, or not for this thread: Linux keeps it, and this one blocks it until the HRT thread unblocks it. */
static void leave_to_linux(struct server *server, int signal, const siginfo_t *info, void *context)
{
	if (!server || server->signals.arrived.number) {
		*mask_after(context) = ALL;
	} else {
		block_in_linux(server, SIGNAL_BIT(signal));
		*mask_after(context) |= SIGNAL_BIT(signal);
	}
	send_again(signal, info);
}

static bool is_for_later(const struct server *server, int signal)
{
	const struct signal_state *signals = &server->signals;
	uint64_t mask = signals->in_call ? signals->call_mask : hvm_load_relaxed(&server->slot->signal_mask);

	return signals->arrived.number || mask & SIGNAL_BIT(signal);
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
	struct server *server = thread_self();
	struct signal_action action;

	if (is_synchronous(signal) && info->si_code > 0)
		proxy_crashed(signal, info, context);
	/* hvm.ko ended the job while this process was inside a call, perhaps for ever. */
	if (signal == SIGPWR && info->si_code == SI_KERNEL)
		death_of_thread(concerned(), DEATH_PARTITION);
	recall_sender(signal, info);
	if (!server || is_for_later(server, signal)) {
		leave_to_linux(server, signal, info, context);
		return;
	}
	action = action_of(signal);
	if (is_handler(&action))
		take(server, signal, info, context);
	else if (action.handler == (uint64_t)SIG_DFL && ends_program(signal))
		end_program(signal, info);
}

/* Make this process behave as the table says; the lock is held. */
static void apply(int signal)
{
	struct signal_action action = *entry(signal);
	bool handled = is_handler(&action);

	if (action.handler != (uint64_t)SIG_IGN) {
		action.flags &= SA_NOCLDSTOP | SA_NOCLDWAIT | (handled ? SA_RESTART : 0u);
		action.handler = (uint64_t)SIG_DFL;
		action.restorer = 0;
		action.mask = 0;
		if (handled || ends_program(signal)) {
			action.handler = (uint64_t)on_signal;
			action.flags |= SA_SIGINFO | FLAG_RESTORER;
			action.restorer = (uint64_t)signal_restorer;
			action.mask = ALL;
		}
	}
	kernel_action(signal, &action, NULL);
}

void signal_init(struct job *the_job, const uint64_t *mask)
{
	struct server *first = &the_job->server[0];

	job = the_job;
	for (int signal = 1; signal <= SIGNALS; signal++) {
		struct signal_action inherited = {0};

		if (signal == SIGKILL || signal == SIGSTOP)
			continue;
		kernel_action(signal, NULL, &inherited);
		/* Handlers do not survive exec, so it is ignored or default. */
		*entry(signal) = (struct signal_action){.handler = inherited.handler};
		apply(signal);
	}
	first->signals.blocked = mask ? *mask : signal_linux_mask();
	hvm_store_relaxed(&first->slot->signal_mask, first->signals.blocked);
	hvm_store_relaxed(&first->slot->server_mask, first->signals.blocked);
	signal_set_linux_mask(first->signals.blocked);
}

void signal_begin(struct server *server, uint64_t mask, const stack_t *alternate_stack)
{
	server->signals = (struct signal_state){.blocked = mask, .alternate_stack = *alternate_stack};
	hvm_store_relaxed(&server->slot->signal_mask, mask);
	hvm_store_relaxed(&server->slot->server_mask, mask);
	hvm_store_relaxed(&server->slot->signal, 0);
	raw_held = 0;
}

void signal_own_table(void)
{
	if (own_table)
		actions = *own_table;
	own_table = NULL;
}

void signal_hold(void)
{
	lock_actions();
}

void signal_let_go(void)
{
	unlock_actions();
}

struct signal_table *signal_copy_table(struct signal_table *copy)
{
	struct signal_table *before = own_table;

	lock_actions();
	*copy = before ? *before : actions;
	unlock_actions();
	own_table = copy;
	return before;
}

void signal_use_table(struct signal_table *table)
{
	own_table = table;
}

bool signal_has_handler(int signal)
{
	return hvm_load_relaxed(&entry(signal)->handler) > (uint64_t)SIG_IGN;
}

struct signal_action signal_take_action(int signal)
{
	uint64_t mask = signal_linux_mask();
	struct signal_action action;

	signal_set_linux_mask(ALL);
	lock_actions();
	action = *entry(signal);
	if (action.flags & (unsigned int)SA_RESETHAND) {
		entry(signal)->handler = (uint64_t)SIG_DFL;
		apply(signal);
	}
	unlock_actions();
	signal_set_linux_mask(mask);
	return action;
}

/* Exchange; all signals are blocked meanwhile. */
static struct signal_action set_action(int signal, const struct signal_action *wanted)
{
	uint64_t mask = signal_linux_mask();
	struct signal_action before;

	signal_set_linux_mask(ALL);
	lock_actions();
	before = *entry(signal);
	if (wanted) {
		*entry(signal) = *wanted;
		entry(signal)->flags &= FLAGS_KNOWN;
		entry(signal)->mask &= ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
		apply(signal);
	}
	unlock_actions();
	signal_set_linux_mask(mask);
	return before;
}

int64_t signal_change_action(int signal, uint64_t new_action, uint64_t old_action, uint64_t mask_size)
{
	struct signal_action wanted, before;

	if (mask_size != sizeof(uint64_t))
		return -EINVAL;
	if (new_action && !memory_read(new_action, &wanted, sizeof(wanted)))
		return -EFAULT;
	if (signal < 1 || signal > SIGNALS || (new_action && (signal == SIGKILL || signal == SIGSTOP)))
		return -EINVAL;
	before = set_action(signal, new_action ? &wanted : NULL);
	if (old_action && !memory_write(old_action, &before, sizeof(before)))
		return -EFAULT;
	return 0;
}

void signal_synchronise(struct server *server)
{
	struct signal_state *signals = &server->signals;
	uint64_t mask = hvm_load_relaxed(&server->slot->signal_mask);

	if (mask == signals->blocked)
		return;
	signals->blocked = mask;
	hvm_store_relaxed(&server->slot->server_mask, mask);
	if (!signals->arrived.number) /* else it is closed until that one is told */
		signal_set_linux_mask(mask);
}

void signal_close(struct server *server)
{
	signal_set_linux_mask(ALL);
	signal_put_back(server);
	server->signals.arrived.number = 0;
	raw_held = 0;
}

void signal_open(struct server *server)
{
	signal_set_linux_mask(server->signals.blocked);
}

void signal_leave(struct server *server)
{
	signal_set_linux_mask(ALL);
	block_in_linux(server, ALL);
	signal_put_back(server);
	server->signals.arrived.number = 0;
	raw_held = 0;
}
