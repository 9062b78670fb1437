/* SPDX-License-Identifier: Apache-2.0 */
#include <omp.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gang_threads.h"
#include "test.h"

static void outside_of_regions(void)
{
	CHECK_EQUAL(omp_get_num_threads(), 1);
	CHECK_EQUAL(omp_get_thread_num(), 0);
	CHECK_EQUAL(omp_get_max_threads(), CORES);
	CHECK_EQUAL(omp_get_num_procs(), CORES);
	CHECK_EQUAL(omp_in_parallel(), 0);
	CHECK_EQUAL(omp_get_level(), 0);
	CHECK_EQUAL(omp_get_team_size(0), 1);
	CHECK_EQUAL(omp_get_team_size(1), -1);
	CHECK_EQUAL(omp_get_ancestor_thread_num(-1), -1);
	CHECK_EQUAL(omp_get_num_devices(), 0);
	CHECK_EQUAL(omp_is_initial_device(), 1);
}

static void the_clock_goes_on(void)
{
	double before = omp_get_wtime();

	while (omp_get_wtime() <= before)
		;
	CHECK_EQUAL(omp_get_wtick() > 0 && omp_get_wtick() < 1, 1);
}

static void schedules_are_kept(void)
{
	omp_sched_t kind;
	int chunk;

	omp_set_schedule(omp_sched_guided, 12);
	omp_get_schedule(&kind, &chunk);
	CHECK_EQUAL(kind, omp_sched_guided);
	CHECK_EQUAL(chunk, 12);
	omp_set_schedule((omp_sched_t)99, 1);
	omp_get_schedule(&kind, &chunk);
	CHECK_EQUAL(kind, omp_sched_guided);
}

static void no_active_level_is_no_team(void)
{
	int count = 0;

	omp_set_max_active_levels(0);
#pragma omp parallel reduction(+ : count)
	count++;
	omp_set_max_active_levels(1);
	CHECK_EQUAL(count, 1);
}

extern int omp_get_max_threads_(void);
extern void omp_set_num_threads_(const int *);
extern void omp_set_num_threads_8_(const long *);

static void fortrans_names(void)
{
	int two = 2;
	long all = CORES;

	omp_set_num_threads_(&two);
	CHECK_EQUAL(omp_get_max_threads_(), 2);
	omp_set_num_threads_8_(&all);
	CHECK_EQUAL(omp_get_max_threads_(), CORES);
}

/* Run it in a child: it says @text on standard error, and aborts. */
static void refuses(void (*construct)(void), const char *text)
{
	char said[1024] = "";
	size_t size = 0;
	ssize_t got;
	int ends[2], status;
	pid_t child;

	if (pipe(ends))
		exit(1);
	fflush(stdout);
	child = fork();
	if (!child) {
		dup2(ends[1], 2);
		construct();
		_exit(0);
	}
	close(ends[1]);
	while ((got = read(ends[0], said + size, sizeof(said) - 1 - size)) > 0)
		size += (size_t)got;
	close(ends[0]);
	waitpid(child, &status, 0);
	CHECK_EQUAL(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, 1);
	if (!strstr(said, text)) {
		fprintf(stderr, "said: %s\n", said);
		exit(1);
	}
}

static void target(void)
{
	int x = 0;

#pragma omp target map(tofrom : x)
	x++;
}

static void doacross(void)
{
#pragma omp for ordered(1)
	for (int i = 0; i < 10; i++) {
#pragma omp ordered depend(sink : i - 1)
#pragma omp ordered depend(source)
	}
}

static void host_teams(void)
{
#pragma omp teams num_teams(2)
	(void)0;
}

static void task_reduction(void)
{
	int x = 0;

#pragma omp taskgroup task_reduction(+ : x)
	{
#pragma omp task in_reduction(+ : x)
		x++;
	}
}

static void reduced_taskloop(void)
{
	int x = 0;

#pragma omp taskloop reduction(+ : x)
	for (int i = 0; i < 10; i++)
		x++;
}

static void what_is_not_served_says_so(void)
{
	refuses(target, "a target construct");
	refuses(doacross, "doacross");
	refuses(host_teams, "a teams construct");
	refuses(task_reduction, "task_reduction");
	refuses(reduced_taskloop, "reduction");
}

void test_questions(void)
{
	RUN(outside_of_regions);
	RUN(the_clock_goes_on);
	RUN(schedules_are_kept);
	RUN(no_active_level_is_no_team);
	RUN(fortrans_names);
	RUN(what_is_not_served_says_so);
}
