/* SPDX-License-Identifier: Apache-2.0 */
/* Signal handlers. Usage: signals PART; each part prints what it saw, which must be the same on Linux and on the HRT.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fenv.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile sig_atomic_t count, seen, depth, deepest;
static volatile int code, stage;
static void *volatile address;
static sigjmp_buf back;
static int ends[2];

/* What a call answered. */
static void show(const char *name, long result)
{
	int error = errno;

	if (result < 0)
		printf("%s: errno %d handled %d\n", name, error, (int)count);
	else
		printf("%s: %ld handled %d\n", name, result, (int)count);
}

static void install(int signal, void (*handler)(int, siginfo_t *, void *), int flags, int blocked)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};

	sigemptyset(&action.sa_mask);
	if (blocked)
		sigaddset(&action.sa_mask, blocked);
	if (sigaction(signal, &action, NULL))
		perror("sigaction");
}

static int is_blocked(int signal)
{
	sigset_t now;

	sigprocmask(SIG_SETMASK, NULL, &now);
	return sigismember(&now, signal);
}

static void change_mask(int how, int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(how, &set, NULL);
}

static void on_count(int signal, siginfo_t *info, void *context)
{
	(void)context;
	count++;
	seen = signal;
	code = info->si_code;
}

static void on_nested(int signal, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	depth++;
	if (depth > deepest)
		deepest = depth;
	count++;
	if (count < 3)
		raise(signal);
	depth--;
}

static void show_mask(int signal, siginfo_t *info, void *context)
{
	ucontext_t *before = context;

	printf("in handler %d from self %d code %d: usr1 %d usr2 %d; before it usr1 %d usr2 %d\n", signal,
	       info->si_pid == getpid(), info->si_code, is_blocked(SIGUSR1), is_blocked(SIGUSR2),
	       sigismember(&before->uc_sigmask, SIGUSR1), sigismember(&before->uc_sigmask, SIGUSR2));
}

static void part_masks(void)
{
	struct sigaction action;

	install(SIGUSR1, show_mask, 0, SIGUSR2);
	raise(SIGUSR1);
	kill(getpid(), SIGUSR1);
	printf("after: usr1 %d usr2 %d\n", is_blocked(SIGUSR1), is_blocked(SIGUSR2));
	install(SIGUSR1, show_mask, SA_NODEFER, 0);
	raise(SIGUSR1);

	count = 0;
	install(SIGUSR2, on_nested, SA_NODEFER, 0);
	raise(SIGUSR2);
	printf("nested %d deep, %d times\n", (int)deepest, (int)count);
	depth = deepest = count = 0;
	install(SIGUSR2, on_nested, 0, 0);
	raise(SIGUSR2);
	printf("deferred %d deep, %d times\n", (int)deepest, (int)count);

	install(SIGUSR2, on_count, SA_RESETHAND, 0);
	raise(SIGUSR2);
	sigaction(SIGUSR2, NULL, &action);
	printf("reset to default %d\n", action.sa_handler == SIG_DFL);

	install(SIGUSR1, on_count, 0, 0);
	count = 0;
	change_mask(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	raise(SIGUSR1);
	printf("blocked: %d times\n", (int)count);
	change_mask(SIG_UNBLOCK, SIGUSR1);
	printf("unblocked: %d times\n", (int)count);
	printf("bad size %d", syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, NULL, 4) ? errno : 0);
	printf(" bad how %d", syscall(SYS_rt_sigprocmask, 7, &action.sa_mask, NULL, 8) ? errno : 0);
	printf(" bad how without set %d", syscall(SYS_rt_sigprocmask, 7, NULL, NULL, 8) ? errno : 0);
	printf(" bad pointer %d\n", syscall(SYS_rt_sigprocmask, SIG_BLOCK, 16, NULL, 8) ? errno : 0);
}

static void on_jump(int signal, siginfo_t *info, void *context)
{
	(void)context;
	seen = signal;
	code = info->si_code;
	address = info->si_addr;
	siglongjmp(back, 1);
}

static void on_access(int signal, siginfo_t *info, void *context)
{
	ucontext_t *at = context;

	printf("signal %d code %d address right %d trap %lld error %lld\n", signal, info->si_code,
	       info->si_addr == address, (long long)at->uc_mcontext.gregs[REG_TRAPNO],
	       (long long)at->uc_mcontext.gregs[REG_ERR]);
	if (mprotect((void *)((uintptr_t)info->si_addr & ~4095ul), 4096, PROT_READ | PROT_WRITE))
		perror("mprotect");
}

static void on_illegal(int signal, siginfo_t *info, void *context)
{
	ucontext_t *at = context;
	greg_t rip = at->uc_mcontext.gregs[REG_RIP];

	printf("signal %d code %d at the instruction %d\n", signal, info->si_code, (greg_t)info->si_addr == rip);
	at->uc_mcontext.gregs[REG_RIP] += signal == SIGILL ? 2 : 0;
	at->uc_mcontext.gregs[REG_RBX] = 77;
}

static void part_faults(void)
{
	volatile char *page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile int zero = 0, seven = 7;
	long changed = 0;

	install(SIGSEGV, on_access, 0, 0);
	address = (void *)(page + 123);
	page[123] = 7;
	printf("written %d\n", page[123]);

	install(SIGSEGV, on_jump, 0, 0);
	munmap((void *)(page + 4096), 4096);
	if (!sigsetjmp(back, 1))
		printf("read %d\n", page[4096]);
	printf("signal %d code %d right %d\n", (int)seen, code, address == page + 4096);
	if (!sigsetjmp(back, 1))
		printf("read %d\n", *(volatile char *)0xffff800000001000ul);
	printf("upper half: signal %d\n", (int)seen);
	if (!sigsetjmp(back, 1))
		printf("read %d\n", *(volatile char *)0x0100000000000000ul);
	printf("not canonical: signal %d code %d\n", (int)seen, code);

	install(SIGFPE, on_jump, 0, 0);
	if (!sigsetjmp(back, 1))
		printf("quotient %d\n", seven / zero);
	printf("signal %d code %d\n", (int)seen, code);
	install(SIGILL, on_illegal, 0, 0);
	__asm__ volatile("ud2" : "=b"(changed));
	printf("changed to %ld\n", changed);
	install(SIGTRAP, on_illegal, 0, 0);
	__asm__ volatile("int3" : "=b"(changed));
	printf("changed to %ld\n", changed);
}

static __attribute__((noinline)) int recurse(volatile char *above)
{
	volatile char frame[4096];

	frame[0] = above ? (char)(above[0] + 1) : 0;
	return stage >= 0 ? recurse(frame) + frame[0] : 0;
}

static void on_overflow(int signal, siginfo_t *info, void *context)
{
	stack_t stack;
	int here;

	(void)context;
	sigaltstack(NULL, &stack);
	printf("signal %d code %d, on the alternate stack %d %d\n", signal, info->si_code, stack.ss_flags == SS_ONSTACK,
	       (char *)&here > (char *)stack.ss_sp && (char *)&here < (char *)stack.ss_sp + stack.ss_size);
	printf("change it: %d\n", sigaltstack(&stack, NULL) ? errno : 0);
	siglongjmp(back, 1);
}

static void part_stack(void)
{
	stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};

	printf("set %d\n", sigaltstack(&stack, NULL));
	install(SIGSEGV, on_overflow, SA_ONSTACK, 0);
	for (int i = 0; i < 3; i++)
		if (!sigsetjmp(back, 1))
			printf("depth %d\n", recurse(NULL));
	stack.ss_flags = (int)(1u << 31); /* SS_AUTODISARM */
	printf("disarming %d\n", sigaltstack(&stack, NULL));
	install(SIGUSR1, on_overflow, SA_ONSTACK, 0);
	if (!sigsetjmp(back, 1))
		raise(SIGUSR1);
	printf("now %d", sigaltstack(NULL, &stack));
	printf(" flags %x\n", stack.ss_flags);
}

/* Clobbers vector registers and the rounding mode, which must come back. */
static void on_tick(int signal, siginfo_t *info, void *context)
{
	volatile double values[8];

	(void)signal;
	(void)info;
	(void)context;
	fesetround(FE_UPWARD);
	for (int i = 0; i < 8; i++)
		values[i] = i * 1.5;
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vpcmpeqb %%xmm0, %%xmm0, %%xmm0\n\tvinsertf128 $1, %%xmm0, %%ymm0, %%ymm0\n\t"
				 "vmovaps %%ymm0, %%ymm7\n\tvmovaps %%ymm0, %%ymm15" ::
				     : "memory");
	count += values[7] > 0;
}

static double compute(long rounds)
{
	double sum = 0, x = 1;

	for (long i = 1; i <= rounds; i++) {
		x = x * 1.0000001 + 0.1 / (double)i;
		sum += x;
	}
	return sum;
}

static void part_timer(void)
{
	const struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
	double quiet = compute(3000000), disturbed;

	install(SIGALRM, on_tick, SA_RESTART, 0);
	setitimer(ITIMER_REAL, &often, NULL);
	do
		disturbed = compute(3000000);
	while (count < 20);
	setitimer(ITIMER_REAL, &never, NULL);
	printf("the same result %d, rounding %d\n", quiet == disturbed, fegetround() == FE_TONEAREST);
}

static void on_write(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	count++;
	if (write(ends[1], "x", 1) != 1)
		_exit(9);
}

static void alarm_soon(void)
{
	const struct itimerval soon = {{0, 0}, {0, 20000}};

	setitimer(ITIMER_REAL, &soon, NULL);
}

static void part_interrupt(void)
{
	struct timespec day = {86400, 0}, left = {0, 0};
	struct pollfd wait;
	fd_set set;
	char byte;

	if (pipe(ends))
		return;
	install(SIGALRM, on_write, SA_RESTART, 0);
	alarm_soon();
	show("restarted read", read(ends[0], &byte, 1));
	install(SIGALRM, on_count, 0, 0);
	alarm_soon();
	show("read", read(ends[0], &byte, 1));
	install(SIGALRM, on_count, SA_RESTART, 0);
	alarm_soon();
	show("nanosleep", nanosleep(&day, &left));
	printf("about a day left %d\n", left.tv_sec > 86000);
	wait = (struct pollfd){.fd = ends[0], .events = POLLIN};
	alarm_soon();
	show("poll", poll(&wait, 1, -1));
	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	alarm_soon();
	show("select", select(ends[0] + 1, &set, NULL, NULL, NULL));
	alarm_soon();
	show("pause", pause());
}

static void part_waiting(void)
{
	struct timespec soon = {0, 10000000}, second = {5, 0};
	struct signalfd_siginfo told;
	sigset_t usr1, none, pending;
	siginfo_t info;
	int fd;

	install(SIGUSR1, on_count, 0, 0);
	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	change_mask(SIG_BLOCK, SIGUSR1);
	show("nothing to wait for", sigtimedwait(&usr1, &info, &soon));
	kill(getpid(), SIGUSR1);
	sigpending(&pending);
	printf("pending %d handled %d\n", sigismember(&pending, SIGUSR1), (int)count);
	show("waited for", sigtimedwait(&usr1, &info, &second));
	printf("code %d\n", info.si_code);

	raise(SIGUSR1);
	printf("suspended %d errno %d handled %d blocked %d\n", sigsuspend(&none), errno, (int)count,
	       is_blocked(SIGUSR1));
	raise(SIGUSR1);
	show("ppoll", ppoll(NULL, 0, &second, &none));
	raise(SIGUSR1);
	show("pselect", pselect(0, NULL, NULL, NULL, &second, &none));

	fd = signalfd(-1, &usr1, 0);
	kill(getpid(), SIGUSR1);
	show("signalfd", read(fd, &told, sizeof(told)));
	printf("it tells %u\n", told.ssi_signo);
}

static int queued[8], queued_count;

static void on_queued(int signal, siginfo_t *info, void *context)
{
	(void)context;
	if (queued_count < 8)
		queued[queued_count++] = (signal - SIGRTMIN) * 1000 + info->si_value.sival_int;
}

static void part_queue(void)
{
	sigset_t real_time, none;

	sigemptyset(&none);
	sigemptyset(&real_time);
	for (int i = 0; i < 3; i++) {
		struct sigaction action = {.sa_sigaction = on_queued, .sa_flags = SA_SIGINFO};

		sigfillset(&action.sa_mask);
		sigaction(SIGRTMIN + i, &action, NULL);
		sigaddset(&real_time, SIGRTMIN + i);
	}
	sigprocmask(SIG_BLOCK, &real_time, NULL);
	for (int i = 0; i < 6; i++)
		sigqueue(getpid(), SIGRTMIN + 2 - i % 3, (union sigval){.sival_int = i});
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 0; i < queued_count; i++)
		printf("%d ", queued[i]);
	printf("\n");
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static __thread volatile int mine;

static void on_thread(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	mine++;
	__atomic_fetch_add(&count, 1, __ATOMIC_SEQ_CST);
}

static void *compute_until_signalled(void *unused)
{
	(void)unused;
	__atomic_store_n(&stage, 1, __ATOMIC_SEQ_CST);
	while (!mine)
		;
	return (void *)1;
}

static void *wait_on_condition(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&lock);
	__atomic_store_n(&stage, 1, __ATOMIC_SEQ_CST);
	while (stage != 2)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	return (void *)(long)mine;
}

static void *read_for_ever(void *unused)
{
	char byte;

	(void)unused;
	__atomic_store_n(&stage, 1, __ATOMIC_SEQ_CST);
	return (void *)read(ends[0], &byte, 1);
}

static void *loop_for_ever(void *unused)
{
	(void)unused;
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	__atomic_store_n(&stage, 1, __ATOMIC_SEQ_CST);
	while (stage > 0)
		;
	return NULL;
}

static void *wait_for_signal(void *unused)
{
	sigset_t usr2;
	int number = 0;

	(void)unused;
	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	__atomic_store_n(&stage, 1, __ATOMIC_SEQ_CST);
	sigwait(&usr2, &number);
	return (void *)(long)number;
}

static pthread_t start(void *(*function)(void *))
{
	pthread_t thread;

	stage = 0;
	if (pthread_create(&thread, NULL, function, NULL))
		_exit(8);
	while (!__atomic_load_n(&stage, __ATOMIC_SEQ_CST))
		sched_yield();
	return thread;
}

static void await_count(int wanted)
{
	while (__atomic_load_n(&count, __ATOMIC_SEQ_CST) < wanted)
		sched_yield();
}

static void part_threads(void)
{
	pthread_t thread;
	void *result;

	install(SIGUSR1, on_thread, SA_RESTART, 0);
	thread = start(compute_until_signalled);
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, &result);
	printf("computing thread %ld, main %d\n", (long)result, mine);

	thread = start(wait_on_condition);
	pthread_mutex_lock(&lock); /* it waits now, or is about to */
	pthread_mutex_unlock(&lock);
	pthread_kill(thread, SIGUSR1);
	await_count(2);
	pthread_mutex_lock(&lock);
	stage = 2;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, &result);
	printf("waiting thread %ld, main %d\n", (long)result, mine);

	if (pipe(ends))
		return;
	thread = start(read_for_ever);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	printf("cancelled reader %d\n", result == PTHREAD_CANCELED);
	thread = start(loop_for_ever);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	printf("cancelled loop %d\n", result == PTHREAD_CANCELED);

	change_mask(SIG_BLOCK, SIGUSR2);
	thread = start(wait_for_signal);
	kill(getpid(), SIGUSR2);
	pthread_join(thread, &result);
	printf("waited for %ld\n", (long)result);
}

/* For the test to signal from outside. */
static void part_obey(void)
{
	install(SIGTERM, on_count, 0, 0);
	install(SIGINT, on_count, SA_RESTART, 0);
	printf("ready\n");
	fflush(stdout);
	while (seen != SIGTERM)
		if (seen == SIGINT) {
			printf("interrupted\n");
			fflush(stdout);
			seen = 0;
		}
	printf("done after %d\n", (int)count);
	exit(3);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*part)(void);
	} parts[] = {
	    {"masks", part_masks}, {"faults", part_faults},	  {"stack", part_stack},
	    {"timer", part_timer}, {"interrupt", part_interrupt}, {"waiting", part_waiting},
	    {"queue", part_queue}, {"threads", part_threads},	  {"obey", part_obey},
	};

	for (size_t i = 0; argc > 1 && i < sizeof(parts) / sizeof(*parts); i++)
		if (strcmp(argv[1], parts[i].name) == 0) {
			parts[i].part();
			return fflush(stdout) ? 1 : 0;
		}
	return 2;
}
