// SPDX-License-Identifier: Apache-2.0
/*
 * Tries what only a kernel may. In ring 3 each attempt ends in a signal, or changes nothing: the lines that this prints
 * are the same on an HRT partition with "privilege: user" and in Linux. "hostile slots" is for the HRT only: it writes
 * nonsense to what the aerokernel reads of the job's memory, and need not end well.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define DIRECT_MAP 0xffff800010000000ull /* partition memory (hvm/partition.h) */
#define IMAGE	   0xffffffff80000000ull /* the aerokernel */
#define LINUX	   0xffff888000000000ull /* Linux' direct map, with page-table isolation or without */
#define BETWEEN	   0x0000800000000000ull /* no address at all */

#define FLAG_NT	    0x4000u
#define FLAG_IOPL   0x3000u
#define FLAG_IF	    0x0200u
#define FLAG_TF	    0x0100u
#define USER_CODE   0x33
#define KERNEL_CODE 0x08

static sigjmp_buf back;
static volatile int caught, code;

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	caught = number;
	code = info->si_code;
	siglongjmp(back, 1);
}

static void install(void)
{
	static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	static uint8_t memory[65536];
	const stack_t stack = {.ss_sp = memory, .ss_size = sizeof(memory)};

	sigaltstack(&stack, NULL);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sigaction(numbers[i], &action, NULL);
}

/* An attempt by one instruction, or a few. */
#define TRY(name, text, ...)                                                                                           \
	do {                                                                                                           \
		caught = 0;                                                                                            \
		if (!sigsetjmp(back, 1))                                                                               \
			__asm__ volatile("sub $128, %%rsp\n\t" text "\n\tadd $128, %%rsp"                              \
					 :                                                                             \
					 : __VA_ARGS__                                                                 \
					 : "rax", "rcx", "rdx", "rdi", "r11", "cc", "memory");                         \
		if (caught)                                                                                            \
			printf("%s: signal %d, code %d\n", name, caught, code);                                        \
		else                                                                                                   \
			printf("%s: nothing happened\n", name);                                                        \
	} while (0)

static void try_instructions(void)
{
	static uint8_t table[10];

	TRY("cli", "cli", "i"(0));
	TRY("sti", "sti", "i"(0));
	TRY("hlt", "hlt", "i"(0));
	TRY("in", "inb $0x60, %%al", "i"(0));
	TRY("out", "outb %%al, $0xf4", "i"(0));
	TRY("wrmsr", "mov $0xc0000082, %%ecx; wrmsr", "i"(0));
	TRY("rdmsr", "mov $0xc0000101, %%ecx; rdmsr", "i"(0));
	TRY("rdpmc", "xor %%ecx, %%ecx; rdpmc", "i"(0));
	TRY("to cr3", "mov %0, %%cr3", "r"(0ull));
	TRY("from cr3", "mov %%cr3, %%rax", "i"(0));
	TRY("to cr4", "mov %0, %%cr4", "r"(0ull));
	TRY("to dr7", "mov %0, %%dr7", "r"(0x401ull));
	TRY("clts", "clts", "i"(0));
	TRY("invlpg", "invlpg (%0)", "r"(table));
	TRY("wbinvd", "wbinvd", "i"(0));
	TRY("lgdt", "lgdt (%0)", "r"(table));
	TRY("lidt", "lidt (%0)", "r"(table));
	TRY("lldt", "lldt %w0", "r"(0));
	TRY("ltr", "ltr %w0", "r"(0x18));
	TRY("swapgs", "swapgs", "i"(0));
	TRY("sysret", "mov %0, %%rcx; sysretq", "r"(BETWEEN));
	TRY("xsetbv", "xor %%ecx, %%ecx; mov $7, %%eax; xor %%edx, %%edx; xsetbv", "i"(0));
	TRY("int of the doorbell", "int $0xf0", "i"(0));
	TRY("int of a page fault", "int $14", "i"(0));
	TRY("int of a double fault", "int $8", "i"(0));
	TRY("int3", "int3", "i"(0));
	TRY("far return to the kernel", "push %0; lea 1f(%%rip), %%rax; push %%rax; lretq; 1:", "i"(KERNEL_CODE));
	TRY("the kernel's data segment", "mov %w0, %%ss", "r"(0x10));
	TRY("ud2", "ud2", "i"(0));
}

static void try_memory(void)
{
	static const uint64_t places[] = {DIRECT_MAP, IMAGE, LINUX, BETWEEN, IMAGE + 0x40, ~0xfffull};
	ssize_t written;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		printf("%#llx\n", (unsigned long long)places[i]);
		TRY(" load", "mov (%0), %%rax", "r"(places[i]));
		TRY(" store", "movq $0, (%0)", "r"(places[i]));
		TRY(" add", "lock; addq $1, (%0)", "r"(places[i]));
		TRY(" jump", "jmp *%0", "r"(places[i]));
		if (places[i] != BETWEEN) /* QEMU takes it for another exception than processors do */
			TRY(" stack", "mov %%rsp, %%rcx; mov %0, %%rsp; mov (%%rsp), %%rax; mov %%rcx, %%rsp",
			    "r"(places[i]));
		written = write(1, (void *)places[i], 8);
		printf(" write: %s\n", written < 0 ? strerrorname_np(errno) : "done");
	}
}

static uint64_t flags(void)
{
	uint64_t value;

	__asm__ volatile("pushfq; pop %0" : "=r"(value));
	return value;
}

static uint64_t code_segment(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cs, %0" : "=r"(value));
	return value;
}

static void tell_ring(const char *after)
{
	printf("%s: ring %llu, IOPL %llu, interrupts %s\n", after, (unsigned long long)code_segment() & 3,
	       (unsigned long long)(flags() & FLAG_IOPL) >> 12, flags() & FLAG_IF ? "on" : "off");
}

static void try_flags(void)
{
	uint64_t wanted = (flags() | FLAG_IOPL) & ~(uint64_t)FLAG_IF;

	__asm__ volatile("push %0; popfq" : : "r"(wanted) : "cc", "memory");
	tell_ring("popf");
	/* Off the red zone: the frame of IRETQ. */
	__asm__ volatile(
	    "mov %%rsp, %%rcx; sub $256, %%rsp; mov %%ss, %%eax; push %%rax; push %%rcx; push %0; mov %%cs, "
	    "%%eax; push %%rax; lea 1f(%%rip), %%rax; push %%rax; iretq; 1:"
	    :
	    : "r"(wanted)
	    : "rax", "rcx", "cc", "memory");
	tell_ring("iret");
}

/* What a signal's handler leaves for rt_sigreturn. */
static enum { CHANGE_FLAGS, CHANGE_SEGMENTS, CHANGE_RIP, CHANGE_UPPER_RIP, CHANGE_RSP, CHANGE_STATE } change;

static void on_user(int number, siginfo_t *info, void *context)
{
	ucontext_t *saved = context;
	greg_t *r = saved->uc_mcontext.gregs;

	(void)number;
	(void)info;
	switch (change) {
	case CHANGE_FLAGS: /* IOPL, VM, VIF, VIP; not IF */
		r[REG_EFL] = (r[REG_EFL] | FLAG_IOPL | 0x1a0000) & ~(greg_t)FLAG_IF;
		break;
	case CHANGE_SEGMENTS:
		r[REG_CSGSFS] = KERNEL_CODE | 0x10ll << 48;
		break;
	case CHANGE_RIP:
		r[REG_RIP] = (greg_t)BETWEEN;
		break;
	case CHANGE_UPPER_RIP:
		r[REG_RIP] = (greg_t)IMAGE;
		break;
	case CHANGE_RSP:
		r[REG_RSP] = (greg_t)BETWEEN;
		break;
	case CHANGE_STATE: /* all of MXCSR, and a mask that allows it; components and format of the header */
		saved->uc_mcontext.fpregs->mxcsr = ~0u;
		saved->uc_mcontext.fpregs->mxcr_mask = ~0u;
		memset((uint8_t *)saved->uc_mcontext.fpregs + 512, 0xff, 64);
		break;
	}
}

/* In a child: a signal may be the end. */
static int child(void (*function)(void))
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};

		for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
			signal(numbers[i], SIG_DFL);
		function();
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void return_from_signal(void)
{
	struct sigaction action = {.sa_sigaction = on_user, .sa_flags = SA_SIGINFO};

	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	if ((code_segment() & 3) != 3 || flags() & FLAG_IOPL || !(flags() & FLAG_IF))
		_exit(99);
}

static void enter_bad_handler(void)
{
	struct sigaction action = {.sa_handler = (void (*)(int))BETWEEN};

	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	_exit(98);
}

/* Linux and the aerokernel may differ in what they let go, not in what it leads to. */
static const char *verdict(int status)
{
	if (WIFSIGNALED(status))
		return "died or went on";
	return WEXITSTATUS(status) == 0 ? "died or went on" : "WAS LET";
}

static void try_sigreturn(void)
{
	change = CHANGE_FLAGS;
	printf("sigreturn with flags: %d\n", child(return_from_signal));
	change = CHANGE_SEGMENTS;
	printf("sigreturn with segments: %s\n", verdict(child(return_from_signal)));
	change = CHANGE_RIP;
	printf("sigreturn to no address: signal %d\n", WTERMSIG(child(return_from_signal)));
	change = CHANGE_UPPER_RIP;
	printf("sigreturn to the kernel: signal %d\n", WTERMSIG(child(return_from_signal)));
	change = CHANGE_RSP;
	printf("sigreturn to no stack: %s\n", verdict(child(return_from_signal)));
	change = CHANGE_STATE;
	printf("sigreturn with vector state: %s\n", verdict(child(return_from_signal)));
	printf("a handler at no address: signal %d\n", WTERMSIG(child(enter_bad_handler)));
}

static bool has_fsgsbase(void)
{
	return getauxval(AT_HWCAP2) & 2;
}

/* System calls, a page fault and flushes with a GS base that looks like the kernel's. */
static void try_gs_base(uint64_t base)
{
	uint8_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t now = 0;

	if (!has_fsgsbase())
		return;
	__asm__ volatile("wrgsbase %0" : : "r"(base));
	for (int i = 0; i < 1000; i++)
		syscall(SYS_getpid);
	*page = 1;
	munmap(page, 4096);
	sched_yield();
	__asm__ volatile("rdgsbase %0" : "=r"(now));
	printf("GS base %#llx: %s\n", (unsigned long long)base, now == base ? "kept" : "lost");
	TRY(" used", "mov %%gs:0, %%rax", "i"(0));
	__asm__ volatile("wrgsbase %0" : : "r"(0ull));
}

static void try_bases(void)
{
	static const uint64_t places[] = {BETWEEN, IMAGE, DIRECT_MAP};

	try_gs_base(DIRECT_MAP + 0x904000);
	try_gs_base(IMAGE);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		errno = 0;
		printf("arch_prctl: %ld", syscall(SYS_arch_prctl, ARCH_SET_GS, places[i]));
		printf(" %s\n", strerrorname_np(errno));
		errno = 0;
		printf("arch_prctl: %ld", syscall(SYS_arch_prctl, ARCH_SET_FS, places[i]));
		printf(" %s\n", strerrorname_np(errno));
		errno = 0;
		printf("arch_prctl: %ld", syscall(SYS_arch_prctl, ARCH_GET_FS, places[i]));
		printf(" %s\n", strerrorname_np(errno));
	}
	if (has_fsgsbase() && !sigsetjmp(back, 1)) { /* processors refuse, QEMU does not */
		__asm__ volatile("wrgsbase %0" : : "r"(BETWEEN));
		for (int k = 0; k < 1000; k++)
			sched_yield();
		__asm__ volatile("wrgsbase %0" : : "r"(0ull));
	}
}

/* What lies below the stack pointer is the program's, whatever comes between. */
static void try_red_zone(void)
{
	uint64_t changed = 0;

	for (int i = 0; i < 2000; i++) {
		uint64_t sum = 0;

		__asm__ volatile("movq $77, -8(%%rsp)\n\t"
				 "movq $88, -128(%%rsp)\n\t"
				 "mov $39, %%eax\n\t"
				 "syscall\n\t"
				 "mov $110, %%eax\n\t"
				 "syscall\n\t"
				 "movq -8(%%rsp), %0\n\t"
				 "addq -128(%%rsp), %0"
				 : "=&r"(sum)
				 :
				 : "rax", "rcx", "r11", "memory");
		changed += sum != 165;
	}
	printf("red zone: changed %llu times\n", (unsigned long long)changed);
}

/* @text, which is @size bytes, so that the last byte lies before @end. */
static void try_code_at(const char *what, uint64_t end, const uint8_t *text, size_t size)
{
	uint64_t page = end - 4096;
	uint8_t *at = mmap((void *)page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (at == MAP_FAILED || at != (uint8_t *)page) {
		printf("%s: not mapped\n", what);
		return;
	}
	memcpy(at + 4096 - size, text, size);
	TRY(what, "mov $39, %%eax; call *%0", "r"(at + 4096 - size));
	munmap(at, 4096);
}

static void try_edges(void)
{
	static const uint8_t call[] = {0x0f, 0x05}, call_and_return[] = {0x0f, 0x05, 0xc3};

	try_code_at("a system call at the end of memory", 0x7ffffffff000, call, sizeof(call));
	try_code_at("a system call near the end of memory", 0x7ffffffff000, call_and_return, sizeof(call_and_return));
	try_code_at("a system call far up", 0x00fffffffffff000, call_and_return, sizeof(call_and_return));
	try_code_at("a system call at the far end", 0x00fffffffffff000, call, sizeof(call));
}

static void ignore(int number)
{
	(void)number;
}

static void *end(void *argument)
{
	return argument;
}

/* All that makes the aerokernel read the slots: calls, signals, new threads and processes, sleeps. */
static void *ask(void *argument)
{
	const struct timespec moment = {.tv_nsec = 1000};
	pthread_t thread;
	pid_t pid;

	signal(SIGUSR1, ignore);
	for (;;) {
		syscall(SYS_getppid);
		raise(SIGUSR1);
		nanosleep(&moment, NULL);
		if (!pthread_create(&thread, NULL, end, NULL))
			pthread_join(thread, NULL);
		pid = vfork();
		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	return argument;
}

/* Where the job's slots are mapped. */
static uint64_t *find_slots(size_t *words)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long long start, end;
	char line[512];

	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, "/dev/hvm") && sscanf(line, "%llx-%llx", &start, &end) == 2) {
			fclose(maps);
			*words = (size_t)(end - start) / sizeof(uint64_t);
			return (uint64_t *)start;
		}
	return NULL;
}

/* Nonsense, while other threads make system calls, fault, begin and end. */
static void scribble(unsigned int seed)
{
	static const uint64_t nonsense[] = {0,	  1,	  ~0ull,   BETWEEN, IMAGE, DIRECT_MAP, 0x3202,
					    0x08, 0xf001, 0x10000, 4095,    4096,  0x33,       0xffff};
	size_t words = 0;
	volatile uint64_t *slots = find_slots(&words);
	pthread_t thread;

	if (!slots)
		exit(3);
	printf("%zu slots\n", words / 64);
	fflush(stdout);
	srandom(seed);
	for (int i = 0; i < 4; i++)
		pthread_create(&thread, NULL, ask, NULL);
	for (;;) {
		size_t at = (size_t)random() % words;
		uint64_t value = nonsense[(size_t)random() % (sizeof(nonsense) / sizeof(*nonsense))];

		if (at % 64 >= 8 ||
		    random() % 4096 == 0) /* of the hot lines seldom: the program shall live on for a while */
			slots[at] = value;
		if (random() % 64 == 0)
			syscall(SYS_getpid);
	}
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "slots"))
		scribble((unsigned int)atoi(argv[2]));
	install();
	try_instructions();
	try_memory();
	try_flags();
	try_sigreturn();
	try_bases();
	try_red_zone();
	try_edges();
	tell_ring("in the end");
	return 0;
}
