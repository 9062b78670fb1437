/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hvm/types.h>

#include "native.h"

#define LIMIT_SECONDS 120

struct order {
	uint32_t index, rounds, ticket;
};

static uint32_t *begun; /* ticket of the order that the peer is about to do */
static uint32_t ticket;
static int orders[2];
static pid_t peer;

void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("CPU %d cannot be used: %s; allowed: the CPUs of taskset -p $$", cpu, strerror(errno));
}

static _Noreturn void work(const struct mechanism *const *mechanisms)
{
	struct order order;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_DFL);
	close(orders[1]);
	pin(cpu_of_peer);
	while (read(orders[0], &order, sizeof(order)) == sizeof(order)) {
		hvm_store_release(begun, order.ticket);
		mechanisms[order.index]->serve(order.rounds);
	}
	_exit(0);
}

/* Whoever polls for the other would poll for ever. */
static void give_up(int signal)
{
	static const char gone[] = "native-bench: the other process died\n";
	static const char late[] = "native-bench: not done within two minutes; is the machine busy?\n";

	if (signal == SIGALRM)
		(void)!write(STDERR_FILENO, late, sizeof(late) - 1);
	else
		(void)!write(STDERR_FILENO, gone, sizeof(gone) - 1);
	_exit(1);
}

void peer_start(const struct mechanism *const *mechanisms)
{
	begun = mmap(NULL, HVM_CACHE_LINE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (begun == MAP_FAILED || pipe(orders))
		die("no memory or no pipe: %s", strerror(errno));
	signal(SIGCHLD, give_up);
	signal(SIGALRM, give_up);
	alarm(LIMIT_SECONDS);
	peer = fork();
	if (peer < 0)
		die("no second process: %s", strerror(errno));
	if (peer == 0)
		work(mechanisms);
	close(orders[0]);
}

void peer_serve(unsigned int index, uint32_t rounds)
{
	struct order order = {.index = index, .rounds = rounds, .ticket = ++ticket};

	if (write(orders[1], &order, sizeof(order)) != sizeof(order))
		die("the other process takes no orders: %s", strerror(errno));
	while (hvm_load_acquire(begun) != order.ticket)
		;
}

void peer_stop(void)
{
	signal(SIGCHLD, SIG_DFL);
	close(orders[1]);
	waitpid(peer, NULL, 0);
}
