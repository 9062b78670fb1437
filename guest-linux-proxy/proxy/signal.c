/* SPDX-License-Identifier: Apache-2.0 */
#include "signal.h"

#include "death.h"
#include "memory.h"
#include "names.h"
#include "report.h"
#include "thread.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define SIGNALS	    64
#define SIGCANCEL   32
#define SIGSETXID   33
#define ALT_MINIMUM 2048 /* MINSIGSTKSZ of the kernel's uapi */
#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

/* What the kernel keeps of sa_flags (UAPI_SA_FLAGS and SA_RESTORER, kernel/signal.c). */
#define FLAG_TAGBITS  0x00000800ull
#define FLAG_RESTORER 0x04000000ull
#define FLAGS_KNOWN                                                                                                    \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER |                             \
	 (unsigned int)SA_RESETHAND | FLAG_TAGBITS | FLAG_RESTORER)

/* struct sigaction of the kernel, x86-64. */
struct action {
	uint64_t handler, flags, restorer, mask;
};

static struct action actions[SIGNALS + 1];
static struct job *job;

/* The handler below never returns; Linux wants a restorer nevertheless. */
__asm__(".pushsection .text\n"
	"signal_restorer:\n\t"
	"movl $15, %eax\n\t"
	"syscall\n"
	".popsection");
extern const uint8_t signal_restorer[] __attribute__((visibility("hidden")));

static void kernel_action(int signal, const struct action *new_action, struct action *old_action)
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

	return server && server->busy ? server : &job->server[0];
}

static void on_fatal_signal(int signal, siginfo_t *info, void *context)
{
	struct death death = {.signal = signal};

	if (is_synchronous(signal) && info->si_code > 0)
		proxy_crashed(signal, info, context);
	/* hvm.ko ended the job while this process was inside a call, perhaps for ever. */
	if (signal == SIGPWR && info->si_code == SI_KERNEL)
		death_of_thread(concerned(), DEATH_PARTITION);
	if (info->si_code == SI_USER || info->si_code == SI_TKILL || info->si_code == SI_QUEUE) {
		bool own = info->si_pid == getpid();

		death.note = own ? "raised" : "sent";
		death.sender = own ? 0 : info->si_pid;
	}
	if (signal_has_handler(signal))
		death.note = "handler-not-run";
	death_by_signal(concerned(), &death);
}

/* Make this process behave as the table says. */
static void apply(int signal)
{
	struct action action = actions[signal];

	if (action.handler != (uint64_t)SIG_IGN) {
		action.handler = (uint64_t)SIG_DFL;
		action.flags &= SA_NOCLDSTOP | SA_NOCLDWAIT;
		action.restorer = 0;
		action.mask = 0;
		if (ends_program(signal)) {
			action.handler = (uint64_t)on_fatal_signal;
			action.flags = SA_SIGINFO | FLAG_RESTORER;
			action.restorer = (uint64_t)signal_restorer;
			action.mask = ~0ull;
		}
	}
	kernel_action(signal, &action, NULL);
}

void signal_init(struct job *the_job)
{
	job = the_job;
	for (int signal = 1; signal <= SIGNALS; signal++) {
		struct action inherited = {0};

		if (signal == SIGKILL || signal == SIGSTOP)
			continue;
		kernel_action(signal, NULL, &inherited);
		/* Handlers do not survive exec, so it is ignored or default. */
		actions[signal] = (struct action){.handler = inherited.handler};
		apply(signal);
	}
}

bool signal_has_handler(int signal)
{
	return actions[signal].handler != (uint64_t)SIG_DFL && actions[signal].handler != (uint64_t)SIG_IGN;
}

static void set_action(int signal, struct action wanted)
{
	wanted.flags &= FLAGS_KNOWN;
	wanted.mask &= ~(1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1));
	actions[signal] = wanted;
	apply(signal);
	/* glibc's own for cancellation and setuid come with the first thread, wanted or not. */
	if (signal_has_handler(signal) && signal != SIGCANCEL && signal != SIGSETXID)
		report_unserved(SYS_rt_sigaction, "handlers-do-not-run-yet");
}

int64_t signal_action(int signal, uint64_t new_action, uint64_t old_action, uint64_t mask_size)
{
	struct action wanted, before;

	if (mask_size != sizeof(uint64_t))
		return -EINVAL;
	if (new_action && !memory_read(new_action, &wanted, sizeof(wanted)))
		return -EFAULT;
	if (signal < 1 || signal > SIGNALS || (new_action && (signal == SIGKILL || signal == SIGSTOP)))
		return -EINVAL;
	before = actions[signal];
	if (new_action)
		set_action(signal, wanted);
	if (old_action && !memory_write(old_action, &before, sizeof(before)))
		return -EFAULT;
	return 0;
}

static int64_t set_alternate_stack(struct server *server, stack_t wanted)
{
	unsigned int mode = (unsigned int)wanted.ss_flags & ~SS_AUTODISARM;

	if (mode != 0 && mode != SS_DISABLE && mode != SS_ONSTACK)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		wanted.ss_sp = NULL;
		wanted.ss_size = 0;
	} else if (wanted.ss_size < ALT_MINIMUM) {
		return -ENOMEM;
	}
	server->alternate_stack = wanted;
	return 0;
}

int64_t signal_alternate_stack(struct server *server, uint64_t new_stack, uint64_t old_stack)
{
	stack_t before = server->alternate_stack;
	stack_t wanted;

	if (new_stack) {
		int64_t err;

		if (!memory_read(new_stack, &wanted, sizeof(wanted)))
			return -EFAULT;
		err = set_alternate_stack(server, wanted);
		if (err)
			return err;
	}
	if (old_stack && !memory_write(old_stack, &before, sizeof(before)))
		return -EFAULT;
	return 0;
}
