/* SPDX-License-Identifier: Apache-2.0 */
/* The loop on a thread of this process: for trying functions and clients without a VM. An exception is a signal. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#include "serve.h"

#define ALTERNATE_STACK 65536
#define INTERRUPT	SIGUSR1

static struct {
	pthread_t thread;
	sigjmp_buf leave;
	enum runner_state end;
	struct hvm_window_failure failure;
	void *stack; /* of the handlers */
} native;

/* True on the thread that runs the loop. */
static __thread bool native_thread;

static void on_exception(int number, siginfo_t *info, void *context)
{
	const greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

	if (!native_thread) {
		signal(number, SIG_DFL); /* ours, and a bug: it comes again */
		return;
	}
	native.failure = (struct hvm_window_failure){
	    .vector = (uint32_t)registers[REG_TRAPNO],
	    .signal = (uint32_t)number,
	    .error = (uint64_t)registers[REG_ERR],
	    .instruction = (uint64_t)registers[REG_RIP],
	    .address = (uint64_t)info->si_addr,
	};
	native.end = RUNNER_FAULT;
	siglongjmp(native.leave, 1);
}

static void on_interrupt(int number)
{
	(void)number;
	native.end = RUNNER_LOST;
	siglongjmp(native.leave, 1);
}

static void handle_signals(void)
{
	static const int exceptions[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
	struct sigaction action = {.sa_sigaction = on_exception, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	for (unsigned int i = 0; i < sizeof(exceptions) / sizeof(*exceptions); i++)
		sigaction(exceptions[i], &action, NULL);
	action = (struct sigaction){.sa_handler = on_interrupt, .sa_flags = SA_ONSTACK};
	sigaction(INTERRUPT, &action, NULL);
}

static void *run(void *argument)
{
	stack_t stack = {.ss_sp = native.stack, .ss_size = ALTERNATE_STACK}, old;
	sigset_t set;

	native_thread = true;
	sigaltstack(&stack, &old);
	if (!sigsetjmp(native.leave, 1)) {
		sigemptyset(&set);
		sigaddset(&set, INTERRUPT);
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
		serve_loop(argument);
		native.end = RUNNER_ENDED;
	}
	sigaltstack(&old, NULL);
	return NULL;
}

static bool native_start(struct serve *serve)
{
	sigset_t set, old;
	int error;

	if (!native.stack)
		native.stack = malloc(ALTERNATE_STACK);
	handle_signals();
	/* An interrupt before the thread has somewhere to leave to waits. The rest is for the main thread. */
	sigfillset(&set);
	for (int number = SIGILL; number <= SIGSEGV; number++)
		if (number != SIGKILL && number != SIGUSR1)
			sigdelset(&set, number);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	error = native.stack ? pthread_create(&native.thread, NULL, run, serve) : ENOMEM;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error)
		fprintf(stderr, "hvm-serve: no thread: %s\n", strerror(error));
	return !error;
}

static enum runner_state native_wait(unsigned int ms, struct hvm_window_failure *failure)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	until.tv_sec += ms / 1000 + (unsigned int)(until.tv_nsec / 1000000000);
	until.tv_nsec %= 1000000000;
	if (pthread_timedjoin_np(native.thread, NULL, &until))
		return RUNNER_RUNS;
	*failure = native.failure;
	return native.end;
}

static void native_interrupt(void)
{
	pthread_kill(native.thread, INTERRUPT);
}

static void native_close(void)
{
	free(native.stack);
	native.stack = NULL;
}

const struct runner native_runner = {native_start, native_wait, native_interrupt, native_close};
