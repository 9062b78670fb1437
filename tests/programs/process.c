// SPDX-License-Identifier: Apache-2.0
/* Child processes in the ways that its argument names; prints what must be the same wherever it runs. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SELF "/proc/self/exe"

extern char **environ;

static _Noreturn void fail(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

static pid_t checked_fork(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		fail("fork");
	return pid;
}

static void await(pid_t pid, const char *what)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		fail("waitpid");
	if (WIFSIGNALED(status))
		printf("%s: signal %d\n", what, WTERMSIG(status));
	else
		printf("%s: exit %d\n", what, WEXITSTATUS(status));
}

/* ---- fork ---- */

static int value = 1;

static void die_by(int signal)
{
	pid_t pid = checked_fork();

	if (pid == 0) {
		raise(signal);
		_exit(1);
	}
	await(pid, "raised");
}

static void kill_child(void)
{
	pid_t pid = checked_fork();

	if (pid == 0)
		for (;;)
			value++; /* computes: no system call helps */
	kill(pid, SIGKILL);
	await(pid, "killed");
}

static void wait_by_id(void)
{
	pid_t pid = checked_fork();
	siginfo_t info;

	if (pid == 0)
		_exit(42);
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT))
		fail("waitid");
	printf("waitid: %d, its child %d, exit %d\n", info.si_code == CLD_EXITED, info.si_pid == pid, info.si_status);
	await(pid, "and again");
	errno = 0;
	pid = wait(NULL);
	printf("no child: %d %s\n", pid, strerror(errno));
}

static void forks(void)
{
	pid_t parent = getpid(), pid = checked_fork();

	if (pid == 0) {
		value++;
		printf("child: value %d, its parent %d, another process %d, its first thread %d\n", value,
		       getppid() == parent, getpid() != parent, gettid() == getpid());
		exit(7);
	}
	await(pid, "child");
	printf("parent: value %d\n", value);
	for (int status = 0; status < 256; status += 51) {
		pid = checked_fork();
		if (pid == 0)
			_exit(status);
		await(pid, "status");
	}
	die_by(SIGTERM);
	die_by(SIGABRT);
	kill_child();
	wait_by_id();
}

/* A child that has a child, and so on: each waits for its own. */
static int generations(int left)
{
	pid_t pid;
	int status;

	if (left == 0)
		return 0;
	pid = checked_fork();
	if (pid == 0)
		_exit(generations(left - 1));
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status) + 1;
}

/* Vector registers and the thread's own variable are the child's as well. */
static __thread int own = 3;

static void registers(void)
{
	double kept = 0;
	pid_t pid;

	own = 4;
	__asm__ volatile("movsd %1, %%xmm7" : : "m"(own), "m"((const double){2.5}) : "xmm7");
	fflush(stdout);
	__asm__ volatile("syscall" : "=a"(pid) : "a"(SYS_fork) : "rcx", "r11", "memory");
	__asm__ volatile("movsd %%xmm7, %0" : "=m"(kept));
	if (pid == 0) {
		printf("child: xmm7 %.1f, own %d\n", kept, own);
		exit(0);
	}
	await(pid, "child");
	printf("parent: xmm7 %.1f, own %d\n", kept, own);
}

static void many(int count)
{
	int sum = 0, status;

	for (int i = 0; i < count; i++) {
		pid_t pid = checked_fork();

		if (pid == 0)
			_exit(i % 200);
		if (waitpid(pid, &status, 0) != pid)
			fail("waitpid");
		sum += WEXITSTATUS(status) == i % 200;
	}
	printf("%d children\n", sum);
}

/* As many as there can be: the next one is refused, and when they are gone there is room again. */
static void bomb(void)
{
	static pid_t children[5000];
	int count = 0;

	fflush(stdout);
	while (count < 5000 && (children[count] = fork()) > 0)
		count++;
	if (count < 5000 && children[count] == 0)
		for (;;)
			pause();
	printf("refused: %s, after more than 30: %d\n", strerror(errno), count > 30);
	for (int i = 0; i < count; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
	many(3);
}

/* ---- pipes ---- */

#define BYTES 300000

static uint32_t sum_of(int fd)
{
	uint32_t sum = 0;
	uint8_t buffer[5000];
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		for (ssize_t i = 0; i < n; i++)
			sum = sum * 31 + buffer[i];
	return sum;
}

static void write_bytes(int fd)
{
	uint8_t buffer[3000];

	for (int done = 0; done < BYTES; done += (int)sizeof(buffer)) {
		for (size_t i = 0; i < sizeof(buffer); i++)
			buffer[i] = (uint8_t)(done + (int)i * 7);
		if (write(fd, buffer, sizeof(buffer)) != sizeof(buffer))
			fail("write");
	}
}

/* More than a pipe holds, to the child and its sum back. */
static void pipes(void)
{
	int to[2], from[2];
	uint32_t sum = 0;
	pid_t pid;

	if (pipe(to) || pipe(from))
		fail("pipe");
	pid = checked_fork();
	if (pid == 0) {
		close(to[1]);
		sum = sum_of(to[0]);
		_exit(write(from[1], &sum, sizeof(sum)) == sizeof(sum) ? 0 : 1);
	}
	close(to[0]);
	close(from[1]);
	write_bytes(to[1]);
	close(to[1]);
	if (read(from[0], &sum, sizeof(sum)) != sizeof(sum))
		fail("read");
	printf("sum %08x, end %zd\n", sum, read(from[0], &sum, sizeof(sum)));
	await(pid, "reader");
	signal(SIGPIPE, SIG_IGN);
	close(from[0]);
	pid = checked_fork();
	if (pid == 0) {
		int ends[2];

		signal(SIGPIPE, SIG_DFL);
		if (pipe(ends))
			_exit(1);
		close(ends[0]);
		write_bytes(ends[1]);
	}
	await(pid, "broken pipe");
}

/* ---- vfork, spawn ---- */

static volatile int shared;

static void vforks(void)
{
	char *const arguments[] = {(char *)"process", (char *)"show", (char *)"after vfork", NULL};
	pid_t pid;

	fflush(stdout);
	pid = vfork();
	if (pid == 0) {
		shared = getpid() != getppid();
		_exit(3);
	}
	printf("shared memory: %d\n", shared);
	await(pid, "vfork");
	fflush(stdout);
	pid = vfork();
	if (pid == 0) {
		execv("/no/such/program", arguments);
		shared = errno;
		execv(SELF, arguments);
		_exit(1);
	}
	printf("first %s\n", strerror(shared));
	await(pid, "exec");
	pid = vfork();
	if (pid == 0) {
		raise(SIGKILL);
		_exit(1);
	}
	await(pid, "killed");
	printf("parent goes on as itself: %d\n", getpid() == gettid());
}

static void spawn(const char *path, const posix_spawn_file_actions_t *actions, const char *what)
{
	char *const arguments[] = {(char *)"process", (char *)"show", (char *)what, NULL};
	char *const environment[] = {(char *)"COLOUR=blue", NULL};
	pid_t pid;
	int err;

	fflush(stdout);
	err = posix_spawn(&pid, path, actions, NULL, arguments, environment);
	if (err)
		printf("%s: %s\n", what, strerror(err));
	else
		await(pid, what);
}

static void spawns(void)
{
	char text[200] = "", name[] = "/tmp/process-XXXXXX";
	posix_spawn_file_actions_t actions;
	int fd = mkstemp(name);

	if (fd < 0)
		fail("mkstemp");
	spawn(SELF, NULL, "plain");
	spawn("/no/such/program", NULL, "missing");
	spawn("/", NULL, "folder");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, name, O_WRONLY, 0);
	spawn(SELF, &actions, "to a file");
	posix_spawn_file_actions_destroy(&actions);
	if (pread(fd, text, sizeof(text) - 1, 0) < 0)
		fail("pread");
	printf("in the file: %s", text);
	unlink(name);
}

/* ---- exec ---- */

static int show(int count, char **arguments)
{
	const char *colour = getenv("COLOUR");
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	printf("shown:");
	for (int i = 0; i < count; i++)
		printf(" [%s]", arguments[i]);
	printf(" colour %s, descriptor 100 %s, 101 %s, USR1 %s, USR2 %s, PIPE %s\n", colour ? colour : "none",
	       fcntl(100, F_GETFD) < 0 ? "closed" : "open", fcntl(101, F_GETFD) < 0 ? "closed" : "open",
	       sigismember(&mask, SIGUSR1) ? "blocked" : "free", sigismember(&mask, SIGUSR2) ? "blocked" : "free",
	       signal(SIGPIPE, SIG_DFL) == SIG_IGN ? "ignored" : "not ignored");
	return 5;
}

static void prepare_for_exec(void)
{
	sigset_t mask;

	dup2(STDOUT_FILENO, 100);
	dup3(STDOUT_FILENO, 101, O_CLOEXEC);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	signal(SIGPIPE, SIG_IGN);
	setenv("COLOUR", "green", 1);
	fflush(stdout);
}

static void *exec_in_thread(void *argument)
{
	char *const arguments[] = {(char *)"process", (char *)"show", (char *)"from a thread", argument, NULL};

	execv(SELF, arguments);
	fail("execv");
}

static _Noreturn void *loop(void *argument)
{
	for (;;)
		__atomic_fetch_add((int *)argument, 1, __ATOMIC_RELAXED);
}

static void execs(const char *way)
{
	char *const arguments[] = {(char *)"other name", (char *)"show", (char *)"", (char *)"a b", NULL};
	pthread_t thread;

	prepare_for_exec();
	if (strcmp(way, "thread") == 0) {
		pthread_create(&thread, NULL, loop, &value);
		pthread_create(&thread, NULL, exec_in_thread, NULL);
		loop(&value);
	}
	if (strcmp(way, "descriptor") == 0)
		fexecve(open(SELF, O_RDONLY | O_CLOEXEC), arguments, environ);
	else
		execv(SELF, arguments);
	fail("exec");
}

/* A file in the present folder. */
static const char *file(const char *name, const char *text)
{
	int fd;

	unlink(name);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0700);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail(name);
	close(fd);
	return name;
}

static void refused(const char *what, const char *path)
{
	char *const arguments[] = {(char *)"x", NULL};
	int result = execv(path, arguments);

	printf("%s: %d %s\n", what, result, strerror(errno));
}

static void refused_for_length(void)
{
	size_t size = 200000, count = 4000;
	char **arguments = calloc(count + 1, sizeof(*arguments)), *text = malloc(size + 1);
	char long_path[5000];

	memset(text, 'x', size);
	text[size] = 0;
	arguments[0] = text;
	printf("one long argument: %d", execv(SELF, arguments));
	printf(" %s\n", strerror(errno));
	text[60000] = 0;
	for (size_t i = 0; i < count; i++)
		arguments[i] = text;
	printf("long arguments: %d", execv(SELF, arguments));
	printf(" %s\n", strerror(errno));
	memset(long_path, 'x', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = 0;
	refused("long path", long_path);
	refused("long name", long_path + sizeof(long_path) - 300);
}

static void refused_scripts(void)
{
	char text[300];

	refused("script without interpreter", file("script", "#!\n"));
	refused("script, interpreter missing", file("script", "#!/no/such\n"));
	refused("script, interpreter a folder", file("script", "#! /tmp\n"));
	refused("script of itself", file("script", "#!script\n"));
	memset(text, 'y', 290);
	memcpy(text, "#!/", 3);
	text[290] = 0;
	refused("script with a long interpreter", file("script", text));
}

/* Scripts whose interpreters are scripts. */
static void nested_scripts(void)
{
	char text[40], name[10] = "depth0";

	file(name, "#! " SELF "\t show me \n");
	for (int depth = 1; depth < 7; depth++) {
		snprintf(text, sizeof(text), "#!%s\n", name);
		snprintf(name, sizeof(name), "depth%d", depth);
		file(name, text);
	}
	for (int depth = 0; depth < 7; depth++) {
		pid_t pid = checked_fork();

		snprintf(name, sizeof(name), "depth%d", depth);
		if (pid == 0) {
			refused(name, name);
			exit(0);
		}
		await(pid, name);
		unlink(name);
	}
}

static void exec_errors(void)
{
	char folder[] = "/tmp/process-XXXXXX";

	if (!mkdtemp(folder) || chdir(folder))
		fail(folder);
	refused("missing", "/no/such/file");
	refused("empty", "");
	refused("folder", "/tmp");
	refused("below a file", SELF "/x");
	file("plain", "text");
	refused("no program", "plain");
	chmod("plain", 0644);
	refused("not executable", "plain");
	refused("nothing in it", file("plain", ""));
	refused("cut off", file("plain", "\177ELF"));
	if (symlink("loop", "loop") || mkfifo("fifo", 0755))
		fail("symlink");
	refused("loop", "loop");
	refused("fifo", "fifo");
	refused("bad path", (const char *)8);
	errno = 0;
	printf("bad arguments: %ld", syscall(SYS_execve, SELF, 8, NULL));
	printf(" %s\n", strerror(errno));
	printf("bad flags: %ld", syscall(SYS_execveat, AT_FDCWD, SELF, NULL, NULL, 0x8000000));
	printf(" %s\n", strerror(errno));
	printf("bad descriptor: %ld", syscall(SYS_execveat, 999, "x", NULL, NULL, 0));
	printf(" %s\n", strerror(errno));
	refused_for_length();
	refused_scripts();
	nested_scripts();
	unlink("plain");
	unlink("loop");
	unlink("fifo");
	unlink("script");
	rmdir(folder);
}

/* ---- threads ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile bool stop;

static void *allocate(void *argument)
{
	(void)argument;
	while (!stop) {
		pthread_mutex_lock(&mutex);
		value++;
		pthread_mutex_unlock(&mutex);
		free(malloc(1000));
	}
	return NULL;
}

static void *add_one(void *argument)
{
	__atomic_fetch_add((int *)argument, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* A child of a threaded process has one thread, and can make others. */
static int threads_of_child(void)
{
	pthread_t thread[4];
	int count = 0;

	free(malloc(1000));
	for (int i = 0; i < 4; i++)
		if (pthread_create(&thread[i], NULL, add_one, &count))
			return 100;
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	return count;
}

static void threaded(void)
{
	pthread_t thread[3];
	int sum = 0, status;

	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, allocate, NULL);
	for (int i = 0; i < 20; i++) {
		pid_t pid = checked_fork();

		if (pid == 0)
			_exit(threads_of_child());
		waitpid(pid, &status, 0);
		sum += WEXITSTATUS(status);
	}
	for (int i = 0; i < 5; i++)
		spawn(SELF, NULL, "beside threads");
	stop = true;
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	printf("threads in children: %d\n", sum);
}

/* Threads that lend themselves to children, all at once, get themselves back. */
static void *spawn_often(void *argument)
{
	char *const arguments[] = {(char *)"process", (char *)"nothing", NULL};
	int *error = &errno, good = 0, status;
	pid_t pid;

	for (int i = 0; i < 60; i++) {
		int err = posix_spawn(&pid, i % 3 == 2 ? "/no/such" : SELF, NULL, NULL, arguments, environ);

		if (i % 3 == 2)
			good += err == ENOENT;
		else
			good += !err && waitpid(pid, &status, 0) == pid && status == 0;
		good -= &errno != error;
	}
	*(int *)argument = good;
	return NULL;
}

static void spawning_threads(void)
{
	pthread_t thread[4];
	int good[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, spawn_often, &good[i]);
	for (int i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		printf("thread %d: %d good\n", i, good[i]);
	}
}

/* ---- ends ---- */

static void orphans(void)
{
	int ends[2];
	pid_t pid, middle;
	char byte;

	if (pipe(ends))
		fail("pipe");
	pid = checked_fork();
	if (pid == 0) {
		middle = getpid();
		if (checked_fork() == 0) {
			while (getppid() == middle)
				usleep(1000);
			_exit(write(ends[1], "o", 1) == 1 ? 0 : 1);
		}
		_exit(0);
	}
	await(pid, "middle");
	if (read(ends[0], &byte, 1) != 1)
		fail("read");
	printf("the orphan lives: %c\n", byte);
}

/* Leaves a child that computes, one that sleeps, and one in a session of its own. */
static void leave(void)
{
	for (int i = 0; i < 3; i++) {
		if (checked_fork() > 0)
			continue;
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		if (i == 2)
			setsid();
		for (;;)
			if (i == 0)
				value++;
			else
				pause();
	}
	printf("left\n");
}

/* Children of all kinds, for ever: to be killed at any instant. */
static void churn(void)
{
	char *const arguments[] = {(char *)"process", (char *)"nothing", NULL};

	printf("churning\n");
	fflush(stdout);
	for (unsigned int i = 0;; i++) {
		pid_t pid = i % 3 == 0 ? fork() : vfork();

		if (pid == 0) {
			if (i % 3 != 1)
				execv(SELF, arguments);
			_exit(0);
		}
		if (i % 8 == 7)
			while (wait(NULL) > 0)
				;
	}
}

int main(int argc, char **argv)
{
	const char *part = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	if (strcmp(part, "show") == 0)
		return show(argc, argv);
	else if (strcmp(part, "nothing") == 0)
		return 0;
	else if (strcmp(part, "forks") == 0)
		forks();
	else if (strcmp(part, "generations") == 0)
		printf("%d generations\n", generations(25));
	else if (strcmp(part, "registers") == 0)
		registers();
	else if (strcmp(part, "many") == 0)
		many(argc > 2 ? atoi(argv[2]) : 200);
	else if (strcmp(part, "bomb") == 0)
		bomb();
	else if (strcmp(part, "pipes") == 0)
		pipes();
	else if (strcmp(part, "vforks") == 0)
		vforks();
	else if (strcmp(part, "spawns") == 0)
		spawns();
	else if (strcmp(part, "exec") == 0)
		execs(argc > 2 ? argv[2] : "");
	else if (strcmp(part, "exec-errors") == 0)
		exec_errors();
	else if (strcmp(part, "threads") == 0)
		threaded();
	else if (strcmp(part, "spawning-threads") == 0)
		spawning_threads();
	else if (strcmp(part, "orphans") == 0)
		orphans();
	else if (strcmp(part, "leave") == 0)
		leave();
	else if (strcmp(part, "churn") == 0)
		churn();
	else
		return 2;
	return 0;
}
