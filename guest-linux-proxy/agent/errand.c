/* SPDX-License-Identifier: Apache-2.0 */
/* What takes longer than the loop may wait is done by a child, which leaves its problem in a page that both see. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

#define ERRANDS_MAX 16

static struct errand {
	pid_t pid;
	uint32_t id;
	errand_answer *answer;
	char *problem;
	char partition[HVM_NAME_MAX];
} errands[ERRANDS_MAX];

static struct errand *free_errand(void)
{
	for (unsigned int i = 0; i < ERRANDS_MAX; i++)
		if (!errands[i].pid)
			return &errands[i];
	return NULL;
}

bool errand_start(uint32_t id, const char *partition, errand_work *work, const void *what, errand_answer *answer)
{
	struct errand *errand = free_errand();
	char *problem;
	pid_t pid;

	if (!errand)
		return false;
	problem = mmap(NULL, ERRAND_PROBLEM_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (problem == MAP_FAILED)
		return false;
	pid = fork();
	if (pid == 0)
		_exit(work(partition, what, problem));
	if (pid < 0) {
		munmap(problem, ERRAND_PROBLEM_MAX);
		return false;
	}
	*errand = (struct errand){.pid = pid, .id = id, .answer = answer, .problem = problem};
	snprintf(errand->partition, sizeof(errand->partition), "%s", partition);
	return true;
}

static void finish(struct worker *worker, struct errand *errand, int status)
{
	char problem[ERRAND_PROBLEM_MAX];

	snprintf(problem, sizeof(problem), "%.*s", ERRAND_PROBLEM_MAX - 1, errand->problem);
	munmap(errand->problem, ERRAND_PROBLEM_MAX);
	if (!WIFEXITED(status))
		request_problem(worker, errand->id, "what the agent began for it was killed");
	else if (WEXITSTATUS(status))
		request_problem(worker, errand->id, problem);
	else
		errand->answer(worker, errand->id, errand->partition);
}

bool errand_reaped(struct worker *worker, pid_t pid, int status)
{
	for (unsigned int i = 0; i < ERRANDS_MAX; i++) {
		struct errand errand = errands[i];

		if (errand.pid != pid)
			continue;
		errands[i].pid = 0;
		finish(worker, &errand, status);
		return true;
	}
	return false;
}
