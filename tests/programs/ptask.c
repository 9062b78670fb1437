/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of tasks on the cores of a pool: of one process, and of several that share it. */
#include "call.h"

#include <hvm_ptask.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define MANY	  100000
#define PROCESSES 3
#define EACH	  34000 /* of three processes: more than 10^5 */
#define GROUPS	  34
#define BURST	  200 /* turns of a loop: long enough to meet others */

static struct hvm *hvm;
static unsigned int cores;
static uint8_t ran[MANY];
static uint32_t gate;

static void join_pool(void)
{
	CHECK_OK(hvm_open(&hvm, NULL));
	CHECK_OK(hvm_pool_join(hvm, 0));
	cores = hvm_pool_cores(hvm);
	CHECK(cores >= 1);
}

static void submit(struct hvm_group *group, void (*task)(uint64_t, void *), void *argument, uint64_t count,
		   const struct hvm_group_options *options)
{
	CHECK_OK(hvm_group_submit(hvm, group, task, argument, count, options));
}

static void run(void (*task)(uint64_t, void *), void *argument, uint64_t count, const struct hvm_group_options *options)
{
	struct hvm_group group;

	submit(&group, task, argument, count, options);
	CHECK_OK(hvm_group_wait(hvm, &group));
	CHECK(hvm_group_poll(&group) && group.failed == 0);
}

static void spin(unsigned int turns)
{
	for (volatile unsigned int i = 0; i < turns; i++)
		;
}

static void mark(uint64_t number, void *marks)
{
	__atomic_fetch_add((uint8_t *)marks + number, 1, __ATOMIC_RELAXED);
}

static void check_each_once(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		CHECK_THAT(ran[i] == 1, "task %lu ran %u times", i, ran[i]);
	memset(ran, 0, sizeof(ran));
}

static void once(const char *argument)
{
	(void)argument;
	run(mark, ran, MANY, NULL);
	check_each_once(MANY);
	for (uint32_t range = 1; range <= 1000; range *= 10) {
		run(mark, ran, 5003, &(struct hvm_group_options){.range = range});
		check_each_once(5003);
	}
	for (int i = 0; i < 300; i++) {
		run(mark, ran, 1, NULL);
		check_each_once(1);
	}
}

static void add_one(void *number)
{
	(*(uint32_t *)number)++;
}

static void list(const char *argument)
{
	static struct hvm_task tasks[500];
	static uint32_t numbers[500];
	struct hvm_group group;

	(void)argument;
	for (unsigned int i = 0; i < 500; i++)
		tasks[i] = (struct hvm_task){add_one, &numbers[i]};
	CHECK_OK(hvm_group_submit_list(hvm, &group, tasks, 500, NULL));
	CHECK_OK(hvm_group_wait(hvm, &group));
	for (unsigned int i = 0; i < 500; i++)
		CHECK(numbers[i] == 1);
}

/* How many tasks there are at a time. */
static uint32_t at_once, most;

static void count_in(uint64_t number, void *argument)
{
	uint32_t now = __atomic_add_fetch(&at_once, 1, __ATOMIC_SEQ_CST), before = most;

	(void)number, (void)argument;
	while (now > before &&
	       !__atomic_compare_exchange_n(&most, &before, now, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	spin(BURST);
	__atomic_fetch_sub(&at_once, 1, __ATOMIC_SEQ_CST);
}

static uint32_t most_of(const struct hvm_group_options *options)
{
	most = 0;
	for (int i = 0; i < 20; i++)
		run(count_in, NULL, 500, options);
	return most;
}

static void width(const char *argument)
{
	const struct hvm_group_options memory_bound = {.flags = HVM_GROUP_MEMORY_BOUND};
	uint32_t half = cores > 1 ? cores / 2 : 1;
	struct hvm_group group[4];

	(void)argument;
	CHECK(most_of(&(struct hvm_group_options){.width = 1}) == 1);
	CHECK(most_of(&memory_bound) <= half);
	CHECK(most_of(NULL) <= cores);
	most = 0;
	for (int i = 0; i < 4; i++) /* of several groups, too */
		submit(&group[i], count_in, NULL, 300, &memory_bound);
	for (int i = 0; i < 4; i++)
		CHECK_OK(hvm_group_wait(hvm, &group[i]));
	CHECK(most <= half);
}

static uint32_t met;

static void meet(uint64_t rank, void *rounds)
{
	CHECK(rank == (uint64_t)hvm_core());
	for (uint32_t i = 1; i <= (uint32_t)(uintptr_t)rounds; i++) {
		__atomic_fetch_add(&met, 1, __ATOMIC_ACQ_REL);
		while (__atomic_load_n(&met, __ATOMIC_ACQUIRE) < i * cores)
			;
	}
}

/* Tasks that wait for each other, between others'. */
static void gang(const char *argument)
{
	const struct hvm_group_options together = {.flags = HVM_GROUP_GANG};
	struct hvm_group other;

	(void)argument;
	for (int i = 0; i < 100; i++) {
		met = 0;
		submit(&other, mark, ran, 100, NULL);
		run(meet, (void *)20, cores, &together);
		CHECK_OK(hvm_group_wait(hvm, &other));
		check_each_once(100);
	}
	CHECK_ERROR(hvm_group_submit(hvm, &other, meet, NULL, cores + 1, &together), -EINVAL);
}

/* Which group each core ran, in its order. */
struct trace {
	uint32_t count;
	uint8_t group[5000];
} __attribute__((aligned(64)));
static struct trace trace[64];

static void record(uint64_t number, void *group)
{
	struct trace *mine = &trace[hvm_core()];

	(void)number;
	mine->group[mine->count++] = (uint8_t)(uintptr_t)group;
	spin(BURST);
}

static void order(const char *argument)
{
	struct hvm_group group[6];
	uint32_t tasks = 0;

	(void)argument;
	memset(trace, 0, sizeof(trace));
	for (uintptr_t i = 0; i < 6; i++)
		submit(&group[i], record, (void *)i, 300, &(struct hvm_group_options){.range = 3});
	for (int i = 0; i < 6; i++)
		CHECK_OK(hvm_group_wait(hvm, &group[i]));
	for (unsigned int core = 0; core < cores; core++) {
		for (uint32_t i = 1; i < trace[core].count; i++)
			CHECK(trace[core].group[i] >= trace[core].group[i - 1]);
		tasks += trace[core].count;
	}
	CHECK(tasks == 6 * 300);
}

#define LONG 2000

static uint32_t begun, begun_before; /* tasks of the first group; when the second one began */

static void begin_first(uint64_t number, void *argument)
{
	(void)number, (void)argument;
	__atomic_fetch_add(&begun, 1, __ATOMIC_RELAXED);
	spin(BURST);
}

static void begin_second(uint64_t number, void *argument)
{
	(void)argument;
	if (number == 0)
		begun_before = __atomic_load_n(&begun, __ATOMIC_RELAXED);
	spin(BURST);
}

static void await_gate(uint64_t number, void *value)
{
	(void)number;
	while (__atomic_load_n(&gate, __ATOMIC_ACQUIRE) != (uint32_t)(uintptr_t)value)
		;
}

static void open_gate(uint32_t value)
{
	__atomic_store_n(&gate, value, __ATOMIC_RELEASE);
}

/* A group that came later waits until the first has no task left to begin, unless that gives way. */
static void turns(const char *argument)
{
	(void)argument;
	for (uint32_t flags = 0; flags <= HVM_GROUP_TURNS; flags += HVM_GROUP_TURNS) {
		const struct hvm_group_options options = {.range = 1, .flags = flags};
		struct hvm_group all, first, second;

		begun = 0;
		open_gate(0);
		submit(&all, await_gate, (void *)1, cores, NULL);
		submit(&first, begin_first, NULL, LONG, &options);
		submit(&second, begin_second, NULL, 20, &options);
		open_gate(1);
		CHECK_OK(hvm_group_wait(hvm, &all));
		CHECK_OK(hvm_group_wait(hvm, &first));
		CHECK_OK(hvm_group_wait(hvm, &second));
		CHECK((begun_before < LONG - cores) == (flags != 0)); /* each core may have taken one, not begun */
	}
}

/* The queue has room for 64 of a process: what comes then waits, or is told so. */
static void full(const char *argument)
{
	static struct hvm_group group[80];
	const struct hvm_group_options no_wait = {.flags = HVM_GROUP_NO_WAIT};
	struct hvm_group all, late;
	unsigned int n = 0;

	(void)argument;
	open_gate(0);
	submit(&all, await_gate, (void *)2, cores, NULL);
	while (n < 80 && hvm_group_submit(hvm, &group[n], mark, ran, 10, &no_wait) == 0)
		n++;
	CHECK(n == 63);
	CHECK_ERROR(hvm_group_submit(hvm, &late, mark, ran, 10, &no_wait), -EAGAIN);
	CHECK(!hvm_group_poll(&all) && !hvm_group_poll(&group[0]));
	open_gate(2);
	submit(&late, mark, ran, 10, NULL);
	CHECK_OK(hvm_group_wait(hvm, &late));
	for (unsigned int i = 0; i < n; i++)
		CHECK_OK(hvm_group_wait(hvm, &group[i]));
	for (unsigned int i = 0; i < 10; i++)
		CHECK(ran[i] == n + 1);
	memset(ran, 0, sizeof(ran));
}

static void sleep_a_while(uint64_t number, void *us)
{
	(void)number;
	usleep((useconds_t)(uintptr_t)us);
}

static void event(const char *argument)
{
	struct hvm_group_options options = {.flags = HVM_GROUP_EVENT};
	struct pollfd polled = {.events = POLLIN};
	uint64_t raised;

	(void)argument;
	CHECK_OK(hvm_event_open(hvm, &options.event, &polled.fd));
	for (uintptr_t i = 0; i < 20; i++) {
		struct hvm_group group;

		CHECK(poll(&polled, 1, 0) == 0);
		submit(&group, sleep_a_while, (void *)(i % 2 * 3000), 2, &options);
		CHECK(poll(&polled, 1, 20000) == 1);
		CHECK(hvm_group_poll(&group));
		CHECK(read(polled.fd, &raised, sizeof(raised)) == sizeof(raised));
	}
	hvm_event_close(hvm, options.event);
	close(polled.fd);
}

static volatile uint64_t nowhere;

static void fail_some(uint64_t number, void *marks)
{
	if (number % 10 == 3)
		*(volatile uint64_t *)(nowhere + 24) = number;
	mark(number, marks);
}

/* What fails is told, and nothing else is lost. */
static void fault(const char *argument)
{
	struct hvm_pool_stats before, after;
	struct hvm_group group;

	(void)argument;
	CHECK_OK(hvm_pool_stats(hvm, &before));
	submit(&group, fail_some, ran, 1000, NULL);
	CHECK_ERROR(hvm_group_wait(hvm, &group), -EFAULT);
	CHECK(group.failed == 100 && group.first_failed % 10 == 3);
	CHECK(group.failure.signal == SIGSEGV && group.failure.address == 24);
	for (unsigned int i = 0; i < 1000; i++)
		CHECK(ran[i] == (i % 10 != 3));
	memset(ran, 0, sizeof(ran));
	CHECK_OK(hvm_pool_stats(hvm, &after));
	CHECK(after.tasks - before.tasks == 1000 && after.failed - before.failed == 100);
	CHECK(after.groups - before.groups == 1);
	once(NULL);
}

static void use_library(uint64_t number, void *sum)
{
	char *text = malloc(64 + number);

	snprintf(text, 64, "%lu", number);
	errno = 0;
	CHECK(close(-1) == -1 && errno == EBADF);
	__atomic_fetch_add((uint64_t *)sum, strtoul(text, NULL, 10), __ATOMIC_RELAXED);
	free(text);
}

static void library(const char *argument)
{
	uint64_t sum = 0;

	(void)argument;
	run(use_library, &sum, 500, NULL);
	CHECK(sum == 500 * 499 / 2);
}

static void refused(const char *argument)
{
	struct hvm_group group;

	(void)argument;
	CHECK_ERROR(hvm_group_submit(hvm, &group, mark, ran, 0, NULL), -EINVAL);
	CHECK_ERROR(hvm_group_submit(hvm, &group, mark, ran, 1ull << 31, NULL), -EINVAL);
	CHECK_ERROR(hvm_group_submit(hvm, &group, mark, ran, 5, &(struct hvm_group_options){.width = 65}), -EINVAL);
	CHECK_ERROR(hvm_group_submit(hvm, &group, mark, ran, 5, &(struct hvm_group_options){.flags = 0x8}), -EINVAL);
	CHECK_ERROR(hvm_group_submit(hvm, &group, mark, ran, 5, &(struct hvm_group_options){.flags = 1u << 31}),
		    -EINVAL);
	CHECK_ERROR(hvm_call(hvm, HVM_WORK(usleep, 1), NULL), -ENOTCONN);
	CHECK_ERROR(hvm_pool_join(hvm, 0), -EBUSY);
	CHECK_ERROR(hvm_attach(hvm, 1), -EBUSY);
}

static void check_child(pid_t child)
{
	int status;

	CHECK(waitpid(child, &status, 0) == child);
	CHECK_THAT(status == 0, "a child ended with status %#x", status);
}

static void forked(const char *argument)
{
	struct hvm_group group;
	pid_t child = fork();

	(void)argument;
	if (!child) {
		CHECK_ERROR(hvm_group_submit(hvm, &group, mark, ran, 5, NULL), -ENOTCONN);
		CHECK(hvm_pool_cores(hvm) == 0);
		join_pool();
		once(NULL);
		_exit(0);
	}
	once(NULL);
	check_child(child);
}

static void forever(uint64_t number, void *argument)
{
	(void)number, (void)argument;
	for (;;)
		__asm__ volatile("");
}

/* Its groups end when a process leaves; the last one leaves free cores. */
static void leave(const char *argument)
{
	struct hvm_group group, waiting;
	uint64_t result = 0;

	(void)argument;
	for (int i = 0; i < 3; i++) {
		submit(&group, forever, NULL, cores, NULL);
		submit(&waiting, mark, ran, 10, NULL);
		CHECK_OK(hvm_pool_leave(hvm));
		CHECK_ERROR(hvm_group_wait(hvm, &group), -ESHUTDOWN);
		CHECK_ERROR(hvm_group_wait(hvm, &waiting), -ESHUTDOWN);
		CHECK_ERROR(hvm_group_submit(hvm, &group, mark, ran, 10, NULL), -ENOTCONN);
		CHECK_ERROR(hvm_pool_leave(hvm), -ENOTCONN);
		CHECK_OK(hvm_attach(hvm, cores));
		CHECK_OK(hvm_call(hvm, HVM_WORK(hvm_core), &result));
		CHECK_OK(hvm_detach(hvm));
		CHECK_OK(hvm_pool_join(hvm, 0));
		CHECK(hvm_pool_cores(hvm) == cores);
	}
	once(NULL);
}

/* Several processes; what they share is mapped by all. */
struct common {
	uint32_t at_once, most;
	uint32_t ready;
	uint8_t ran[PROCESSES][EACH];
};
static struct common *common;

struct part_of {
	unsigned int process;
	uint64_t first;
};

static void mark_common(uint64_t number, void *argument)
{
	const struct part_of *part = argument;
	uint32_t now = __atomic_add_fetch(&common->at_once, 1, __ATOMIC_SEQ_CST), before = common->most;

	while (now > before &&
	       !__atomic_compare_exchange_n(&common->most, &before, now, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	__atomic_fetch_add(&common->ran[part->process][part->first + number], 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&common->at_once, 1, __ATOMIC_SEQ_CST);
}

/* Until it is killed. */
static _Noreturn void submit_more(void)
{
	for (;;)
		run(mark, ran, 100, NULL);
}

static _Noreturn void submit_share(unsigned int process, bool endless)
{
	static struct hvm_group group[GROUPS];
	static struct part_of part[GROUPS];

	join_pool();
	__atomic_fetch_add(&common->ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&common->ready, __ATOMIC_SEQ_CST) < PROCESSES)
		usleep(100);
	for (unsigned int i = 0; i < GROUPS; i++) {
		part[i] = (struct part_of){process, (uint64_t)i * EACH / GROUPS};
		submit(&group[i], mark_common, &part[i], EACH / GROUPS,
		       &(struct hvm_group_options){.range = 1 + i % 7});
	}
	for (unsigned int i = 0; i < GROUPS; i++)
		CHECK_OK(hvm_group_wait(hvm, &group[i]));
	if (endless)
		submit_more();
	_exit(0);
}

static uint64_t count_of(unsigned int process)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < EACH; i++) {
		CHECK_THAT(common->ran[process][i] <= 1, "task %u of process %u ran %u times", i, process,
			   common->ran[process][i]);
		count += common->ran[process][i];
	}
	return count;
}

static void start_processes(pid_t child[PROCESSES], bool first_is_endless)
{
	memset(common, 0, sizeof(*common));
	for (unsigned int i = 0; i < PROCESSES; i++)
		if (!(child[i] = fork()))
			submit_share(i, first_is_endless && i == 0);
}

/* The last of the pool has left it: all cores can be had. */
static void check_free(void)
{
	CHECK_OK(hvm_attach(hvm, cores));
	CHECK_OK(hvm_detach(hvm));
}

static void share(const char *argument)
{
	pid_t child[PROCESSES];

	(void)argument;
	start_processes(child, false);
	for (unsigned int i = 0; i < PROCESSES; i++)
		check_child(child[i]);
	for (unsigned int i = 0; i < PROCESSES; i++)
		CHECK(count_of(i) == EACH);
	CHECK(common->most <= cores);
	check_free();
}

static void kill_one(const char *argument)
{
	pid_t child[PROCESSES];
	int status;

	(void)argument;
	start_processes(child, true);
	while (!__atomic_load_n(&common->ran[0][EACH / 3], __ATOMIC_RELAXED))
		usleep(100);
	kill(child[0], SIGKILL);
	CHECK(waitpid(child[0], &status, 0) == child[0] && status == SIGKILL);
	for (unsigned int i = 1; i < PROCESSES; i++)
		check_child(child[i]);
	count_of(0);
	for (unsigned int i = 1; i < PROCESSES; i++)
		CHECK(count_of(i) == EACH);
	check_free();
}

/* Without a pool of their own beside the processes'. */
static void alone(void (*part)(const char *argument))
{
	CHECK_OK(hvm_pool_leave(hvm));
	part(NULL);
	CHECK_OK(hvm_pool_join(hvm, 0));
}

static void processes(const char *argument)
{
	(void)argument;
	alone(share);
}

static void killed(const char *argument)
{
	(void)argument;
	alone(kill_one);
}

int main(int argc, char **argv)
{
	static const struct part parts[] = {
	    {"once", once},	  {"list", list},     {"width", width}, {"gang", gang},		  {"order", order},
	    {"turns", turns},	  {"full", full},     {"event", event}, {"fault", fault},	  {"library", library},
	    {"refused", refused}, {"forked", forked}, {"leave", leave}, {"processes", processes}, {"killed", killed},
	};

	common = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(common != MAP_FAILED);
	join_pool();
	return RUN_PARTS(parts, argc, argv);
}
