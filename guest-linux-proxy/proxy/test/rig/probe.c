/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program sees of its system calls. Run natively and behind the proxy: the output must be the same, except for
 * the parts named `proxy-*`, which only make sense behind it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char *volatile nowhere = (char *)1;

static const char *error_name(int error)
{
	switch (error) {
	case EPERM:
		return "EPERM";
	case ENOENT:
		return "ENOENT";
	case EBADF:
		return "EBADF";
	case ENOMEM:
		return "ENOMEM";
	case EFAULT:
		return "EFAULT";
	case EINVAL:
		return "EINVAL";
	case ENOSYS:
		return "ENOSYS";
	default:
		return strerror(error);
	}
}

static void show(const char *what, long result)
{
	printf("%s: %ld %s\n", what, result, result == -1 ? error_name(errno) : "");
}

static int part_arguments(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		printf("argument %d '%s'\n", i, argv[i]);
	printf("MARK=%s\n", getenv("MARK"));
	printf("page %lu, entry %s, secure %lu, platform %s, execfn %s\n", getauxval(AT_PAGESZ),
	       getauxval(AT_ENTRY) ? "set" : "missing", getauxval(AT_SECURE), (char *)getauxval(AT_PLATFORM),
	       (char *)getauxval(AT_EXECFN));
	printf("phdr %s, phnum %lu, vdso %s, random %s, clktck %lu, hwcap2 %#lx\n",
	       getauxval(AT_PHDR) ? "set" : "missing", getauxval(AT_PHNUM),
	       getauxval(AT_SYSINFO_EHDR) ? "set" : "missing", getauxval(AT_RANDOM) ? "set" : "missing",
	       getauxval(AT_CLKTCK), getauxval(AT_HWCAP2));
	return 0;
}

static int part_files(void)
{
	char name[] = "/tmp/hvm-probe-XXXXXX", text[64] = "";
	int fd = mkstemp(name), ends[2], copy;
	struct pollfd poll_in;
	struct stat status;
	char *map;

	show("write", write(fd, "hello, file\n", 12));
	show("pwrite beyond", pwrite(fd, "end", 3, 8189));
	show("fstat", fstat(fd, &status));
	printf("size %ld\n", (long)status.st_size);
	map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	printf("mapped %.11s %.3s\n", map, map + 8189);
	map[0] = 'H';
	show("pread", pread(fd, text, 5, 0));
	printf("read '%s'\n", text);
	show("munmap", munmap(map, 8192));
	show("pipe", pipe(ends));
	show("write pipe", write(ends[1], "x", 1));
	poll_in = (struct pollfd){.fd = ends[0], .events = POLLIN};
	show("poll", poll(&poll_in, 1, 1000));
	copy = dup(ends[0]);
	show("read dup", read(copy, text, 1));
	show("unlink", unlink(name));
	show("open missing", open(name, O_RDONLY));
	show("read bad pointer", read(fd, nowhere, 5));
	show("lseek", lseek(fd, 0, SEEK_SET));
	show("read bad pointer", read(fd, nowhere, 5));
	return 0;
}

static int part_brk(void)
{
	char *start = sbrk(0);

	show("grow", sbrk(100000) == start ? 0 : -1);
	memset(start, 1, 100000);
	show("shrink", sbrk(-50000) == start + 100000 ? 0 : -1);
	show("grow again", sbrk(50000) == start + 50000 ? 0 : -1);
	printf("zeroed %d\n", start[99999]);
	show("too much", (long)sbrk(1l << 46));
	show("below", syscall(SYS_brk, 1) == (long)sbrk(0) ? 0 : -1);
	for (int i = 0; i < 1000; i++)
		free(malloc(100000));
	return 0;
}

static void handler(int signal)
{
	(void)signal;
}

static void show_action(int signal)
{
	struct sigaction action;

	if (sigaction(signal, NULL, &action))
		show("sigaction", -1);
	else
		printf("signal %d: %s flags %#x mask %d\n", signal,
		       action.sa_handler == SIG_DFL   ? "default"
		       : action.sa_handler == SIG_IGN ? "ignored"
		       : action.sa_handler == handler ? "handler"
						      : "other",
		       action.sa_flags, sigismember(&action.sa_mask, SIGINT));
}

static int part_signals(void)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
	stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536}, old;
	sigset_t set;
	struct timespec soon = {.tv_sec = 1};

	show_action(SIGUSR1);
	sigaddset(&action.sa_mask, SIGINT);
	show("install", sigaction(SIGUSR1, &action, NULL));
	show_action(SIGUSR1);
	show("ignore", signal(SIGUSR1, SIG_IGN) == handler ? 0 : -1);
	show("raise ignored", raise(SIGUSR1));
	show_action(SIGUSR1);
	show("kill action", sigaction(SIGKILL, &action, NULL));
	show("get kill action", sigaction(SIGKILL, NULL, &action));
	show("bad size", syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4));
	show("bad number", syscall(SYS_rt_sigaction, 65, NULL, NULL, 8));
	show("bad pointer", syscall(SYS_rt_sigaction, SIGUSR2, 1, NULL, 8));
	show("bad old pointer", syscall(SYS_rt_sigaction, SIGUSR2, NULL, 1, 8));
	show("sigaltstack get", sigaltstack(NULL, &old));
	printf("flags %d\n", old.ss_flags);
	show("sigaltstack", sigaltstack(&stack, NULL));
	show("sigaltstack get", sigaltstack(NULL, &old));
	printf("same %d flags %d size %zu\n", old.ss_sp == stack.ss_sp, old.ss_flags, old.ss_size);
	stack.ss_size = 100;
	show("sigaltstack small", sigaltstack(&stack, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	show("block", sigprocmask(SIG_BLOCK, &set, NULL));
	show("raise blocked", raise(SIGUSR2));
	show("sigtimedwait", sigtimedwait(&set, NULL, &soon));
	return 0;
}

static int part_exe(const char *self)
{
	char link[4096] = "", path[64], want[4096] = "";
	char magic[4] = "";
	ssize_t n;
	int fd;

	(void)!realpath(self, want);
	n = readlink("/proc/self/exe", link, sizeof(link) - 1);
	printf("self %d\n", n == (ssize_t)strlen(want) && strcmp(link, want) == 0);
	snprintf(path, sizeof(path), "/proc/%d/exe", getpid());
	memset(link, 0, sizeof(link));
	n = readlink(path, link, 3);
	printf("pid %zd %d\n", n, strncmp(link, want, 3));
	show("readlink bad", readlink("/proc/self/exe", nowhere, 10));
	show("readlink zero", syscall(SYS_readlink, "/proc/self/exe", link, 0));
	fd = open("/proc/self/exe", O_RDONLY);
	show("read", read(fd, magic, 4));
	printf("magic %.3s\n", magic + 1);
	return 0;
}

static int part_close_everything(void)
{
	for (int fd = 3; fd < 70000; fd++)
		close(fd);
	show("close_range", syscall(SYS_close_range, 3, ~0u, 0));
	show("dup", dup(1));
	return 0;
}

static int part_times(void)
{
	struct timespec before, after, cpu;
	struct rusage usage;
	struct tms spent;
	volatile unsigned long work = 0;

	clock_gettime(CLOCK_MONOTONIC, &before);
	while (work < 50000000)
		work++;
	clock_gettime(CLOCK_MONOTONIC, &after);
	printf("time passed %d\n",
	       after.tv_sec > before.tv_sec || (after.tv_sec == before.tv_sec && after.tv_nsec > before.tv_nsec));
	show("cpu clock", clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu));
	printf("cpu time counted %d\n", cpu.tv_sec > 0 || cpu.tv_nsec > 1000000);
	show("getrusage", getrusage(RUSAGE_SELF, &usage));
	printf("user time counted %d\n", usage.ru_utime.tv_sec > 0 || usage.ru_utime.tv_usec > 1000);
	printf("times %d\n", times(&spent) > 0);
	printf("cpu clock in the system %d\n", clock() > 1000);
	return 0;
}

static int part_count(void)
{
	for (int i = 0; i < 1000; i++)
		if (syscall(SYS_getppid) < 0 || syscall(SYS_getpid) < 0)
			return 1;
	return 0;
}

static int part_identity(void)
{
	cpu_set_t set;
	unsigned int cpu = 99;

	printf("pid is tid %d\n", getpid() == gettid());
	printf("affinity has CPUs %d\n", sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0);
	show("own affinity", sched_setaffinity(0, sizeof(set), &set));
	CPU_ZERO(&set);
	show("no affinity", sched_setaffinity(0, sizeof(set), &set));
	show("small mask", syscall(SYS_sched_getaffinity, 0, 4, &set) < 0 ? 0 : 1);
	show("getcpu", syscall(SYS_getcpu, &cpu, NULL, NULL));
	printf("cpu is known %d\n", cpu < 4096);
	show("no such call", syscall(1000));
	return 0;
}

static int part_proxy_refusals(void)
{
	unsigned long vdso = getauxval(AT_SYSINFO_EHDR);
	int segment = shmget(IPC_PRIVATE, 4096, 0600);
	cpu_set_t set;

	show("modify_ldt", syscall(SYS_modify_ldt, 0, 0, 0));
	show("modify_ldt again", syscall(SYS_modify_ldt, 0, 0, 0));
	show("ptrace", syscall(SYS_ptrace, 0, 0, 0, 0));
	show("unshare", unshare(0x00000400));
	show("munmap of the proxy's", munmap((void *)vdso, 4096));
	show("mprotect of the proxy's", mprotect((void *)vdso, 4096, PROT_NONE));
	printf("mmap over the proxy's %d\n",
	       mmap((void *)vdso, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED);
	printf("shmat over the proxy's %d\n", shmat(segment, (void *)vdso, SHM_REMAP) == (void *)-1 && errno == EINVAL);
	shmctl(segment, IPC_RMID, NULL);
	show("prctl, by an option of 33 bits", syscall(SYS_prctl, 1ul << 32 | PR_SET_SECCOMP, 0, 0, 0, 0));
	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	printf("cores %d\n", CPU_COUNT(&set));
	return 0;
}

__attribute__((noinline)) static int endless(int depth)
{
	volatile char frame[4000];

	frame[0] = (char)depth;
	if (depth < 0)
		return 0;
	return endless(depth + 1) + frame[0];
}

__attribute__((noinline, noclone)) static int part_crash(const char *how)
{
	volatile int zero = 0;
	int *volatile null = NULL;

	if (strcmp(how, "null") == 0)
		*null = 1;
	if (strcmp(how, "divide") == 0)
		return 1000 / zero;
	if (strcmp(how, "illegal") == 0)
		__builtin_trap();
	if (strcmp(how, "stack") == 0)
		return endless(0);
	if (strcmp(how, "noncanonical") == 0)
		return *(volatile int *)0xdead000000000000;
	if (strcmp(how, "readonly") == 0)
		*(volatile char *)(unsigned long)&handler = 1;
	if (strcmp(how, "abort") == 0)
		abort();
	if (strcmp(how, "pipe") == 0) {
		int ends[2];

		(void)!pipe(ends);
		close(ends[0]);
		(void)!write(ends[1], "x", 1);
	}
	puts("ready");
	if (strcmp(how, "loop") == 0)
		for (;;)
			zero = zero + 1;
	if (strcmp(how, "sleep") == 0)
		pause();
	return 0;
}

static int part_digest(void)
{
	unsigned char buffer[65536];
	unsigned long sum = 14695981039346656037ul, total = 0;
	ssize_t n;

	while ((n = read(0, buffer, sizeof(buffer))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			sum = (sum ^ buffer[i]) * 1099511628211ul;
		total += (unsigned long)n;
	}
	printf("%lu bytes, FNV-1a %016lx\n", total, sum);
	return 0;
}

int main(int argc, char **argv)
{
	const char *part = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(part, "arguments") == 0)
		return part_arguments(argc, argv);
	if (strcmp(part, "files") == 0)
		return part_files();
	if (strcmp(part, "brk") == 0)
		return part_brk();
	if (strcmp(part, "signals") == 0)
		return part_signals();
	if (strcmp(part, "exe") == 0)
		return part_exe(argv[0]);
	if (strcmp(part, "close") == 0)
		return part_close_everything();
	if (strcmp(part, "times") == 0)
		return part_times();
	if (strcmp(part, "identity") == 0)
		return part_identity();
	if (strcmp(part, "count") == 0)
		return part_count();
	if (strcmp(part, "digest") == 0)
		return part_digest();
	if (strcmp(part, "status") == 0)
		return atoi(argv[2]);
	if (strcmp(part, "proxy-refusals") == 0)
		return part_proxy_refusals();
	if (strcmp(part, "crash") == 0)
		return part_crash(argv[2]);
	fprintf(stderr, "probe: unknown part '%s'\n", part);
	return 2;
}
