/* SPDX-License-Identifier: Apache-2.0 */
/* Functions called on HRT cores: values, what they may do, who may call, and what is refused. */
#include "call.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define CALLERS 4
#define CALLS	20000

static uint64_t mix(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return a ^ b << 8 ^ c << 16 ^ d << 24 ^ e << 32;
}

static uint64_t core(void)
{
	return (uint64_t)(int64_t)hvm_core();
}

static void values(const char *argument)
{
	struct hvm *hvm = attached(2);

	(void)argument;
	CHECK(called(hvm, HVM_WORK(mix, 1, 2, 3, 4, 5)) == mix(1, 2, 3, 4, 5));
	CHECK(called(hvm, HVM_WORK(mix, -1, 0, ~0ull, 7, 1ull << 63)) == mix(-1ull, 0, ~0ull, 7, 1ull << 63));
	for (int i = 0; i < 2; i++) {
		struct hvm_work work = *HVM_WORK(core);

		work.core = i;
		CHECK(called(hvm, &work) == (uint64_t)i);
	}
	CHECK(hvm_core() == -1);
	CHECK(hvm_cores(hvm) == 2);
	CHECK_OK(hvm_call(hvm, HVM_WORK(core), NULL));
	hvm_close(hvm);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t counter;

static uint64_t use_library(const char *name)
{
	char *copy = strdup(name), *big = malloc(1 << 20);
	FILE *file = tmpfile();
	double root = 0;

	errno = 0;
	CHECK(close(-1) == -1 && errno == EBADF);
	memset(big, 7, 1 << 20);
	fprintf(file, "%s %.3f", copy, 2.5);
	rewind(file);
	CHECK(fscanf(file, "%*s %lf", &root) == 1 && root == 2.5);
	fclose(file);
	free(big);
	free(copy);
	printf("a function prints: %s\n", name);
	fflush(stdout);
	return (uint64_t)getpid();
}

static uint64_t count(uint64_t times)
{
	for (uint64_t i = 0; i < times; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	return counter;
}

static void *count_in_linux(void *times)
{
	count((uint64_t)times);
	return NULL;
}

static uint64_t refused(void)
{
	pthread_t thread;

	CHECK(fork() == -1 && errno == ENOSYS);
	CHECK(pthread_create(&thread, NULL, count_in_linux, NULL) != 0);
	return 1;
}

/* What functions have in common with the process: memory, files, errno of their own, locks. */
static void library(const char *argument)
{
	struct hvm *hvm = attached(2);
	pthread_t thread;

	(void)argument;
	errno = 77;
	CHECK(called(hvm, HVM_WORK(use_library, "hello")) == (uint64_t)getpid());
	CHECK(errno == 77);
	pthread_create(&thread, NULL, count_in_linux, (void *)5000);
	CHECK_OK(
	    hvm_call_all(hvm, &(struct hvm_work){.function = (void *)count_in_linux, .core = HVM_ANY_CORE}, 0, NULL));
	called(hvm, HVM_WORK(count, 5000));
	pthread_join(thread, NULL);
	CHECK(counter == 10001); /* rank 1 of the call of all counted once */
	CHECK(called(hvm, HVM_WORK(refused)) == 1);
	hvm_close(hvm);
}

static struct hvm *shared;

static void *call_often(void *number)
{
	for (uint64_t i = 0; i < CALLS; i++)
		CHECK(called(shared, HVM_WORK(mix, i, number, 0, 0, 0)) == mix(i, (uint64_t)number, 0, 0, 0));
	return NULL;
}

static void callers(const char *argument)
{
	pthread_t thread[CALLERS];

	(void)argument;
	shared = attached(2);
	for (uint64_t i = 0; i < CALLERS; i++)
		pthread_create(&thread[i], NULL, call_often, (void *)i);
	for (unsigned int i = 0; i < CALLERS; i++)
		pthread_join(thread[i], NULL);
	hvm_close(shared);
}

static uint64_t nested(uint64_t depth)
{
	struct hvm_work own = *HVM_WORK(core);

	own.core = hvm_core();
	CHECK_ERROR(hvm_call(shared, &own, NULL), -EDEADLK);
	CHECK_ERROR(hvm_detach(shared), -EDEADLK);
	return depth ? called(shared, HVM_WORK(core)) : core();
}

/* From one HRT core to the other. */
static void nesting(const char *argument)
{
	struct hvm_work work = *HVM_WORK(nested, 1);

	(void)argument;
	shared = attached(2);
	work.core = 0;
	CHECK(called(shared, &work) == 1);
	hvm_close(shared);
}

static void in_words(const char *what)
{
	CHECK_THAT(strstr(hvm_problem(), what), "the problem is told with '%s'", what);
}

static void refusals(const char *argument)
{
	struct hvm_work wrong = *HVM_WORK(core);
	struct hvm *hvm, *other;

	(void)argument;
	CHECK_ERROR(hvm_open(&hvm, "nowhere"), -ENOENT);
	in_words("'nowhere'");
	CHECK_OK(hvm_open(&hvm, NULL));
	CHECK_ERROR(hvm_call(hvm, HVM_WORK(core), NULL), -ENOTCONN);
	CHECK_ERROR(hvm_detach(hvm), -ENOTCONN);
	CHECK_ERROR(hvm_attach(hvm, 65), -E2BIG);
	in_words("65 are wanted; ask for at most");
	CHECK_OK(hvm_attach(hvm, 0));
	CHECK_ERROR(hvm_attach(hvm, 1), -EBUSY);
	in_words("hvm_detach first");
	CHECK_OK(hvm_open(&other, NULL));
	CHECK_ERROR(hvm_attach(other, 1), -EAGAIN);
	in_words("0 of its");
	CHECK_ERROR(hvm_attach(other, 0), -EAGAIN);
	wrong.core = (int)hvm_cores(hvm);
	CHECK_ERROR(hvm_call(hvm, &wrong, NULL), -EINVAL);
	wrong.core = -2;
	CHECK_ERROR(hvm_call(hvm, &wrong, NULL), -EINVAL);
	CHECK_OK(hvm_detach(hvm));
	CHECK_ERROR(hvm_call(hvm, HVM_WORK(core), NULL), -ENOTCONN);
	CHECK_OK(hvm_attach(other, 1));
	hvm_close(other);
	hvm_close(hvm);
}

static void again(const char *argument)
{
	(void)argument;
	for (uint64_t i = 0; i < 20; i++) {
		struct hvm *hvm = attached(1 + i % 2);

		for (uint64_t j = 0; j < 3; j++) {
			CHECK(called(hvm, HVM_WORK(mix, i, j, 0, 0, 0)) == mix(i, j, 0, 0, 0));
			CHECK_OK(hvm_detach(hvm));
			CHECK_OK(hvm_attach(hvm, 1));
		}
		hvm_close(hvm);
	}
}

static uint64_t *private_word;

static uint64_t set_word(uint64_t value)
{
	*private_word = value;
	return value;
}

/* A child has nothing to do with the parent's cores; each sees its own memory. */
static void forks(const char *argument)
{
	struct hvm *hvm = attached(1);
	int status;
	pid_t child;

	(void)argument;
	private_word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	called(hvm, HVM_WORK(set_word, 1));
	for (int i = 0; i < 10; i++) {
		child = fork();
		if (child == 0) {
			struct hvm *own;

			CHECK_ERROR(hvm_call(hvm, HVM_WORK(core), NULL), -ENOTCONN);
			CHECK_ERROR(hvm_attach(hvm, 1), -ENOTCONN);
			CHECK_ERROR(hvm_detach(hvm), -ENOTCONN);
			hvm_close(hvm);
			CHECK_OK(hvm_open(&own, NULL));
			hvm_close(own);
			CHECK(*private_word == (i ? 2 : 1));
			_exit(0);
		}
		called(hvm, HVM_WORK(set_word, 2));
		CHECK(waitpid(child, &status, 0) == child && status == 0);
		CHECK(*private_word == 2);
	}
	hvm_close(hvm);
}

/* Long-lived children hold no cores. */
static void leftovers(const char *argument)
{
	struct hvm *hvm = attached(0);
	unsigned int cores = hvm_cores(hvm);
	pid_t child = fork();
	int status;

	(void)argument;
	if (child == 0) {
		pause();
		_exit(0);
	}
	CHECK_OK(hvm_detach(hvm));
	CHECK_OK(hvm_attach(hvm, cores));
	hvm_close(hvm);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
}

static uint64_t become(char **words)
{
	execv(words[0], words);
	return 1;
}

/* A function may end the process, or make it another program. */
static void ends(const char *argument)
{
	char self[256] = "";
	char *words[] = {self, "values", NULL};
	int status;

	(void)argument;
	CHECK(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	fflush(stdout);
	for (int i = 0; i < 3; i++) {
		pid_t child = fork();

		if (child == 0) {
			struct hvm *hvm = attached(2);

			if (i == 0)
				hvm_call(hvm, HVM_WORK(become, words), NULL);
			else if (i == 1)
				hvm_call(hvm, HVM_WORK(_exit, 9), NULL);
			else
				hvm_call(hvm, HVM_WORK(abort), NULL);
			_exit(1);
		}
		CHECK(waitpid(child, &status, 0) == child);
		if (i == 2)
			CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
		else
			CHECK_THAT(WIFEXITED(status) && WEXITSTATUS(status) == (i ? 9 : 0), "child %d ends well: %d", i,
				   status);
	}
}

/* Who may use HRT cores is who may open the device: as root, for a moment, nobody else. */
static void rights(const char *argument)
{
	int status;
	pid_t child;

	(void)argument;
	CHECK(chmod("/dev/hvm", 0600) == 0);
	child = fork();
	if (child == 0) {
		struct hvm *hvm;

		CHECK(setgid(65534) == 0 && setuid(65534) == 0);
		CHECK_ERROR(hvm_open(&hvm, NULL), -EACCES);
		in_words("no right to open it for user 65534");
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(chmod("/dev/hvm", 0666) == 0);
	CHECK(status == 0);
}

int main(int argc, char **argv)
{
	static const struct part parts[] = {
	    {"values", values}, {"library", library},	{"callers", callers}, {"nesting", nesting},
	    {"again", again},	{"refusals", refusals}, {"forks", forks},     {"leftovers", leftovers},
	    {"ends", ends},	{"rights", rights},
	};

	return RUN_PARTS(parts, argc, argv);
}
