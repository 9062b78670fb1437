/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For programs that make system calls one by one, valid and senseless, and print what each answered: the same lines on
 * Linux and on the HRT. Nothing is printed that differs from run to run; addresses, times and numbers are told by what
 * is true of them.
 */
#ifndef CALLS_H
#define CALLS_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096l

/* Addresses that no program can have. */
#define LOW	((void *)8)		       /* in the page of NULL */
#define UPPER	((void *)0xffff888000000000ul) /* the kernel's half */
#define NOWHERE ((void *)0x0000900000000000ul) /* not canonical */

/* Six arguments, each as wide as a register. */
#define CALLS_ARG(a) ((long)(a))
#define CALLS_6(a, b, c, d, e, f, ...)                                                                                 \
	CALLS_ARG(a), CALLS_ARG(b), CALLS_ARG(c), CALLS_ARG(d), CALLS_ARG(e), CALLS_ARG(f)
#define CALLS_ARGS(...) CALLS_6(__VA_ARGS__ __VA_OPT__(, ) 0, 0, 0, 0, 0, 0, 0)

/* What a call answers, told with its text: the number, or the errno. */
#define CALL(name, ...) calls_tell(#name "(" #__VA_ARGS__ ")", calls_make(SYS_##name, CALLS_ARGS(__VA_ARGS__)))
/* The same for an answer that differs from run to run: "ok". */
#define CALL_OK(name, ...) calls_tell_ok(#name "(" #__VA_ARGS__ ")", calls_make(SYS_##name, CALLS_ARGS(__VA_ARGS__)))
/* Without a word. */
#define QUIET(name, ...) calls_make(SYS_##name, CALLS_ARGS(__VA_ARGS__))
/* A number that must be the same everywhere. */
#define TELL(value) printf("%s is %lld\n", #value, (long long)(value))

/*
 * Linux keeps all registers but rax, rcx and r11 over a call, and the direction flag. Loops with what it must not
 * change, and says so if it is changed.
 */
static inline long calls_make(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	register long r12 __asm__("r12") = 0x1212;
	register long r13 __asm__("r13") = 0x1313;
	register long r14 __asm__("r14") = 0x1414;
	register long r15 __asm__("r15") = 0x1515;
	long result = number, rdi = a, rsi = b, rdx = c, rbx = 0xb0b0;

	__asm__ volatile("syscall"
			 : "+a"(result), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+b"(rbx), "+r"(r10), "+r"(r8), "+r"(r9),
			   "+r"(r12), "+r"(r13), "+r"(r14), "+r"(r15)
			 :
			 : "rcx", "r11", "memory", "cc");
	if (rdi != a || rsi != b || rdx != c || r10 != d || r8 != e || r9 != f || rbx != 0xb0b0 || r12 != 0x1212 ||
	    r13 != 0x1313 || r14 != 0x1414 || r15 != 0x1515)
		printf("call %ld changed a register\n", number);
	return result;
}

static inline const char *calls_error(long result)
{
	const char *name = strerrorname_np((int)-result);

	return name ? name : "an errno without a name";
}

static inline bool calls_failed(long result)
{
	return result < 0 && result >= -4095;
}

static inline long calls_tell(const char *what, long result)
{
	if (calls_failed(result))
		printf("%s = %s\n", what, calls_error(result));
	else
		printf("%s = %ld\n", what, result);
	return result;
}

static inline long calls_tell_ok(const char *what, long result)
{
	printf("%s = %s\n", what, calls_failed(result) ? calls_error(result) : "ok");
	return result;
}

/* @size bytes that end where the memory ends: behind them is an unmapped page. */
static inline void *calls_edge(size_t size)
{
	size_t pages = (size + PAGE - 1) / PAGE * PAGE;
	char *at = mmap(NULL, pages + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || munmap(at + pages, PAGE))
		abort();
	return at + pages - size;
}

/* A page that can only be read. */
static inline void *calls_read_only(void)
{
	void *at = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		abort();
	return at;
}

/* An address that was mapped a moment ago. */
static inline void *calls_unmapped(void)
{
	char *at = calls_read_only();

	munmap(at, PAGE);
	return at;
}

/* An empty folder, which the program works in, and the lines out at once: a crash shall not swallow them. */
static inline void calls_begin(void)
{
	static char folder[] = "/tmp/calls-XXXXXX";

	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	if (!mkdtemp(folder) || chdir(folder)) {
		perror(folder);
		exit(1);
	}
	umask(022);
}

/* The folder must be empty again. */
static inline int calls_end(void)
{
	char folder[PATH_MAX];

	if (!getcwd(folder, sizeof(folder)) || chdir("/") || rmdir(folder)) {
		perror("the test's folder is not empty");
		return 1;
	}
	puts("done");
	return 0;
}

#endif
